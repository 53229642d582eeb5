/** What orders tells others and does for them. */
import { z } from 'zod';
import { defineEvent } from '../../platform/bus/event';
import { bigintText, dateText, defineCommand } from '../../platform/commands/command';

/** Statuses of an order, in the order of its life. */
export const ORDER_STATUSES = [
  'PENDING',
  'CONFIRMED',
  'PROCESSING',
  'SHIPPED',
  'DELIVERED',
  'CANCELLED',
  'RETURNED',
] as const;
/** One of {@link ORDER_STATUSES}. */
export type OrderStatus = (typeof ORDER_STATUSES)[number];

const lines = z.array(z.object({ variantId: z.uuid(), productId: z.uuid(), quantity: z.number().int() }));

/** An order stands: paid for and its stock pinned. Sets off e-mail, stock to sold, fulfilment, recommendations. */
export const orderConfirmed = defineEvent({
  name: 'orders.orderConfirmed',
  version: 1,
  payload: z.object({
    orderId: z.uuid(),
    ownerKind: z.enum(['user', 'guest', 'client']),
    ownerId: z.uuid(),
    lines,
  }),
});

/** An order's status moved; the aggregate version is the order's event sequence. */
export const orderStatusChanged = defineEvent({
  name: 'orders.orderStatusChanged',
  version: 1,
  payload: z.object({ orderId: z.uuid(), status: z.enum(ORDER_STATUSES) }),
});

/** What a mail about an order has to say. Personal parts are sealed. */
export const describeOrder = defineCommand({
  name: 'orders.describeOrder',
  version: 1,
  input: z.object({ orderId: z.uuid() }),
  output: z.object({
    order: z
      .object({
        orderId: z.uuid(),
        number: z.string(),
        ownerKind: z.enum(['user', 'guest', 'client']),
        ownerId: z.uuid(),
        /** A guest's address, sealed; null for users, whose address accounts knows. */
        sealedEmail: z.string().nullable(),
        /** A guest's order token, sealed; null for users. */
        sealedToken: z.string().nullable(),
        placedAt: dateText,
        currencyCode: z.string(),
        total: bigintText,
        lines: z.array(
          z.object({
            productName: z.string(),
            variantName: z.string(),
            sku: z.string(),
            quantity: z.number().int(),
            total: bigintText,
          }),
        ),
      })
      .nullable(),
  }),
});
