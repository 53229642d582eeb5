/** Totals of a cart's lines for a delivery: the rules, with the tax and shipping tables filled in. */
import type { CartLineRow, CartRow } from '../cart.entity';
import { DEFAULT_METHOD, isShippingMethod, shippingPrice } from './shipping-table';
import { taxRate } from './tax-table';
import { computeTotals, type Totals } from './totals.rules';

/** What totals depend on besides the lines. */
export type DeliveryTerms = Pick<
  CartRow,
  'currencyCode' | 'taxIncluded' | 'countryCode' | 'taxRegion' | 'shippingMethod'
>;

/** Computes them. Without a method the default one counts; nothing to ship costs nothing to ship. */
export function totalsOf(terms: DeliveryTerms, lines: readonly Pick<CartLineRow, 'unitPrice' | 'quantity'>[]): Totals {
  const { countryCode, shippingMethod, currencyCode } = terms;
  const method = shippingMethod !== null && isShippingMethod(shippingMethod) ? shippingMethod : DEFAULT_METHOD;
  return computeTotals({
    lines: lines.map(({ unitPrice, quantity }) => ({ unitPrice, quantity, discount: 0n })),
    orderDiscount: 0n,
    delivery:
      countryCode === null
        ? null
        : {
            shipping: lines.length === 0 ? 0n : shippingPrice(countryCode, method, currencyCode),
            taxRate: taxRate(countryCode, terms.taxRegion),
          },
    taxIncluded: terms.taxIncluded,
  });
}
