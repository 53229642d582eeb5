/** What payments tells others and does for them. */
import { z } from 'zod';
import { defineEvent } from '../../platform/bus/event';
import { bigintText, dateText, defineCommand } from '../../platform/commands/command';

/** Reason of a decline: the buyer did not approve the payment in time. */
export const ACTION_EXPIRED = 'action_expired';

/**
 * Authorizes an order's total, once for each order: the same order again gives the outcome so far and never charges twice.
 * `pending`: the provider is slow, down or in doubt; send it again later (the payment is looked up before it is retried).
 * Paid with a token or with a saved card of the owner's; one that is not there is `unknownToken`. The owner is stored with the payment.
 */
export const authorizePayment = defineCommand({
  name: 'payments.authorizePayment',
  version: 1,
  input: z.object({
    orderId: z.uuid(),
    ownerKind: z.enum(['user', 'guest', 'client']),
    ownerId: z.uuid(),
    amount: bigintText,
    currencyCode: z.string(),
    /** The provider's single-use token for the card; never the card itself. */
    token: z.string().max(255).nullable(),
    /** Instead of a token: a payment method that the owner has saved. */
    methodId: z.uuid().nullable().default(null),
  }),
  output: z.discriminatedUnion('outcome', [
    z.object({ outcome: z.literal('authorized') }),
    z.object({ outcome: z.literal('declined'), reason: z.string().nullable() }),
    z.object({ outcome: z.literal('unknownToken') }),
    /** The buyer has to approve it there first (3-D Secure); asked again it says what became of it. */
    z.object({ outcome: z.literal('requiresAction'), url: z.string(), expiresAt: dateText.nullable() }),
    z.object({ outcome: z.literal('pending') }),
  ]),
});

/** Captures the whole authorized total of an order, once. Idempotent. */
export const capturePayment = defineCommand({
  name: 'payments.capturePayment',
  version: 1,
  input: z.object({ orderId: z.uuid() }),
  output: z.discriminatedUnion('outcome', [
    z.object({ outcome: z.literal('captured') }),
    z.object({ outcome: z.literal('failed'), reason: z.string().nullable() }),
  ]),
});

/**
 * Undoes an order's payment: voids the authorization, or refunds what was captured and not yet refunded. Idempotent; an order
 * without payment is fine, and none can be authorized for it afterwards. `pending`: the provider is down; send it again.
 */
export const reversePayment = defineCommand({
  name: 'payments.reversePayment',
  version: 1,
  input: z.object({ orderId: z.uuid() }),
  output: z.object({ outcome: z.enum(['reversed', 'pending']) }),
});

/**
 * Gives back money for units that were returned, once for each return: its id is the refund's. `failed`: more than is left of
 * what was captured, or the provider refused; it stays so. `pending`: the provider gave no answer; send it again.
 */
export const refundReturn = defineCommand({
  name: 'payments.refundReturn',
  version: 1,
  input: z.object({ orderId: z.uuid(), returnId: z.uuid(), amount: bigintText }),
  output: z.object({ outcome: z.enum(['refunded', 'failed', 'pending']) }),
});

/** Largest body of a webhook, in bytes. */
export const LARGEST_WEBHOOK = 65_536;

/**
 * A webhook of a payment provider, as it came. `stored`: it is from the provider and will be applied, now or once its
 * payment is known; the same event again is stored already. `refused`: forged, or too old. Idempotent by the event's id.
 */
export const receiveWebhook = defineCommand({
  name: 'payments.receiveWebhook',
  version: 1,
  input: z.object({
    /** Last part of the address it was sent to. */
    provider: z.string(),
    /** The exact text: the signature is over it. */
    body: z.string().max(LARGEST_WEBHOOK),
    /** Those whose name ends in `-signature`, in lower case. */
    headers: z.record(z.string(), z.string()),
  }),
  output: z.object({ outcome: z.enum(['stored', 'refused', 'unknownProvider']) }),
});

/** Where an order's money stands, after each change of its payment; the aggregate is the payment. */
export const paymentChanged = defineEvent({
  name: 'payments.paymentChanged',
  version: 1,
  payload: z.object({
    orderId: z.uuid(),
    paymentId: z.uuid(),
    /** For the order's paymentStatus. */
    status: z.enum(['PENDING', 'AUTHORIZED', 'PAID', 'PARTIALLY_REFUNDED', 'REFUNDED', 'VOIDED', 'FAILED']),
  }),
});
