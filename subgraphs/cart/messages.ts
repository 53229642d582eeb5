/** What the cart does for others. */
import { z } from 'zod';
import { bigintText, dateText, defineCommand } from '../../platform/commands/command';
import { PROMO_CODE_REASONS } from '../../platform/errors';

const image = z
  .object({
    url: z.string(),
    altText: z.string().nullable(),
    width: z.number().nullable(),
    height: z.number().nullable(),
  })
  .nullable();

const quotedLine = z.object({
  lineId: z.uuid(),
  variantId: z.uuid(),
  productId: z.uuid(),
  sku: z.string(),
  productName: z.string(),
  variantName: z.string(),
  image,
  quantity: z.number().int(),
  unitPrice: bigintText,
  discount: bigintText,
  total: bigintText,
  tax: bigintText,
});

const quote = z.object({
  cartId: z.uuid(),
  /** Owner of the cart, and so of the order. For a guest the cart's own id. */
  ownerKind: z.enum(['user', 'guest', 'client']),
  ownerId: z.uuid(),
  currencyCode: z.string(),
  lines: z.array(quotedLine).min(1),
  subtotal: bigintText,
  discount: bigintText,
  shipping: bigintText,
  tax: bigintText,
  total: bigintText,
  taxIncluded: z.boolean(),
  shippingMethod: z.string(),
  /**
   * Delivery address (AddressValue as JSON), sealed by platform/seal: never in clear outside its owner's memory. Empty once the cart
   * is spent: the order has it.
   */
  sealedAddress: z.string(),
  /** The codes that apply: the order holds a use of each. What shipping costs less is not in `discount`, but is in here. */
  promoCodes: z.array(z.object({ code: z.string(), discount: bigintText })).default([]),
  /** The newest price version among its prices; rises with every change of a price. */
  version: bigintText.default(0n),
  /** How long these prices are good for an order whose money has not been asked for; 1970 in quotes of old, which had no end. */
  expiresAt: dateText.default(new Date(0)),
});
/** What a cart costs now, with everything an order keeps of it. */
export type Quote = z.output<typeof quote>;

/**
 * Claims a cart for an order and prices it afresh. While claimed the cart can not be changed or claimed for another order.
 * The same order again gives the quote it got first, whatever has changed since. The caller's principal, or the guest's token,
 * must own the cart; else `notFound`.
 */
export const quoteCart = defineCommand({
  name: 'cart.quoteCart',
  version: 1,
  input: z.object({
    orderId: z.uuid(),
    /** Neither `cartId` nor `cartToken`: the caller's own cart. */
    cartId: z.uuid().nullable(),
    cartToken: z.string().nullable(),
    /** Replaces the cart's delivery address when given, as setCartDelivery would. */
    sealedAddress: z.string().nullable(),
    shippingMethod: z.string().nullable(),
  }),
  output: z.discriminatedUnion('outcome', [
    z.object({ outcome: z.literal('quoted'), quote }),
    z.object({ outcome: z.literal('notFound') }),
    z.object({ outcome: z.literal('empty') }),
    z.object({ outcome: z.literal('noAddress') }),
    z.object({ outcome: z.literal('badShippingMethod') }),
    /** Another order has claimed it, or it is spent. */
    z.object({ outcome: z.literal('claimed') }),
    /** Some lines can no longer be bought at all. */
    z.object({ outcome: z.literal('unavailable'), lines: z.array(z.object({ sku: z.string() })) }),
    /** Codes that the cart showed as applied no longer apply. Nothing is claimed; the cart now shows what it costs without them. */
    z.object({
      outcome: z.literal('promotionLost'),
      codes: z.array(z.object({ code: z.string(), reason: z.enum(PROMO_CODE_REASONS) })),
    }),
  ]),
});

/** Gives a claimed cart back to its owner, as it was. Idempotent. */
export const releaseCart = defineCommand({
  name: 'cart.releaseCart',
  version: 1,
  input: z.object({ orderId: z.uuid() }),
  output: z.object({}),
});

/** The order stands (confirmed or pending): the cart is spent, the owner's next cart is a new one, with what was saved. Idempotent. */
export const spendCart = defineCommand({
  name: 'cart.spendCart',
  version: 1,
  input: z.object({ orderId: z.uuid() }),
  output: z.object({}),
});

/** At login and registration: moves a guest cart's lines into the user's cart, in one transaction. Unknown tokens do nothing. */
export const mergeGuestCart = defineCommand({
  name: 'cart.mergeGuestCart',
  version: 1,
  input: z.object({ userId: z.uuid(), cartToken: z.string() }),
  output: z.object({ merged: z.boolean() }),
});
