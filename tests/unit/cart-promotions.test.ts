/** What promotion codes do to a cart: examples that can be checked by head, and all carts against an oracle. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { z } from 'zod';
import { quoteCart } from '../../subgraphs/cart/messages';
import { totalsOf, type CartTerms } from '../../subgraphs/cart/pricing/price-lines';
import { PROMOTION_KINDS } from '../../subgraphs/cart/promotions/promotion.entity';
import { applyPromotions, type Offer, type PricedLine } from '../../subgraphs/cart/promotions/promotions.rules';
import { quoteOf } from '../../subgraphs/cart/quote.rules';
import { rounded, spread, sum } from '../support/money-oracle';

const NOW = new Date('2026-11-27T12:00:00Z');
const later = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1_000);

const BARE: Offer = {
  ...{ id: randomUUID(), name: 'Test', kind: 'PERCENTAGE', percentage: null, amount: null, buyQuantity: null },
  ...{ code: 'CODE', getQuantity: null, currencyCode: 'USD', minimumSpend: null, productIds: [], variantIds: [] },
  ...{ startsAt: null, endsAt: null, perUserLimit: null, totalLimit: null, priority: 0, exclusive: false },
  ...{ active: true, used: 0, createdAt: NOW, usedByOwner: 0, held: false },
};
const percent = (code: string, percentage: number, part: Partial<Offer> = {}): Offer => ({ ...BARE, code, percentage, ...part }); // prettier-ignore
const off = (code: string, amount: bigint, part: Partial<Offer> = {}): Offer => ({ ...BARE, kind: 'FIXED_AMOUNT', code, amount, ...part }); // prettier-ignore
const free = (code: string, part: Partial<Offer> = {}): Offer => ({ ...BARE, kind: 'FREE_SHIPPING', code, ...part });
const buy = (code: string, buyQuantity: number, getQuantity: number, part: Partial<Offer> = {}): Offer => ({ ...BARE, kind: 'BUY_X_GET_Y', code, buyQuantity, getQuantity, ...part }); // prettier-ignore

const line = (unitPrice: bigint, quantity: number, variantId: string = randomUUID()): PricedLine => ({ unitPrice, quantity, variantId, productId: `of ${variantId}` }); // prettier-ignore
function apply(offers: Offer[], lines: PricedLine[], shipping: bigint | null = 500n) {
  const codes = offers.map(({ code }) => code);
  const result = applyPromotions({ codes, offers, lines, shipping, currencyCode: 'USD', now: NOW });
  return {
    shipping: result.shipping,
    lines: lines.map(({ variantId }) => result.lines.get(variantId)),
    codes: result.codes.map(({ code, applied, discount, reason }) => [code, applied ? discount : reason]),
  };
}

test('a percentage is rounded half to even once, and spread by largest remainder', () => {
  expect(apply([percent('A', 10)], [line(25n, 1)])).toMatchObject({ lines: [2n], codes: [['A', 2n]] });
  expect(apply([percent('A', 10)], [line(35n, 1)])).toMatchObject({ lines: [4n] });
  // 10 % of 1.00 x 3 + 0.05 is 30.5: 30, of which 29.508 and 0.491 are 30 and 0.
  expect(apply([percent('A', 10)], [line(100n, 3), line(5n, 1)])).toMatchObject({ lines: [30n, 0n] });
});

test('a fixed amount takes what there is, never more', () => {
  expect(apply([off('A', 101n)], [line(100n, 1, 'a'), line(100n, 1, 'b')])).toMatchObject({ lines: [51n, 50n] });
  expect(apply([off('A', 10_000n)], [line(100n, 1), line(7n, 3)])).toMatchObject({
    lines: [100n, 21n],
    codes: [['A', 121n]],
  });
});

test('free shipping is worth what shipping costs, nothing until that is known, and is given once', () => {
  expect(apply([free('A'), free('B')], [line(100n, 1)])).toEqual({
    shipping: 500n,
    lines: [0n],
    codes: [['A', 500n], ['B', 'NOT_APPLICABLE']], // prettier-ignore
  });
  expect(apply([free('A'), free('B')], [line(100n, 1)], null)).toMatchObject({
    shipping: 0n,
    codes: [['A', 0n], ['B', 'NOT_APPLICABLE']], // prettier-ignore
  });
});

test('of every X + Y units the Y cheapest are free', () => {
  const [dear, cheap] = [line(1_000n, 4, 'dear'), line(300n, 1, 'cheap')];
  expect(apply([buy('A', 2, 1)], [dear, cheap])).toMatchObject({ lines: [0n, 300n] });
  expect(apply([buy('A', 1, 1)], [dear, cheap])).toMatchObject({ lines: [1_000n, 300n] });
  expect(apply([buy('A', 5, 1)], [dear, cheap])).toMatchObject({ codes: [['A', 'NOT_APPLICABLE']] });
  expect(apply([buy('A', 1, 1, { variantIds: ['dear'] })], [dear, cheap])).toMatchObject({ lines: [2_000n, 0n] });
  // Half off first: the free unit is worth its half.
  expect(apply([percent('A', 50), buy('B', 1, 1, { priority: 1 })], [line(1_000n, 2)])).toMatchObject({
    codes: [['A', 1_000n], ['B', 500n]], // prettier-ignore
  });
});

test('by priority, then code: each takes from what the ones before have left', () => {
  const lines = [line(10_000n, 1)];
  const [ten, amount] = [percent('TEN', 10), off('OFF', 1_000n)];
  expect(apply([ten, amount], lines).codes).toEqual([['TEN', 900n], ['OFF', 1_000n]]); // prettier-ignore
  expect(apply([{ ...ten, priority: -1 }, amount], lines).codes).toEqual([['TEN', 1_000n], ['OFF', 1_000n]]); // prettier-ignore
  expect(apply([percent('ALL', 100), amount], lines).codes).toEqual([['ALL', 10_000n], ['OFF', 'NOT_APPLICABLE']]); // prettier-ignore
});

test('an exclusive one that applies stands alone; one that does not is in nobody’s way', () => {
  const lines = [line(10_000n, 1)];
  const [ten, alone] = [percent('TEN', 10), percent('ALONE', 5, { exclusive: true, priority: 9 })];
  expect(apply([ten, free('SHIP'), alone], lines)).toEqual({
    shipping: 0n,
    lines: [500n],
    codes: [['TEN', 'NOT_COMBINABLE'], ['SHIP', 'NOT_COMBINABLE'], ['ALONE', 500n]], // prettier-ignore
  });
  expect(apply([alone, percent('ALSO', 5, { exclusive: true, priority: 8 })], lines).codes).toEqual([
    ['ALONE', 'NOT_COMBINABLE'],
    ['ALSO', 500n],
  ]);
  expect(apply([ten, { ...alone, endsAt: NOW }], lines).codes).toEqual([['TEN', 1_000n], ['ALONE', 'EXPIRED']]); // prettier-ignore
});

test.each<[string, Partial<Offer>, unknown]>([
  ['inactive', { active: false }, 'NOT_FOUND'],
  ['starts in a second', { startsAt: later(1) }, 'NOT_STARTED'],
  ['starts now', { startsAt: NOW }, 100n],
  ['ends now', { endsAt: NOW }, 'EXPIRED'],
  ['ends in a second', { endsAt: later(1) }, 100n],
  ['used up', { totalLimit: 3, used: 3 }, 'USAGE_LIMIT'],
  ['one use left', { totalLimit: 3, used: 2 }, 100n],
  ['used up by the order of this cart', { totalLimit: 3, used: 3, perUserLimit: 1, usedByOwner: 1, held: true }, 100n],
  ['used up by the buyer', { perUserLimit: 2, usedByOwner: 2 }, 'USAGE_LIMIT'],
  ['one use of the buyer left', { perUserLimit: 2, usedByOwner: 1 }, 100n],
  ['per user, for a guest', { perUserLimit: 2, usedByOwner: null }, 'NOT_APPLICABLE'],
  ['for another variant', { variantIds: ['other'] }, 'NOT_APPLICABLE'],
  ['for this product', { productIds: ['of mug'], variantIds: ['other'] }, 100n],
  ['in another currency', { currencyCode: 'EUR' }, 'NOT_APPLICABLE'],
  ['a cent below the minimum', { minimumSpend: 1_001n }, 'MINIMUM_SPEND'],
  ['just the minimum', { minimumSpend: 1_000n }, 100n],
])('%s', (_, part, outcome) => {
  expect(apply([percent('A', 10, part)], [line(1_000n, 1, 'mug')]).codes).toEqual([['A', outcome]]);
});

test('a minimum counts what the code is for, before other discounts', () => {
  const lines = [line(500n, 1, 'mug'), line(5_000n, 1, 'lamp')];
  const [half, mug] = [percent('HALF', 50), off('MUG', 100n, { priority: 1, variantIds: ['mug'], minimumSpend: 500n })];
  expect(apply([half, mug], lines).codes).toEqual([['HALF', 2_750n], ['MUG', 100n]]); // prettier-ignore
  expect(apply([{ ...mug, minimumSpend: 501n }], lines).codes).toEqual([['MUG', 'MINIMUM_SPEND']]);
});

test('nothing in the cart: nothing applies; a code of no promotion is not found', () => {
  expect(apply([free('A'), percent('B', 10), off('C', 1n), buy('D', 1, 1)], []).codes).toEqual(
    ['A', 'B', 'C', 'D'].map((code) => [code, 'NOT_APPLICABLE']),
  );
  const { codes } = applyPromotions({
    ...{ codes: ['A'], offers: [], lines: [line(1n, 1)], shipping: null, currencyCode: 'USD', now: NOW },
  });
  expect(codes).toEqual([{ code: 'A', applied: false, discount: 0n, reason: 'NOT_FOUND' }]);
});

const VARIANTS = ['a', 'b', 'c', 'd', 'e', 'f'];
const lineArbitrary = fc.record({
  unitPrice: fc.oneof(fc.bigInt({ min: 0n, max: 400n }), fc.bigInt({ min: 0n, max: 10n ** 9n })),
  quantity: fc.integer({ min: 1, max: 30 }),
});
const linesArbitrary = fc
  .tuple(fc.shuffledSubarray(VARIANTS), fc.array(lineArbitrary, { minLength: 6, maxLength: 6 }))
  .map(([ids, parts]) => ids.map((id, index) => ({ ...parts[index]!, variantId: id, productId: `of ${id}` })));
const orNull = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: null, freq: 2 });
const offerArbitrary = fc
  .record({
    kind: fc.constantFrom(...PROMOTION_KINDS),
    percentage: fc.integer({ min: 1, max: 100 }),
    amount: fc.oneof(fc.bigInt({ min: 1n, max: 3_000n }), fc.bigInt({ min: 1n, max: 10n ** 10n })),
    buyQuantity: fc.integer({ min: 1, max: 4 }),
    getQuantity: fc.integer({ min: 1, max: 4 }),
    minimumSpend: orNull(fc.bigInt({ min: 1n, max: 9_000n })),
    variantIds: fc.oneof(fc.constant<string[]>([]), fc.subarray(VARIANTS)),
    productIds: fc.oneof(fc.constant<string[]>([]), fc.subarray(VARIANTS.map((id) => `of ${id}`))),
    startsAt: orNull(fc.constantFrom(later(-1), NOW, later(1))),
    endsAt: orNull(fc.constantFrom(later(-1), NOW, later(1))),
    totalLimit: orNull(fc.integer({ min: 1, max: 3 })),
    used: fc.integer({ min: 0, max: 3 }),
    perUserLimit: orNull(fc.integer({ min: 1, max: 3 })),
    priority: fc.integer({ min: 0, max: 2 }),
    exclusive: fc.boolean(),
    active: fc.constantFrom(true, true, true, false),
  })
  .map((part): Partial<Offer> => {
    const { percentage, amount, buyQuantity, getQuantity, ...rest } = part;
    if (part.kind === 'PERCENTAGE') return { ...rest, percentage };
    if (part.kind === 'FIXED_AMOUNT') return { ...rest, amount };
    return part.kind === 'BUY_X_GET_Y' ? { ...rest, buyQuantity, getQuantity } : rest;
  });
const given = fc.record({
  lines: linesArbitrary,
  offers: fc
    .tuple(fc.array(offerArbitrary, { maxLength: 5 }), fc.option(fc.integer({ min: 0, max: 3 }), { nil: null }))
    .map(([parts, usedByOwner]) => parts.map((part, index) => ({ ...BARE, ...part, code: `C${index}`, usedByOwner }))),
  place: fc.constantFrom(['US', 'CA', 599n, 7_250n] as const, ['DE', null, 1_499n, 19_000n] as const, null),
  taxIncluded: fc.boolean(),
});
type Given = typeof given extends fc.Arbitrary<infer Value> ? Value : never;

function termsOf({ offers, place, taxIncluded }: Given): CartTerms {
  return {
    ...{ id: 'cart', currencyCode: 'USD', taxIncluded, shippingMethod: null },
    ...{ countryCode: place?.[0] ?? null, taxRegion: place?.[1] ?? null },
    promoCodes: offers.map(({ code }) => ({ code, applied: false, discount: '0', reason: null })),
  };
}
const priced = (input: Given) =>
  totalsOf(termsOf(input), input.lines, { now: NOW, byCart: new Map([['cart', input.offers]]) });

/** The rules once more: units one by one, in words where the product has formulas. */
function oracle({ lines, offers, place, taxIncluded }: Given) {
  const left = new Map(lines.map(({ variantId, unitPrice, quantity }) => [variantId, unitPrice * BigInt(quantity)]));
  const ids = [...left.keys()].sort();
  const lineOf = (id: string) => lines.find(({ variantId }) => variantId === id)!;
  const outcome = new Map<string, bigint | string>();
  let shipping = place === null ? null : lines.length === 0 ? 0n : place[2];

  const meant = (offer: Offer): string[] => {
    const all = offer.productIds.length + offer.variantIds.length === 0;
    return ids.filter((id) => all || offer.variantIds.includes(id) || offer.productIds.includes(`of ${id}`));
  };
  const gift = (offer: Offer): Map<string, bigint> => {
    const targets = meant(offer);
    const weights = targets.map((id) => left.get(id)!);
    if (offer.kind === 'BUY_X_GET_Y') {
      const units = targets.flatMap((id) => Array.from({ length: lineOf(id).quantity }, () => id));
      units.sort((a, b) => Number(lineOf(a).unitPrice - lineOf(b).unitPrice) || (a < b ? -1 : a > b ? 1 : 0));
      let sets = 0;
      while ((sets + 1) * (offer.buyQuantity! + offer.getQuantity!) <= units.length) sets += 1;
      const given = units.slice(0, sets * offer.getQuantity!);
      return new Map(targets.map((id) => [id, rounded(left.get(id)! * BigInt(given.filter((unit) => unit === id).length), BigInt(lineOf(id).quantity))])); // prettier-ignore
    }
    const rest = sum(weights);
    const wanted = offer.kind === 'PERCENTAGE' ? rounded(rest * BigInt(offer.percentage!), 100n) : offer.amount!;
    const parts = spread(wanted > rest ? rest : wanted, weights);
    return new Map(targets.map((id, index) => [id, parts[index]!]));
  };
  const worth = (offer: Offer): boolean => offer.kind === 'FREE_SHIPPING' || sum([...gift(offer).values()]) > 0n;

  const candidates: Offer[] = [];
  for (const offer of [...offers].sort((a, b) => a.priority - b.priority || (a.code < b.code ? -1 : 1))) {
    const spent = sum(meant(offer).map((id) => lineOf(id).unitPrice * BigInt(lineOf(id).quantity)));
    const guest = offer.usedByOwner === null;
    if (!offer.active) outcome.set(offer.code, 'NOT_FOUND');
    else if (offer.startsAt && NOW < offer.startsAt) outcome.set(offer.code, 'NOT_STARTED');
    else if (offer.endsAt && NOW >= offer.endsAt) outcome.set(offer.code, 'EXPIRED');
    else if (offer.totalLimit !== null && offer.used >= offer.totalLimit) outcome.set(offer.code, 'USAGE_LIMIT');
    else if (offer.perUserLimit !== null && guest) outcome.set(offer.code, 'NOT_APPLICABLE');
    else if (offer.perUserLimit !== null && offer.usedByOwner! >= offer.perUserLimit)
      outcome.set(offer.code, 'USAGE_LIMIT'); // prettier-ignore
    else if (meant(offer).length === 0) outcome.set(offer.code, 'NOT_APPLICABLE');
    else if (offer.minimumSpend !== null && spent < offer.minimumSpend) outcome.set(offer.code, 'MINIMUM_SPEND');
    else candidates.push(offer);
  }
  const [alone] = candidates.filter((offer) => offer.exclusive && worth(offer));
  let shipped = false;
  for (const offer of candidates) {
    if (alone && alone !== offer) outcome.set(offer.code, 'NOT_COMBINABLE');
    else if (!worth(offer) || (offer.kind === 'FREE_SHIPPING' && shipped)) outcome.set(offer.code, 'NOT_APPLICABLE');
    else if (offer.kind === 'FREE_SHIPPING') {
      outcome.set(offer.code, shipping ?? 0n);
      shipping = shipping === null ? null : 0n;
      shipped = true;
    } else {
      const taken = gift(offer);
      for (const [id, amount] of taken) left.set(id, left.get(id)! - amount);
      outcome.set(offer.code, sum([...taken.values()]));
    }
  }
  const rate = place?.[3] ?? 0n;
  const tax = (amount: bigint): bigint => rounded(amount * rate, taxIncluded ? 100_000n + rate : 100_000n);
  const taxes = lines.map(({ variantId }) => (place === null ? null : tax(left.get(variantId)!)));
  const allTax = shipping === null ? null : sum(taxes.map((amount) => amount!)) + tax(shipping);
  const subtotal = sum(lines.map(({ unitPrice, quantity }) => unitPrice * BigInt(quantity)));
  const rest = sum([...left.values()]);
  return {
    lines: lines.map(({ variantId, unitPrice, quantity }, index) => ({
      discount: unitPrice * BigInt(quantity) - left.get(variantId)!,
      total: left.get(variantId)!,
      tax: taxes[index],
    })),
    ...{ subtotal, discount: subtotal - rest, shipping, tax: allTax },
    total: rest + (shipping ?? 0n) + (taxIncluded ? 0n : (allTax ?? 0n)),
    promoCodes: offers.map(({ code }) => {
      const result = outcome.get(code)!;
      return typeof result === 'bigint'
        ? { code, applied: true, discount: result.toString(), reason: null }
        : { code, applied: false, discount: '0', reason: result };
    }),
  };
}

