/** Three ledgers that agree, as small as they can be: an order that was delivered, one that is confirmed, one cancelled. */
import type { Ledgers } from '../chaos/ledgers';
import { toId } from '../../platform/ids';

type Writable<T> = T extends readonly (infer Element)[]
  ? Writable<Element>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Writable<T[Key]> }
    : T;

/** Ledgers that a test may spoil. */
export type Draft = Writable<Ledgers>;

const id = (number: number): string => `01900000-0000-7000-8000-${String(number).padStart(12, '0')}`;
const VARIANT = id(50);
const [shipped, confirmed, cancelled, unknown] = [id(1), id(2), id(3), id(99)];
const PATHS: Record<string, string[]> = {
  [shipped]: ['PENDING', 'CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED'],
  [confirmed]: ['PENDING', 'CONFIRMED'],
  [cancelled]: ['PENDING', 'CANCELLED'],
};
const TOTALS: Record<string, bigint> = { [shipped]: 1_250n, [confirmed]: 990n, [cancelled]: 100n };

/** A fresh copy each time, with the orders' ids. */
export function cleanLedgers(): Draft & { ids: Record<'shipped' | 'confirmed' | 'cancelled' | 'unknown', string> } {
  const orderIds = Object.keys(PATHS);
  let position = 0;
  const events = Object.entries(PATHS).flatMap(([orderId, path]) =>
    path.map((status, index) => {
      position += 1;
      return { orderId, sequence: index + 1, position, type: 'STATUS_CHANGED', status, at: index * 10 };
    }),
  );
  const outbox = events.flatMap(({ orderId, sequence, status, position: number }) => {
    const common = { subgraph: 'orders', aggregateId: orderId, aggregateVersion: sequence, at: 5, publishedAt: 6 };
    const changed = { ...common, id: id(100 + number), name: 'orders.orderStatusChanged' };
    return status === 'CONFIRMED'
      ? [changed, { ...common, id: id(200 + number), name: 'orders.orderConfirmed' }]
      : [changed];
  });
  const confirmations = outbox.filter(({ name }) => name === 'orders.orderConfirmed');
  const payment = (orderId: string, status: string, number: number) => {
    const taken = status === 'CAPTURED';
    const [captured, refunded] = taken ? [TOTALS[orderId]!, 250n] : [0n, 0n];
    return { id: id(10 + number), orderId, status, amount: TOTALS[orderId]!, captured, refunded, doubtMs: 5 };
  };
  const posting = (postingId: string, paymentId: string, from: string, to: string, amount: bigint) => [
    { postingId, paymentId, account: from, amount: -amount },
    { postingId, paymentId, account: to, amount },
  ];
  const units = (kind: string, orderId: string) => ({ variantId: VARIANT, kind, quantity: 1, orderId });
  return {
    ids: { shipped, confirmed, cancelled, unknown },
    history: [
      { at: 1, client: 'customer 1', action: 'placeOrder', key: 'key-1', phase: 'invoke' },
      { at: 2, client: 'customer 1', action: 'placeOrder', key: 'key-1', phase: 'unknown', codes: ['NO_CONNECTION'] },
      { at: 3, client: 'customer 1', action: 'placeOrder', key: 'key-1', phase: 'ok', orderId: shipped, total: '1250' },
      { at: 4, client: 'customer 1', action: 'cancelOrder', key: 'key-3', phase: 'ok', orderId: cancelled },
      { at: 5, client: 'support 1', action: 'shipOrder', key: 'key-4', phase: 'ok', orderId: shipped, parcel: 'P-1' },
      { at: 6, client: 'support 1', action: 'createRefund', key: 'key-5', phase: 'ok', orderId: shipped },
    ],
    provider: {
      charges: [
        { key: shipped, reference: 'ch_1', state: 'CAPTURED', amount: 1_250n, refunded: 250n },
        { key: confirmed, reference: 'ch_2', state: 'AUTHORIZED', amount: 990n, refunded: 0n },
        { key: cancelled, reference: 'ch_3', state: 'VOIDED', amount: 100n, refunded: 0n },
      ],
      refunds: [{ key: id(30), reference: 'ch_1', amount: 250n }],
    },
    lastFaultAt: 0,
    restarts: [],
    providerFailed: true,
    shop: {
      orders: orderIds.map((orderId) => {
        const path = PATHS[orderId]!;
        return { id: orderId, status: path.at(-1)!, total: TOTALS[orderId]!, version: path.length };
      }),
      lines: orderIds.map((orderId) => ({ orderId, variantId: VARIANT, quantity: 1 })),
      events,
      checkouts: orderIds.map((orderId, index) => {
        return { orderId, actor: `user:${index + 1}`, key: `key-${index + 1}`, placed: true, done: true };
      }),
      parcels: [{ orderId: shipped, trackingNumber: 'P-1' }],
      openKeys: [],
      payments: [payment(shipped, 'CAPTURED', 0), payment(confirmed, 'AUTHORIZED', 1), payment(cancelled, 'VOIDED', 2)],
      refunds: [{ id: id(30), paymentId: id(10), amount: 250n, status: 'SUCCEEDED' }],
      refundKeys: [{ key: 'key-5', refundId: id(30) }],
      entries: [
        ...posting('authorize 1', id(10), 'buyer', 'held', 1_250n),
        ...posting('capture 1', id(10), 'held', 'shop', 1_250n),
        ...posting('refund 1', id(10), 'shop', 'buyer', 250n),
        ...posting('authorize 2', id(11), 'buyer', 'held', 990n),
        ...posting('authorize 3', id(12), 'buyer', 'held', 100n),
        ...posting('void', id(12), 'held', 'buyer', 100n),
      ],
      levels: [{ variantId: VARIANT, onHand: 8, reserved: 0 }],
      movements: [
        { variantId: VARIANT, kind: 'initial', quantity: 10, orderId: null },
        ...orderIds.map((orderId) => units('reserve', orderId)),
        units('sell', shipped),
        units('sell', confirmed),
        units('release', cancelled),
      ],
      reservations: [
        { orderId: shipped, state: 'SOLD', overdueSeconds: 100 },
        { orderId: confirmed, state: 'SOLD', overdueSeconds: 100 },
        { orderId: cancelled, state: 'RELEASED', overdueSeconds: null },
      ],
      promotions: [{ id: id(40), used: 1, limit: 1, claims: [confirmed] }],
      outbox,
      inbox: confirmations.map((event) => ({ queue: 'accounts.order-confirmation', eventId: event.id, at: 7 })),
      bindings: [{ queue: 'accounts.order-confirmation', events: ['orders.orderConfirmed'] }],
      mails: [shipped, confirmed].map((orderId) => ({ orderId, status: 'SENT', sentAt: 8 })),
      mailbox: [shipped, confirmed].map((orderId) => `<order-confirmation.${toId('ord', orderId)}@souk>`),
      deadLetters: [],
      waiting: { retry: 0, 'accounts.order-confirmation': 0 },
    },
  };
}
