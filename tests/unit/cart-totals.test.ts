import fc from 'fast-check';
import { MAX_MINOR } from '../../platform/money';
import { computeTotals, isTooMuch, RATE_SCALE, type TotalsInput } from '../../subgraphs/cart/pricing/totals.rules';
import { rounded, sum } from '../support/money-oracle';

const amount = fc.bigInt({ min: 0n, max: 10n ** 12n });
const small = fc.bigInt({ min: 0n, max: 5_000n });
const line = fc.record({
  unitPrice: fc.oneof(amount, small),
  quantity: fc.integer({ min: 1, max: 9_999 }),
  discount: fc.oneof(fc.constant(0n), small, amount),
});
const input: fc.Arbitrary<TotalsInput> = fc.record({
  lines: fc.array(line, { maxLength: 12 }),
  delivery: fc.option(fc.record({ shipping: small, taxRate: fc.bigInt({ min: 0n, max: 30_000n }) }), { nil: null }),
  taxIncluded: fc.boolean(),
});

function oracle({ lines, delivery, taxIncluded }: TotalsInput) {
  const gross = lines.map(({ unitPrice, quantity }) => unitPrice * BigInt(quantity));
  const own = lines.map(({ discount }, index) => (discount > gross[index]! ? gross[index]! : discount));
  const totals = gross.map((value, index) => value - own[index]!);
  const tax = (value: bigint, rate: bigint): bigint =>
    rounded(value * rate, taxIncluded ? RATE_SCALE + rate : RATE_SCALE);
  const taxes = delivery && totals.map((value) => tax(value, delivery.taxRate));
  const allTax = delivery && taxes && sum(taxes) + tax(delivery.shipping, delivery.taxRate);
  return {
    lines: totals.map((total, index) => ({
      total,
      discount: own[index]!,
      tax: taxes ? taxes[index]! : null,
    })),
    subtotal: sum(gross),
    discount: sum(own),
    shipping: delivery ? delivery.shipping : null,
    tax: allTax,
    total: sum(totals) + (delivery?.shipping ?? 0n) + (taxIncluded ? 0n : (allTax ?? 0n)),
  };
}

test('totals are what the oracle computes', () => {
  fc.assert(
    fc.property(input, (given) => expect(computeTotals(given)).toEqual(oracle(given))),
    { numRuns: 500 },
  );
});

test('the sums that clients rely on hold, and no line is negative', () => {
  fc.assert(
    fc.property(input, (given) => {
      const { lines, subtotal, discount, shipping, tax, total } = computeTotals(given);
      lines.forEach((result, index) => {
        const { unitPrice, quantity } = given.lines[index]!;
        expect(result.total).toBe(unitPrice * BigInt(quantity) - result.discount);
        expect(result.total).toBeGreaterThanOrEqual(0n);
        expect(result.discount).toBeGreaterThanOrEqual(0n);
      });
      expect(sum(lines.map((result) => result.total))).toBe(subtotal - discount);
      expect(total).toBe(subtotal - discount + (shipping ?? 0n) + (given.taxIncluded ? 0n : (tax ?? 0n)));
    }),
    { numRuns: 500 },
  );
});

test('tax is rounded half to even, once a line and once for shipping', () => {
  const one = { quantity: 1, discount: 0n };
  const totals = computeTotals({
    lines: [
      { ...one, unitPrice: 50n },
      { ...one, unitPrice: 150n },
      { ...one, unitPrice: 50n },
    ],
    delivery: { shipping: 250n, taxRate: 1_000n },
    taxIncluded: false,
  });
  // 0.5 -> 0, 1.5 -> 2, 0.5 -> 0, shipping 2.5 -> 2; on the sum it would have been 5.
  expect(totals.lines.map(({ tax }) => tax)).toEqual([0n, 2n, 0n]);
  expect(totals.tax).toBe(4n);
  expect(totals.total).toBe(504n);
});

test('included tax is part of the total, not added to it', () => {
  const totals = computeTotals({
    lines: [{ unitPrice: 11_900n, quantity: 1, discount: 0n }],
    delivery: { shipping: 0n, taxRate: 19_000n },
    taxIncluded: true,
  });
  expect(totals).toMatchObject({ tax: 1_900n, total: 11_900n });
});

test('more than 10^12 minor units is too much, in subtotal or total', () => {
  expect(isTooMuch({ subtotal: MAX_MINOR, total: MAX_MINOR })).toBe(false);
  expect(isTooMuch({ subtotal: MAX_MINOR + 1n, total: 0n })).toBe(true);
  expect(isTooMuch({ subtotal: 0n, total: MAX_MINOR + 1n })).toBe(true);
});
