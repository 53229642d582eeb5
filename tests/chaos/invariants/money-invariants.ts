/** The provider, the shop's books and its orders agree about every cent. */
import type { Charge, Ledgers } from '../ledgers';
import { groupBy, LIVE, repeated, sumOf, type Invariant, type Violation } from './invariant';

/** On both sides. */
export const onePaymentPerOrder: Invariant = {
  name: 'an order has one payment and one charge at most',
  violations({ provider, shop }) {
    return [
      ...repeated(shop.payments.map(({ orderId }) => orderId)).map((orderId) => ({ orderId, detail: 'two payments' })),
      ...repeated(provider.charges.map(({ key }) => key)).map((orderId) => ({ orderId, detail: 'two charges' })),
    ];
  },
};

/** What is held or taken is what the order costs. */
export const chargeIsTheTotal: Invariant = {
  name: 'what is charged for an order is its total',
  violations({ provider, shop }) {
    const totals = new Map(shop.orders.map(({ id, total }) => [id, total]));
    return provider.charges.flatMap(({ key, state, amount }) => {
      const total = totals.get(key);
      if (total === undefined || amount === total) return [];
      return [{ orderId: key, detail: `${state} over ${amount}, the total is ${total}` }];
    });
  },
};

/** CONFIRMED to RETURNED if and only if the authorization or the capture stands. */
export const liveOrderHasItsMoney: Invariant = {
  name: 'an order is live if and only if its money is held or taken',
  violations(ledgers) {
    const charges = chargesByOrder(ledgers);
    const status = new Map(ledgers.shop.orders.map((order) => [order.id, order.status]));
    const without = [...status].flatMap(([orderId, state]): Violation[] => {
      const charge = charges.get(orderId);
      if (!LIVE.has(state)) return [];
      if (charge?.state === 'CAPTURED') return [];
      if (charge?.state === 'AUTHORIZED' && (state === 'CONFIRMED' || state === 'PROCESSING')) return [];
      return [{ orderId, detail: `${state}, and the provider says ${charge?.state ?? 'nothing'}` }];
    });
    const orphans = ledgers.provider.charges.flatMap((charge): Violation[] => {
      const state = status.get(charge.key) ?? 'no order';
      if (LIVE.has(state) || !holdsMoney(charge)) return [];
      return [
        { orderId: charge.key, detail: `${state}, and the provider says ${charge.state}, refunded ${charge.refunded}` },
      ];
    });
    return [...without, ...orphans];
  },
};

/** Every posting of the double-entry ledger sums to zero, and what the accounts hold is what the payments say. */
export const ledgerBalances: Invariant = {
  name: 'debits equal credits',
  violations({ shop }) {
    const unbalanced = [...groupBy(shop.entries, ({ postingId }) => postingId)]
      .filter(([, entries]) => sumOf(entries, ({ amount }) => amount) !== 0n)
      .map(([postingId]) => ({ detail: `posting ${postingId} does not sum to zero` }));
    const entries = groupBy(shop.entries, ({ paymentId }) => paymentId);
    const done = groupBy(
      shop.refunds.filter(({ status }) => status === 'SUCCEEDED'),
      ({ paymentId }) => paymentId,
    );
    const wrong = shop.payments.flatMap(({ id, orderId, status, amount, captured }): Violation[] => {
      const on = (account: string): bigint =>
        sumOf(
          (entries.get(id) ?? []).filter((entry) => entry.account === account),
          (entry) => entry.amount,
        );
      const held = status === 'AUTHORIZED' ? amount : 0n;
      const taken = captured - sumOf(done.get(id) ?? [], (refund) => refund.amount);
      if (on('held') === held && on('shop') === taken && on('buyer') === -held - taken) return [];
      return [{ orderId, detail: `held ${on('held')} and taken ${on('shop')}, should be ${held} and ${taken}` }];
    });
    return [...unbalanced, ...wrong];
  },
};

