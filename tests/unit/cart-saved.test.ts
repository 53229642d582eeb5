import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { UserFault } from '../../platform/errors';
import { CartState } from '../../subgraphs/cart/cart-state';
import { CartRow, type CartLineRow } from '../../subgraphs/cart/cart.entity';
import { moveLine } from '../../subgraphs/cart/put-lines';
import { sum } from '../support/money-oracle';

const OFFERS = { now: new Date(0), byCart: new Map() };
const VARIANTS = ['a', 'b', 'c'];
const line = fc.record({
  variant: fc.nat({ max: VARIANTS.length - 1 }),
  saved: fc.boolean(),
  quantity: fc.integer({ min: 1, max: 9_999 }),
  unitPrice: fc.bigInt({ min: 0n, max: 10n ** 9n }),
});
const lines = fc.uniqueArray(line, { maxLength: 6, selector: ({ variant, saved }) => `${variant} ${saved}` });
const moves = fc.array(fc.record({ index: fc.nat({ max: 5 }), saved: fc.boolean() }), { maxLength: 8 });

function stateOf(given: readonly { variant: number; saved: boolean; quantity: number; unitPrice: bigint }[]) {
  const cart = { promoCodes: [], countryCode: 'US', taxRegion: 'CA', currencyCode: 'USD', taxIncluded: false };
  const shown = { productId: randomUUID(), sku: 'SKU', productName: 'Mug', variantName: 'Blue', image: null };
  const rows = given.map(({ variant, ...part }): CartLineRow => {
    const variantId = VARIANTS[variant]!;
    return {
      ...shown,
      ...part,
      id: randomUUID(),
      cartId: 'cart',
      variantId,
      discount: 0n,
      total: 0n,
      priceVersion: 1n,
    };
  });
  return new CartState(Object.assign(new CartRow(), cart, { shippingMethod: null, priceVersion: 0n }), rows);
}

/** Units by variant, wherever they are. */
const unitsOf = (state: CartState): number[] =>
  VARIANTS.map((id) =>
    state.allLines.filter(({ variantId }) => variantId === id).reduce((units, { quantity }) => units + quantity, 0),
  );

test('moving keeps every unit, joins by variant within the limit of a line, and refuses without a change', () => {
  fc.assert(
    fc.property(lines, moves, (given, steps) => {
      const state = stateOf(given);
      const units = unitsOf(state);
      for (const { index, saved } of steps) {
        const before = structuredClone(state.allLines);
        const moved = before[index];
        if (!moved) continue;
        try {
          moveLine(state, moved.id, saved);
          expect(state.lineOf(moved.variantId, saved)).toBeDefined();
          if (moved.saved !== saved) expect(state.lineOf(moved.variantId, moved.saved)).toBeUndefined();
        } catch (error) {
          expect(error).toBeInstanceOf(UserFault);
          const there = before.find((one) => one.variantId === moved.variantId && one.saved === saved);
          expect(moved.quantity + (there?.quantity ?? 0)).toBeGreaterThan(9_999);
          expect(state.allLines).toEqual(before);
        }
        expect(unitsOf(state)).toEqual(units);
        const places = state.allLines.map((one) => `${one.variantId} ${one.saved}`);
        expect(new Set(places).size).toBe(places.length);
      }
    }),
    { numRuns: 500 },
  );
});

test('a cart costs what it costs without its saved lines; those are priced without a discount', () => {
  fc.assert(
    fc.property(lines, (given) => {
      const state = stateOf(given);
      const alone = stateOf(given.filter(({ saved }) => !saved));
      state.price(OFFERS);
      alone.price(OFFERS);
      expect(state.cart).toEqual(alone.cart);
      expect(state.cart.subtotal).toBe(sum(state.lines.map(({ total }) => total)));
      for (const { total, discount, unitPrice, quantity } of state.linesThat(true)) {
        expect({ total, discount }).toEqual({ total: unitPrice * BigInt(quantity), discount: 0n });
      }
    }),
    { numRuns: 500 },
  );
});