const toRow = (part: PricedLine) => ({
  ...{ ...part, id: randomUUID(), cartId: 'cart', sku: 'SKU', productName: 'Mug', variantName: 'Blue', image: null },
  ...{ discount: 0n, total: 0n, priceVersion: 7n, saved: false },
});

test('a quote that was stored before there were codes, versions and ends can still be read', () => {
  const offers = { now: NOW, byCart: new Map() };
  const cart = { id: randomUUID(), currencyCode: 'USD', taxIncluded: false, countryCode: null, taxRegion: null };
  const owner = { ownerKind: 'user', ownerId: randomUUID(), priceVersion: 7n } as const;
  const delivery = { sealedAddress: 'sealed', countryCode: 'US', taxRegion: 'CA', shippingMethod: 'STANDARD' };
  const rows = [toRow(line(100n, 1))].map((row) => ({ ...row, productId: randomUUID() }));
  const quote = quoteOf(
    { ...cart, ...owner, shippingMethod: null, promoCodes: [] },
    delivery,
    rows,
    offers,
    later(900),
  );
  const stored = z.encode(quoteCart.output, { outcome: 'quoted', quote });
  expect(quoteCart.output.parse(stored)).toEqual({ outcome: 'quoted', quote });
  const { promoCodes, version, expiresAt, ...old } = stored.outcome === 'quoted' ? stored.quote : never();
  expect([promoCodes, version, expiresAt]).toEqual([[], '7', later(900).toISOString()]);
  expect(quoteCart.output.parse({ outcome: 'quoted', quote: old })).toEqual({
    outcome: 'quoted',
    quote: { ...quote, promoCodes: [], version: 0n, expiresAt: new Date(0) },
  });
});

