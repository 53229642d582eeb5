/** The rules of orders: the state machine, checkout's table, cancellation, parcels, cursors. */
import fc from 'fast-check';
import { allocate } from '../../platform/money';
import { toCursor, fromCursor } from '../../subgraphs/orders/event-cursor';
import { cancellableUntil, mayBeCancelled } from '../../subgraphs/orders/cancellation.rules';
import { draftSchema } from '../../subgraphs/orders/checkout/checkout.entity';
import {
  CHECKOUT,
  FIRST_FACTS,
  isOwed,
  nextStep,
  retryDelayMs,
  type CheckoutFacts,
  type Step,
} from '../../subgraphs/orders/checkout/checkout.rules';
import { ownerOf } from '../../subgraphs/orders/checkout/owner.rules';
import { ORDER_STATUSES, type OrderStatus } from '../../subgraphs/orders/messages';
import { costOf, returnableUnits, returnableUntil } from '../../subgraphs/orders/returns/returns.rules';
import { passes } from '../../subgraphs/orders/list-orders.rules';
import { newOrderNumber, parseOrderNumber } from '../../subgraphs/orders/order-number';
import { mayBecome, TRANSITIONS } from '../../subgraphs/orders/order-status.rules';
import {
  newsMoves,
  ORDER_PAYMENT_STATUSES,
  paymentMoves,
  waitsForBuyer,
} from '../../subgraphs/orders/payment-status.rules';
import { estimatedDelivery, isLastParcel, trackingUrl, unitsLeft } from '../../subgraphs/orders/shipping.rules';

describe('state machine', () => {
  /** The state machine, written out a second time. */
  const TABLE: Record<OrderStatus, OrderStatus[]> = {
    PENDING: ['CONFIRMED', 'CANCELLED'],
    CONFIRMED: ['PROCESSING', 'CANCELLED'],
    PROCESSING: ['SHIPPED', 'CANCELLED'],
    SHIPPED: ['DELIVERED', 'RETURNED'],
    DELIVERED: ['RETURNED'],
    CANCELLED: [],
    RETURNED: [],
  };

  test('allows what the requirements say, and nothing else', () => {
    for (const from of ORDER_STATUSES) {
      for (const to of ORDER_STATUSES)
        expect([from, to, mayBecome(from, to)]).toEqual([from, to, TABLE[from].includes(to)]);
    }
  });

  test('every life ends, never comes back to where it was, and never ships what was cancelled', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (choices) => {
        const life: OrderStatus[] = ['PENDING'];
        for (const choice of choices) {
          const open = TRANSITIONS.filter(({ from }) => from === life.at(-1));
          if (open.length === 0) break;
          life.push(open[choice % open.length]!.to);
        }
        expect(new Set(life).size).toBe(life.length);
        expect(['CANCELLED', 'RETURNED']).toContain(life.at(-1));
        if (life.includes('CANCELLED')) expect(life).not.toContain('SHIPPED');
      }),
    );
  });
});

