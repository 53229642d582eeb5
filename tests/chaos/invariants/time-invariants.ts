/** The shop comes to itself in time. */
import type { Ledgers, OrderEvent } from '../ledgers';
import { groupBy, told, type Invariant, type Violation } from './invariant';
import { waitingForBuyer } from './client-invariants';

/** Milliseconds. */
const PENDING_MS = 60_000;
const FIRST_SUCCESS_MS = 3_000;
const BACKLOG_MS = 30_000;
const DOUBT_MS = 30_000;

/** Longest time an order was PENDING after the last fault (and after it was placed), in milliseconds. */
export function longestPending({ shop, lastFaultAt }: Pick<Ledgers, 'shop' | 'lastFaultAt'>): number {
  const ends = [...groupBy(shop.events, ({ orderId }) => orderId).values()].map((log) => pendingMs(log, lastFaultAt));
  return Math.max(0, ...ends);
}

function pendingMs(log: readonly OrderEvent[], lastFaultAt: number): number {
  const [placed] = log;
  const end = log.find(({ status }) => status !== 'PENDING');
  return placed && end ? end.at - Math.max(placed.at, lastFaultAt) : 0;
}

/** Nobody waits for long once nothing fails any more. */
export const pendingEnds: Invariant = {
  name: 'no order is PENDING 60 s after the last fault',
  violations(ledgers) {
    const waiting = waitingForBuyer(ledgers);
    const longest = longestPending(ledgers);
    return [
      ...ledgers.shop.orders
        .filter(({ id, status }) => status === 'PENDING' && !waiting.has(id))
        .map(({ id }) => ({ orderId: id, detail: 'still PENDING at the end' })),
      ...(longest > PENDING_MS ? [{ detail: `one was PENDING for ${longest} ms` }] : []),
    ];
  },
};

/** How the shop came back after a restart of a store; times in milliseconds since it was ready. */
export interface Recovery {
  store: string;
  /** The first order that was acknowledged; null: there was none any more. */
  firstSuccessMs: number | null;
  /** Every event written while it was away is published and applied. */
  backlogMs: number;
  /** What came last: `published`, or the queue that applied it. */
  last: string;
}

/** One for each restart. */
export function recoveries({ history, shop, restarts }: Ledgers): Recovery[] {
  const successes = told(history, 'placeOrder', 'ok').map(({ at }) => at);
  const applied = groupBy(shop.inbox, ({ eventId }) => eventId);
  return restarts.map(({ store, readyAt, killedAt }) => {
    const later = successes.filter((at) => at >= readyAt);
    const waiting = shop.outbox.filter(({ at }) => at >= killedAt && at <= readyAt);
    const ends = waiting.flatMap(({ id, publishedAt }) => [
      { at: publishedAt ?? Number.POSITIVE_INFINITY, by: 'published' },
      ...(applied.get(id) ?? []).map(({ at, queue }) => ({ at, by: queue })),
    ]);
    const last = ends.reduce((latest, end) => (end.at > latest.at ? end : latest), { at: readyAt, by: 'nothing' });
    return {
      store,
      firstSuccessMs: later.length > 0 ? Math.min(...later) - readyAt : null,
      backlogMs: last.at - readyAt,
      last: last.by,
    };
  });
}

/** First success within 3 s of PostgreSQL being ready, backlog empty within 30 s of any store. */
export const storesRecover: Invariant = {
  name: 'after a store is back: a success within 3 s, no backlog after 30 s',
  violations: (ledgers) =>
    recoveries(ledgers).flatMap(({ store, firstSuccessMs, backlogMs, last }): Violation[] => [
      ...(store === 'PostgreSQL' && (firstSuccessMs ?? 0) > FIRST_SUCCESS_MS
        ? [{ detail: `first success ${firstSuccessMs} ms after ${store}` }]
        : []),
      ...(backlogMs > BACKLOG_MS
        ? [{ detail: `backlog empty ${backlogMs} ms after ${store}, the last was ${last}` }]
        : []),
    ]),
};

/** How long the outcome of a payment was in doubt, 99th percentile in milliseconds. */
export function doubt({ shop }: Pick<Ledgers, 'shop'>): number {
  const times = shop.payments.flatMap(({ doubtMs }) => (doubtMs === null ? [] : [doubtMs])).sort((a, b) => a - b);
  return times[Math.max(0, Math.ceil(times.length * 0.99) - 1)] ?? 0;
}

/** Payments from which on a percentile says something. */
const ENOUGH = 200;

/** In doubt for 30 s at most, in 99 of 100 cases, though the provider fails. When services die too, their absence counts as well. */
export const doubtEnds: Invariant = {
  name: 'a payment is in doubt for 30 s at most (p99)',
  violations(ledgers) {
    const judged = ledgers.providerFailed && ledgers.shop.payments.length >= ENOUGH;
    return judged && doubt(ledgers) > DOUBT_MS ? [{ detail: `p99 is ${doubt(ledgers)} ms` }] : [];
  },
};
