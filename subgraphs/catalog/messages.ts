/** What the catalog tells others and does for them. */
import { z } from 'zod';
import { defineEvent } from '../../platform/bus/event';
import { bigintText, dateText, defineCommand } from '../../platform/commands/command';

const variantSnapshot = z.object({
  variantId: z.uuid(),
  productId: z.uuid(),
  sku: z.string(),
  productName: z.string(),
  variantName: z.string(),
  /** Null: no picture. */
  image: z
    .object({
      url: z.string(),
      altText: z.string().nullable(),
      width: z.number().nullable(),
      height: z.number().nullable(),
    })
    .nullable(),
  unitPrice: bigintText,
  /** False: archived; can no longer be bought. */
  purchasable: z.boolean(),
});
/** A variant as carts and orders keep it. */
export type VariantSnapshot = z.output<typeof variantSnapshot>;

/** Units of variants, as many lines as an order can have. */
const orderedLines = z
  .array(z.object({ variantId: z.uuid(), quantity: z.number().int().min(1) }))
  .min(1)
  .max(200);

/** Prices and names of variants in one currency, in one statement. Unknown variants are absent from the answer. */
export const priceVariants = defineCommand({
  name: 'catalog.priceVariants',
  version: 1,
  input: z.object({ variantIds: z.array(z.uuid()).max(400), currencyCode: z.string() }),
  output: z.object({ variants: z.array(variantSnapshot) }),
});

/**
 * Reserves all lines or none, under the order's id; expires after the configured minutes by the database's clock. The same
 * order again gives the same answer, as long as the reservation stands; one that has expired is made anew.
 */
export const reserveStock = defineCommand({
  name: 'catalog.reserveStock',
  version: 1,
  input: z.object({ orderId: z.uuid(), lines: orderedLines }),
  output: z.discriminatedUnion('outcome', [
    /** `expiresAt` null: it is pinned already, and stands for good. */
    z.object({ outcome: z.literal('reserved'), expiresAt: dateText.nullable() }),
    z.object({
      outcome: z.literal('short'),
      lines: z.array(z.object({ variantId: z.uuid(), sku: z.string(), available: z.number().int() })),
    }),
  ]),
});

/** Pins the order's reservation, so that it no longer expires. `expired`: it has gone; reserve again. Idempotent. */
export const pinReservation = defineCommand({
  name: 'catalog.pinReservation',
  version: 1,
  input: z.object({ orderId: z.uuid() }),
  output: z.object({ outcome: z.enum(['pinned', 'expired']) }),
});

/**
 * Gives the order's stock back, whether reserved, pinned or sold (it was cancelled before shipment). Idempotent; unknown orders
 * are fine. An order once released can not be reserved again: reserveStock answers with the error CONFLICT.
 */
export const releaseReservation = defineCommand({
  name: 'catalog.releaseReservation',
  version: 1,
  input: z.object({ orderId: z.uuid() }),
  output: z.object({}),
});

/**
 * Puts units that a buyer has sent back into the stock. Idempotent by the return's id. `pending`: the order's units have not
 * left the stock yet (its confirmation is still under way); send it again later.
 */
export const restockReturn = defineCommand({
  name: 'catalog.restockReturn',
  version: 1,
  input: z.object({ orderId: z.uuid(), returnId: z.uuid(), lines: orderedLines }),
  output: z.object({ outcome: z.enum(['restocked', 'pending']) }),
});

/** A product or one of its variants changed (created, edited, archived, other price): caches and cart snapshots are out of date. */
export const productChanged = defineEvent({
  name: 'catalog.productChanged',
  version: 1,
  payload: z.object({ productId: z.uuid(), variantIds: z.array(z.uuid()).max(100) }),
});