describe('checkout', () => {
  const soon = new Date(2_000);
  const now = new Date(1_000);

  test('steps in their order when all goes well', () => {
    const steps: (Step | null)[] = [];
    const facts: CheckoutFacts = { ...FIRST_FACTS };
    const then = (change: Partial<CheckoutFacts>): void => {
      steps.push(nextStep(facts, now));
      Object.assign(facts, change);
    };
    then({ cart: 'claimed', stock: 'asked' });
    then({ stock: 'reserved', reservedUntil: soon, payment: 'asked' });
    then({ payment: 'authorized', placed: true });
    then({ stock: 'pinned', reservedUntil: null });
    then({ cart: 'spent' });
    expect([...steps, nextStep(facts, now)]).toEqual(['quote', 'reserve', 'authorize', 'pin', 'spend', null]);
    expect(undo({ ...facts, direction: 'back' })).toEqual(['reverse payment', 'release stock']);
  });

  /** Everything that is taken back, in order. */
  function undo(facts: CheckoutFacts): Step[] {
    const DONE: Partial<Record<Step, Partial<CheckoutFacts>>> = {
      'reverse payment': { payment: 'reversed' },
      'release stock': { stock: 'released', reservedUntil: null },
      'release cart': { cart: 'released' },
      spend: { cart: 'spent' },
    };
    const steps: Step[] = [];
    for (let step = nextStep(facts, now); step !== null; step = nextStep(facts, now)) {
      steps.push(step);
      const done = DONE[step];
      if (!done || steps.length > CHECKOUT.length) throw new Error(`going back does ${step}`);
      facts = { ...facts, ...done };
    }
    return steps;
  }

  const anyFacts: fc.Arbitrary<CheckoutFacts> = fc.record({
    direction: fc.constant('back' as const),
    cart: fc.constantFrom('asked', 'claimed', 'spent', 'released'),
    stock: fc.constantFrom('none', 'asked', 'reserved', 'pinned', 'released'),
    reservedUntil: fc.constantFrom(null, soon),
    payment: fc.constantFrom('none', 'asked', 'pending', 'waiting', 'authorized', 'declined', 'reversed'),
    placed: fc.boolean(),
  });

  test('going back gives back whatever may be held, the last thing first, and ends', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const steps = undo(facts);
        expect(steps.includes('reverse payment')).toBe(
          ['asked', 'pending', 'waiting', 'authorized'].includes(facts.payment),
        );
        expect(steps.includes('release stock')).toBe(['asked', 'reserved', 'pinned'].includes(facts.stock));
        expect(steps.includes('release cart')).toBe(!facts.placed && ['asked', 'claimed'].includes(facts.cart));
        const order = ['spend', 'reverse payment', 'release stock', 'release cart'];
        expect(steps).toEqual(order.filter((step) => steps.some((taken) => taken === step)));
      }),
    );
  });

  test('a service that is down does not keep the others from being given back', () => {
    const facts: CheckoutFacts = {
      ...FIRST_FACTS,
      direction: 'back',
      stock: 'reserved',
      payment: 'pending',
      cart: 'claimed',
    };
    expect(nextStep(facts, now, new Set(['reverse payment']))).toBe('release stock');
  });

  test('a reservation that has lapsed comes before everything else', () => {
    const waiting: CheckoutFacts = {
      ...FIRST_FACTS,
      cart: 'spent',
      stock: 'reserved',
      payment: 'pending',
      placed: true,
      reservedUntil: soon,
    };
    expect(nextStep(waiting, now)).toBe('settle');
    expect(nextStep(waiting, soon)).toBe('reserve');
    expect(nextStep(waiting, soon, new Set(['reserve']))).toBeNull();
    expect(nextStep({ ...waiting, payment: 'authorized' }, soon, new Set(['reserve']))).toBeNull();
  });

  test('a payment that waits for its buyer is asked about like one in doubt, and pinned when it is approved', () => {
    const waiting: CheckoutFacts = {
      ...FIRST_FACTS,
      cart: 'spent',
      stock: 'reserved',
      payment: 'waiting',
      placed: true,
    };
    expect(nextStep({ ...waiting, reservedUntil: soon }, now)).toBe('settle');
    expect(nextStep({ ...waiting, reservedUntil: now }, now)).toBe('reserve');
    expect(nextStep({ ...waiting, reservedUntil: soon, payment: 'authorized' }, now)).toBe('pin');
    expect(undo({ ...waiting, direction: 'back' })).toEqual(['reverse payment', 'release stock']);
  });

  test('is owed from the moment the money is asked for', () => {
    expect(isOwed({ ...FIRST_FACTS, cart: 'claimed', stock: 'reserved' })).toBe(false);
    expect(isOwed({ ...FIRST_FACTS, payment: 'asked' })).toBe(true);
  });

  test('is tried again ever more rarely, but never more rarely than every 8 seconds', () => {
    expect([0, 1, 2, 3, 4, 50].map(retryDelayMs)).toEqual([1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  });

  test('becomes the order of the cart’s owner, or of whoever signed in with a guest’s cart', () => {
    const guest = { ownerKind: 'guest' as const, ownerId: 'cart' };
    expect(ownerOf(guest, { buyerId: null, partnerId: null })).toEqual(guest);
    expect(ownerOf(guest, { buyerId: 'ada', partnerId: null })).toEqual({ ownerKind: 'user', ownerId: 'ada' });
    expect(ownerOf(guest, { buyerId: 'api', partnerId: 'paula' })).toEqual({ ownerKind: 'client', ownerId: 'api' });
    const ada = { ownerKind: 'user' as const, ownerId: 'ada' };
    expect(ownerOf(ada, { buyerId: 'root', partnerId: null })).toEqual(ada);
  });
});

