/** What an order keeps of a cart. Pure. */
import type { PromoCodeReason } from '../../platform/errors';
import type { CartLineRow, CartRow, PromoCode } from './cart.entity';
import type { Quote } from './messages';
import { totalsOf, type CartTerms } from './pricing/price-lines';
import type { Offers } from './promotions/find-offers';

/** Where to and how an order is shipped. */
export interface SettledDelivery {
  sealedAddress: string;
  countryCode: string;
  taxRegion: string | null;
  shippingMethod: string;
}

/**
 * The quote of a priced cart for a delivery, which need not be the cart's own, with each line's share of discount and tax. It is good
 * until `expiresAt`.
 */
export function quoteOf(
  cart: CartTerms & Pick<CartRow, 'ownerKind' | 'ownerId' | 'priceVersion'>,
  delivery: SettledDelivery,
  lines: readonly CartLineRow[],
  offers: Offers,
  expiresAt: Date,
): Quote {
  const { currencyCode, taxIncluded } = cart;
  const totals = totalsOf({ ...cart, ...delivery }, lines, offers);
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
    promoCodes: totals.promoCodes.flatMap(({ code, applied, discount }) =>
      applied ? [{ code, discount: BigInt(discount) }] : [],
    ),
    version: cart.priceVersion,
    expiresAt,
  };
}

/** Codes that the cart showed as applied and that no longer are: its buyer counts on a discount there is no more. */
export function lostCodes(
  shown: readonly PromoCode[],
  now: readonly PromoCode[],
): { code: string; reason: PromoCodeReason }[] {
  const counted = new Set(shown.filter(({ applied }) => applied).map(({ code }) => code));
  return now.flatMap(({ code, reason }) => (reason !== null && counted.has(code) ? [{ code, reason }] : []));
}