/** Each payment is what the provider made of it. */
export const shopAgreesWithProvider: Invariant = {
  name: 'shop and provider agree about every payment and refund',
  violations(ledgers) {
    const { shop, provider } = ledgers;
    const charges = chargesByOrder(ledgers);
    const payments = shop.payments.flatMap(({ orderId, status, captured, refunded }): Violation[] => {
      const charge = charges.get(orderId);
      const theirs = charge ? nameOf(charge) : 'FAILED';
      // Nothing is held either way: never made, declined, given up by the buyer, or let go.
      const same = status === theirs || (RELEASED.has(status) && RELEASED.has(theirs));
      const taken = charge?.state === 'CAPTURED' ? charge.amount : 0n;
      if (same && captured === taken && refunded === (charge?.refunded ?? 0n)) return [];
      return [
        {
          orderId,
          detail: `${status} ${captured}/${refunded}, the provider: ${theirs} ${taken}/${charge?.refunded ?? 0n}`,
        },
      ];
    });
    const known = new Set(shop.payments.map(({ orderId }) => orderId));
    const strangers = provider.charges
      .filter(({ key }) => !known.has(key))
      .map(({ key, state }) => ({ orderId: key, detail: `the provider has a charge (${state}) that nobody knows of` }));
    const theirs = new Map(provider.refunds.map(({ key, amount }) => [key, amount]));
    const refunds = shop.refunds
      .filter(({ id, status, amount }) =>
        status === 'SUCCEEDED' ? theirs.get(id) !== amount : theirs.has(id) || status === 'PENDING',
      )
      .map(({ id, status }) => ({
        detail: `refund ${id} is ${status}, the provider gave back ${theirs.get(id) ?? 'nothing'}`,
      }));
    const ours = new Set(shop.refunds.map(({ id }) => id));
    const unknown = provider.refunds
      .filter(({ key }) => !ours.has(key))
      .map(({ key }) => ({ detail: `the provider gave back money for ${key}, which nobody knows of` }));
    return [...payments, ...strangers, ...refunds, ...unknown];
  },
};

/** Nobody gets back more than was taken. */
export const refundsWithinCaptures: Invariant = {
  name: 'refunds are at most what was captured',
  violations({ provider, shop }) {
    const given = groupBy(provider.refunds, ({ reference }) => reference);
    const promised = groupBy(
      shop.refunds.filter(({ status }) => status !== 'FAILED'),
      ({ paymentId }) => paymentId,
    );
    return [
      ...provider.charges.flatMap((charge): Violation[] => {
        const back = sumOf(given.get(charge.reference) ?? [], ({ amount }) => amount);
        const most = charge.state === 'CAPTURED' ? charge.amount : 0n;
        return back <= most && back === charge.refunded
          ? []
          : [{ orderId: charge.key, detail: `${back} of ${most} given back` }];
      }),
      ...shop.payments.flatMap(({ id, orderId, captured, refunded }): Violation[] => {
        const sum = sumOf(promised.get(id) ?? [], ({ amount }) => amount);
        return sum <= captured && sum === refunded ? [] : [{ orderId, detail: `${sum} of ${captured} promised back` }];
      }),
    ];
  },
};

function chargesByOrder({ provider }: Pick<Ledgers, 'provider'>): ReadonlyMap<string, Charge> {
  return new Map(provider.charges.map((charge) => [charge.key, charge]));
}

const RELEASED: ReadonlySet<string> = new Set(['FAILED', 'VOIDED']);

/** Whether the provider has money for it that it has not given back. */
function holdsMoney({ state, amount, refunded }: Charge): boolean {
  return state === 'AUTHORIZED' || (state === 'CAPTURED' && refunded < amount);
}

/** The provider's word for a payment in the shop's. */
function nameOf({ state }: Charge): string {
  return state === 'DECLINED' ? 'FAILED' : state;
}