describe('cancellation', () => {
  const placedAt = new Date('2026-01-01T00:00:00Z');
  const end = new Date('2026-01-02T00:00:00Z');

  test('its buyer until 24 hours have passed', () => {
    const order = { status: 'CONFIRMED' as const, placedAt, shipped: false };
    expect(cancellableUntil(order, new Date(end.getTime() - 1))).toEqual(end);
    expect(cancellableUntil(order, end)).toBeNull();
    expect(cancellableUntil({ ...order, shipped: true }, placedAt)).toBeNull();
  });

  test.each(ORDER_STATUSES)('%s', (status) => {
    const open = ['PENDING', 'CONFIRMED', 'PROCESSING'].includes(status);
    expect([mayBeCancelled({ status, shipped: false }), mayBeCancelled({ status, shipped: true })]).toEqual([
      open,
      false,
    ]);
  });
});

describe('parcels', () => {
  test('whatever is split off, what is left and what has gone are the whole, and only the last is the last', () => {
    const line = fc.record({ id: fc.uuid(), quantity: fc.integer({ min: 1, max: 9_999 }) });
    fc.assert(
      fc.property(
        fc.uniqueArray(line, { minLength: 1, maxLength: 5, selector: ({ id }) => id }),
        fc.infiniteStream(fc.nat()),
        (lines, random) => {
          const units = lines.map((each) => ({ ...each, shippedQuantity: random.next().value % (each.quantity + 1) }));
          const left = unitsLeft(units);
          const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);
          const gone = sum(units.map(({ shippedQuantity }) => shippedQuantity));
          expect(gone + sum(left.map(({ quantity }) => quantity))).toBe(sum(units.map(({ quantity }) => quantity)));
          expect(isLastParcel(units, left)).toBe(true);
          if (left.length > 0) expect(isLastParcel(units, left.slice(1))).toBe(false);
        },
      ),
    );
  });

  test('tracking pages and promises', () => {
    expect(trackingUrl('Fed Ex', 'A/1?')).toBe('https://www.fedex.com/fedextrack/?trknbr=A%2F1%3F');
    expect(trackingUrl('constructor', '1')).toBeNull();
    expect(estimatedDelivery('EXPRESS', new Date(0))).toEqual(new Date(172_800_000));
    expect(estimatedDelivery('PIGEON', new Date(0))).toBeNull();
  });
});

describe('returns', () => {
  const DAY_MS = 86_400_000;
  const at = (day: number): Date => new Date(Date.UTC(2026, 0, 1) + day * DAY_MS);

  test('its buyer until 30 days after the last parcel arrived, or left as long as it is under way', () => {
    const parcels = [
      { shippedAt: at(0), deliveredAt: at(9) },
      { shippedAt: at(2), deliveredAt: null },
    ];
    const until = (status: OrderStatus, now: Date): Date | null => returnableUntil({ status, parcels }, now);
    expect(until('SHIPPED', at(9))).toEqual(at(39));
    expect(until('SHIPPED', new Date(at(39).getTime() - 1))).toEqual(at(39));
    expect(until('SHIPPED', at(39))).toBeNull();
    expect(returnableUntil({ status: 'SHIPPED', parcels: parcels.slice(1) }, at(9))).toEqual(at(32));
    const open = ORDER_STATUSES.filter((status) => until(status, at(9)) !== null);
    expect(open).toEqual(['SHIPPED', 'DELIVERED']);
  });

  test('only what has left, is in no open return and has not come back', () => {
    const line = { id: 'a', shippedQuantity: 7, requestedQuantity: 2, returnedQuantity: 4 };
    expect(returnableUnits([line, { ...line, id: 'b', requestedQuantity: 3 }])).toEqual([
      { lineId: 'a', quantity: 1 },
      { lineId: 'b', quantity: 0 },
    ]);
  });

  test('in however many parts lines come back, they give back exactly what they have cost, each unit its share', () => {
    const line = fc.record({
      boughtQuantity: fc.integer({ min: 1, max: 60 }),
      total: fc.bigInt({ min: 0n, max: 10n ** 12n }),
      tax: fc.bigInt({ min: 0n, max: 10n ** 11n }),
    });
    fc.assert(
      fc.property(line, fc.boolean(), fc.infiniteStream(fc.nat()), (bought, taxIncluded, random) => {
        const cost = bought.total + (taxIncluded ? 0n : bought.tax);
        const shares = allocate(cost, Array<bigint>(bought.boughtQuantity).fill(1n));
        let back = 0;
        let given = 0n;
        while (back < bought.boughtQuantity) {
          const quantity = 1 + (random.next().value % (bought.boughtQuantity - back));
          const part = costOf([{ ...bought, quantity, returnedQuantity: back }], taxIncluded);
          expect(part).toBe(shares.slice(back, back + quantity).reduce((a, b) => a + b, 0n));
          given += part;
          back += quantity;
        }
        expect(given).toBe(cost);
      }),
    );
  });
});

