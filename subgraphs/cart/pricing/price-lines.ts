/** Totals of a cart's lines for a delivery: the rules, with the tax and shipping tables filled in. */
import type { CartLineRow, CartRow, PromoCode } from '../cart.entity';
import type { Offers } from '../promotions/find-offers';
import { applyPromotions } from '../promotions/promotions.rules';
import { DEFAULT_METHOD, isShippingMethod, shippingPrice } from './shipping-table';
import { taxRate } from './tax-table';
import { computeTotals, type Totals } from './totals.rules';

/** What totals depend on besides the lines and promotions. */
export type CartTerms = Pick<
  CartRow,
  'id' | 'currencyCode' | 'taxIncluded' | 'countryCode' | 'taxRegion' | 'shippingMethod' | 'promoCodes'
>;

/**
 * Computes them, and what becomes of each code. Without a method the default one counts; nothing to ship costs nothing to ship.
 */
export function totalsOf(
  terms: CartTerms,
  lines: readonly Pick<CartLineRow, 'variantId' | 'productId' | 'unitPrice' | 'quantity'>[],
  offers: Offers,
): Totals & { promoCodes: PromoCode[] } {
  const { countryCode, shippingMethod, currencyCode } = terms;
  const method = shippingMethod !== null && isShippingMethod(shippingMethod) ? shippingMethod : DEFAULT_METHOD;
  const shipping =
    countryCode === null ? null : lines.length === 0 ? 0n : shippingPrice(countryCode, method, currencyCode);
  const reductions = applyPromotions({
    codes: terms.promoCodes.map(({ code }) => code),
    offers: offers.byCart.get(terms.id) ?? [],
    ...{ lines, shipping, currencyCode, now: offers.now },
  });
  const totals = computeTotals({
    lines: lines.map(({ variantId, unitPrice, quantity }) => {
      return { unitPrice, quantity, discount: reductions.lines.get(variantId) ?? 0n };
    }),
    delivery:
      countryCode === null || shipping === null
        ? null
        : { shipping: shipping - reductions.shipping, taxRate: taxRate(countryCode, terms.taxRegion) },
    taxIncluded: terms.taxIncluded,
  });
  const promoCodes = reductions.codes.map(({ discount, ...code }) => ({ ...code, discount: discount.toString() }));
  return { ...totals, promoCodes };
}
