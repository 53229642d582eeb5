/** What an order keeps of a cart. Pure. */
import type { CartLineRow, CartRow } from './cart.entity';
import type { Quote } from './messages';
import { totalsOf } from './pricing/price-lines';

/** Where to and how an order is shipped. */
export interface SettledDelivery {
  sealedAddress: string;
  countryCode: string;
  taxRegion: string | null;
  shippingMethod: string;
}

/** The quote of a cart for a delivery, which need not be the cart's own, with each line's share of discount and tax. */
export function quoteOf(cart: CartRow, delivery: SettledDelivery, lines: readonly CartLineRow[]): Quote {
  const { currencyCode, taxIncluded } = cart;
  const totals = totalsOf({ ...delivery, currencyCode, taxIncluded }, lines);
  return {
    cartId: cart.id,
    ownerKind: cart.ownerKind,
    ownerId: cart.ownerId,
    currencyCode,
    lines: lines.map((line, index) => ({
      lineId: line.id,
      variantId: line.variantId,
      productId: line.productId,
      sku: line.sku,
      productName: line.productName,
      variantName: line.variantName,
      image: line.image,
      quantity: line.quantity,
      unitPrice: line.unitPrice,
      discount: totals.lines[index]?.discount ?? 0n,
      total: totals.lines[index]?.total ?? 0n,
      tax: totals.lines[index]?.tax ?? 0n,
    })),
    subtotal: totals.subtotal,
    discount: totals.discount,
    shipping: totals.shipping ?? 0n,
    tax: totals.tax ?? 0n,
    total: totals.total,
    taxIncluded,
    shippingMethod: delivery.shippingMethod,
    sealedAddress: delivery.sealedAddress,
  };
}