test('what is learnt of a payment never takes it back, except that a refused refund was none', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...ORDER_PAYMENT_STATUSES), { maxLength: 20 }), (news) => {
      const seen = new Set(['PENDING']);
      let status: (typeof ORDER_PAYMENT_STATUSES)[number] = 'PENDING';
      for (const next of news) {
        if (!paymentMoves(status, next)) continue;
        expect(seen.has(next)).toBe(false);
        seen.add(next);
        status = next;
      }
    }),
  );
  expect([
    paymentMoves('PAID', 'AUTHORIZED'),
    paymentMoves('PAID', 'REFUNDED'),
    paymentMoves('AUTHORIZED', 'VOIDED'),
  ]).toEqual([false, true, true]);
  const back = ORDER_PAYMENT_STATUSES.flatMap((from) =>
    ORDER_PAYMENT_STATUSES.filter((to) => newsMoves(from, to) && !paymentMoves(from, to)).map((to) => `${from} ${to}`),
  );
  expect(back).toEqual(['PARTIALLY_REFUNDED PAID', 'REFUNDED PAID', 'REFUNDED PARTIALLY_REFUNDED']);
});

test('a buyer is sent to approve only what still waits for it', () => {
  const until = new Date(2_000);
  const order = { status: 'PENDING' as const, paymentStatus: 'PENDING' as const, nextActionUntil: until };
  expect(waitsForBuyer(order, new Date(1_999))).toBe(true);
  expect(waitsForBuyer(order, until)).toBe(false);
  expect(waitsForBuyer({ ...order, nextActionUntil: null }, until)).toBe(true);
  for (const status of ORDER_STATUSES)
    expect(waitsForBuyer({ ...order, status }, new Date(0))).toBe(status === 'PENDING');
  for (const paymentStatus of ORDER_PAYMENT_STATUSES) {
    expect(waitsForBuyer({ ...order, paymentStatus }, new Date(0))).toBe(paymentStatus === 'PENDING');
  }
});

test('a cursor comes back as its position; anything else is refused', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 17n }), (position) =>
      expect(fromCursor(toCursor(position))).toBe(position),
    ),
  );
  fc.assert(fc.property(fc.string(), (text) => expect(() => fromCursor(text)).toThrow('not a cursor')));
});

test('order numbers have the form people can read out', () => {
  const numbers = Array.from({ length: 1_000 }, newOrderNumber);
  expect(new Set(numbers).size).toBe(1_000);
  expect(numbers.map((number) => parseOrderNumber(number.toLowerCase()))).toEqual(numbers);
  expect(['', 'O123456789', '123456789', '1'.repeat(5_000), '123456789\u0000'].map(parseOrderNumber)).toEqual([
    null,
    null,
    null,
    null,
    null,
  ]);
  expect(numbers.every((number) => /^[0-9A-HJKMNP-TV-Z]{10}$/.test(number))).toBe(true);
});

test('a draft written before cards could be saved is still read', () => {
  const written = { email: null, billingAddress: null, note: null, paymentToken: 'tok_visa' };
  expect(draftSchema.parse(written)).toEqual({ ...written, paymentMethodId: null });
});

test.each([
  [null, true],
  [{}, true],
  [{ status: ['SHIPPED' as const, 'PENDING' as const] }, true],
  [{ status: ['SHIPPED' as const] }, false],
  [{ status: [] }, false],
  [{ from: new Date(1_000) }, true],
  [{ from: new Date(1_001) }, false],
  [{ to: new Date(1_001) }, true],
  [{ to: new Date(1_000) }, false],
])('an order passes the filter %j: %s', (filter, expected) => {
  expect(passes({ status: 'PENDING', placedAt: new Date(1_000) }, filter)).toBe(expected);
});