function never(): never {
  throw new Error('not quoted');
}

test('every cart costs what the oracle computes', () => {
  fc.assert(
    fc.property(given, (input) => expect(priced(input)).toEqual(oracle(input))),
    { numRuns: 2_000 },
  );
});

test('the sums that clients rely on hold, also for the order made of it; the order of lines makes no difference', () => {
  fc.assert(
    fc.property(given, (input) => {
      const totals = priced(input);
      const { subtotal, discount, shipping, tax, total } = totals;
      totals.lines.forEach((result, index) => {
        const { unitPrice, quantity } = input.lines[index]!;
        expect(result.total).toBe(unitPrice * BigInt(quantity) - result.discount);
        expect(result.total >= 0n && result.discount >= 0n).toBe(true);
      });
      expect(sum(totals.lines.map((result) => result.total))).toBe(subtotal - discount);
      expect(total).toBe(subtotal - discount + (shipping ?? 0n) + (input.taxIncluded ? 0n : (tax ?? 0n)));
      const turned = priced({ ...input, lines: [...input.lines].reverse() });
      expect({ ...turned, lines: turned.lines.toReversed() }).toEqual(totals);

      if (input.place === null) return;
      const owner = { ownerKind: 'user', ownerId: randomUUID(), priceVersion: 7n } as const;
      const cart = { ...termsOf({ ...input, place: null }), ...owner };
      const delivery = { sealedAddress: 'sealed', countryCode: input.place[0], taxRegion: input.place[1], shippingMethod: 'STANDARD' }; // prettier-ignore
      const offers = { now: NOW, byCart: new Map([['cart', input.offers]]) };
      const quote = quoteOf(cart, delivery, input.lines.map(toRow), offers, NOW);
      expect(quote).toMatchObject({ subtotal, discount, shipping, tax, total, lines: totals.lines });
    }),
    { numRuns: 500 },
  );
});
