/** What payments tells others and does for them. */
import { z } from 'zod';
import { defineEvent } from '../../platform/bus/event';
import { bigintText, defineCommand } from '../../platform/commands/command';

/**
 * Authorizes an order's total, once for each order: the same order again gives the outcome so far and never charges twice.
 * `pending`: the provider is slow, down or in doubt; send it again later (the payment is looked up before it is retried).
 * The principal and owner are stored with the payment.
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
    token: z.string().max(255),
  }),
  output: z.discriminatedUnion('outcome', [
    z.object({ outcome: z.literal('authorized') }),
    z.object({ outcome: z.literal('declined'), reason: z.string().nullable() }),
    z.object({ outcome: z.literal('unknownToken') }),
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
