/** What clients were told holds. */
import type { Ledgers } from '../ledgers';
import { groupBy, repeated, told, type Invariant, type Violation } from './invariant';

/** An order somebody was told of is there. */
export const acknowledgedOrderExists: Invariant = {
  name: 'an acknowledged order exists',
  violations({ history, shop }) {
    const known = new Set(shop.orders.map(({ id }) => id));
    return told(history, 'placeOrder', 'ok').flatMap(({ orderId, key }) =>
      orderId !== undefined && known.has(orderId)
        ? []
        : [{ orderId, detail: `${key} was told of an order that is not there` }],
    );
  },
};

/** However often a key was sent. */
export const oneOrderPerKey: Invariant = {
  name: 'a key makes one order at most',
  violations({ history, shop }) {
    const acknowledged = groupBy(told(history, 'placeOrder', 'ok'), ({ key }) => key);
    const different = [...acknowledged].flatMap(([key, entries]): Violation[] => {
      const ids = new Set(entries.map(({ orderId }) => orderId));
      return ids.size > 1 ? [{ orderId: entries[0]?.orderId, detail: `${key} was told of ${ids.size} orders` }] : [];
    });
    const placed = shop.checkouts.filter((checkout) => checkout.placed);
    const twice = repeated(placed.map(({ actor, key }) => `${actor} ${key}`));
    return [...different, ...twice.map((key) => ({ detail: `two orders were placed under ${key}` }))];
  },
};

/** The client saw the total that is charged. */
export const acknowledgedTotal: Invariant = {
  name: "the total that was told is the order's",
  violations({ history, shop }) {
    const totals = new Map(shop.orders.map(({ id, total }) => [id, total]));
    return told(history, 'placeOrder', 'ok').flatMap(({ orderId = '', total }) => {
      const real = totals.get(orderId);
      return real === undefined || String(real) === total ? [] : [{ orderId, detail: `told ${total}, is ${real}` }];
    });
  },
};

/** A refusal means that nothing was bought. */
export const refusedKeyHasNoOrder: Invariant = {
  name: 'a refused key has no order',
  violations({ history, shop }) {
    const refused = new Map(told(history, 'placeOrder', 'no').map(({ key, codes }) => [key, codes?.join(', ')]));
    return shop.checkouts
      .filter(({ placed, key }) => placed && refused.has(key))
      .map(({ orderId, key }) => ({ orderId, detail: `${key} was refused (${refused.get(key)})` }));
  },
};

/** Whoever asked long enough knows; nothing is still being worked on. */
export const unknownsAreResolved: Invariant = {
  name: 'every unknown is resolved to one outcome',
  violations({ history, shop }) {
    const ended = new Set(history.filter(({ phase }) => phase === 'ok' || phase === 'no').map(({ key }) => key));
    const open = new Set(history.map(({ key }) => key).filter((key) => !ended.has(key)));
    const waiting = waitingForBuyer({ shop });
    return [
      ...[...open].map((key) => ({ detail: `${key} never got an answer` })),
      ...shop.openKeys.map(({ subgraph, mutation, key }) => ({ detail: `${subgraph}: ${mutation} ${key} is open` })),
      ...shop.checkouts
        .filter(({ done, orderId }) => !done && !waiting.has(orderId))
        .map(({ orderId, key }) => ({ orderId, detail: `the checkout of ${key} is not done` })),
    ];
  },
};

/** A cancellation, a parcel and a refund that were acknowledged are there, once. */
export const acknowledgedActsStand: Invariant = {
  name: 'an acknowledged cancellation, parcel or refund stands, once',
  violations({ history, shop }) {
    const cancelled = new Set(shop.events.filter(({ status }) => status === 'CANCELLED').map(({ orderId }) => orderId));
    const parcels = groupBy(shop.parcels, ({ trackingNumber }) => trackingNumber);
    const refundOf = new Map(shop.refundKeys.map(({ key, refundId }) => [key, refundId]));
    const refunds = new Set(shop.refunds.map(({ id }) => id));
    const missing = (
      action: 'cancelOrder' | 'shipOrder' | 'createRefund',
      stands: (key: string, orderId: string, parcel: string) => boolean,
    ) =>
      told(history, action, 'ok')
        .filter(({ key, orderId = '', parcel = '' }) => !stands(key, orderId, parcel))
        .map(({ key, orderId }) => ({ orderId, detail: `${key} was acknowledged and is not there` }));
    return [
      ...missing('cancelOrder', (_key, orderId) => cancelled.has(orderId)),
      ...missing('shipOrder', (_key, _orderId, parcel) => parcels.has(parcel)),
      ...missing('createRefund', (key) => refunds.has(refundOf.get(key) ?? '')),
      ...[...parcels.values()]
        .filter((same) => same.length > 1)
        .map(([parcel]) => ({ orderId: parcel?.orderId, detail: `parcel ${parcel?.trackingNumber} left twice` })),
    ];
  },
};

/** Orders that wait for their buyer (3-D Secure) may stay as they are. */
export function waitingForBuyer({ shop }: Pick<Ledgers, 'shop'>): ReadonlySet<string> {
  return new Set(shop.payments.filter(({ status }) => status === 'REQUIRES_ACTION').map(({ orderId }) => orderId));
}
