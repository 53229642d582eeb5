/**
 * The one log of order events. An event is written with its change, without a position: positions given inside concurrent
 * transactions would become visible out of order, and a reader past 7 would never see 6. They are given after the commit
 * instead, by one numbering at a time, so they become visible in order and without gaps.
 */
import { asBackground } from '../../platform/db/database';
import type { Services } from '../../platform/subgraph';

/** Channel on which processes tell each other of which orders there is news. */
const CHANNEL = 'orders.log';
/** Any number will do; it must be the same in every process and belong to the event log alone. */
const NUMBERING_LOCK = 7_305_242;
/** Events numbered in one transaction. */
const BATCH = 5_000;
/** A wake-up that names more orders than this wakes everybody instead. */
const MAX_NAMED = 500;

/** See the head of this file. */
export interface EventLog {
  /** Numbers what is committed. When it resolves, everything committed before the call has its position. */
  number(): Promise<void>;
  /** The same without waiting, after a change. If it fails, the next call or the job does it. */
  wake(): void;
  /** Calls `listen` when there may be news of an order: after each numbering, and after an outage of the wake-ups. */
  watch(orderId: string, listen: () => void): Promise<{ close(): void }>;
}

/** Makes the event log of this process. */
export function createEventLog({ db, pubsub, log }: Pick<Services, 'db' | 'pubsub' | 'log'>): EventLog {
  const watchers = new Map<string, Set<() => void>>();
  let listening: Promise<unknown> | null = null;

  const wakeAll = (): void => watchers.forEach(wakeEach);
  const heard = (message: unknown): void => {
    const orders = ordersOf(message);
    if (orders) orders.forEach((order) => wakeEach(watchers.get(order)));
    else wakeAll();
  };

  const numberBatch = (): Promise<{ orderId: string }[]> =>
    db.transaction(async (tx) => {
      // A statement of its own: the next one's snapshot must be taken after the lock is held.
      await tx.query('SELECT pg_advisory_xact_lock($1)', [NUMBERING_LOCK]);
      const [rows]: [{ orderId: string }[], number] = await tx.query(
        `WITH head AS (SELECT coalesce(max(position), 0) AS position FROM order_event),
              due AS (SELECT order_id, sequence, row_number() OVER (ORDER BY insert_no) AS place
                      FROM (SELECT order_id, sequence, insert_no FROM order_event WHERE position IS NULL
                            ORDER BY insert_no LIMIT $1) AS unnumbered)
         UPDATE order_event e SET position = head.position + due.place FROM head, due
         WHERE e.order_id = due.order_id AND e.sequence = due.sequence RETURNING e.order_id AS "orderId"`,
        [BATCH],
      );
      return rows;
    });

  const number = oneAtATime(() =>
    asBackground(async () => {
      let rows: { orderId: string }[];
      do {
        rows = await numberBatch();
        const orders = [...new Set(rows.map(({ orderId }) => orderId))];
        if (orders.length > 0) await pubsub.publish(CHANNEL, orders.length > MAX_NAMED ? null : orders);
      } while (rows.length === BATCH);
    }),
  );

  return {
    number,
    wake: () =>
      void number().catch((error: unknown) => log.warn({ err: error }, 'events stay without position for now')),
    async watch(orderId, listen) {
      const listeners = watchers.get(orderId) ?? new Set();
      const own = (): void => listen();
      watchers.set(orderId, listeners.add(own));
      // One subscription of the process for all who watch, kept: it costs one wake-up for each numbering.
      listening ??= pubsub.subscribe(CHANNEL, heard, wakeAll);
      await listening;
      return {
        close: () => {
          listeners.delete(own);
          if (listeners.size === 0 && watchers.get(orderId) === listeners) watchers.delete(orderId);
        },
      };
    },
  };
}

function wakeEach(listeners?: ReadonlySet<() => void>): void {
  listeners?.forEach((listen) => listen());
}

function ordersOf(message: unknown): string[] | null {
  return Array.isArray(message) ? message.filter((id): id is string => typeof id === 'string') : null;
}

/** Never two at once; a call during a run gets a run that begins after it, shared with others who called meanwhile. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;
  const run = (): Promise<void> => {
    next = null;
    running = work().finally(() => {
      running = null;
    });
    return running;
  };
  return () => {
    if (!running) return run();
    next ??= running.then(run, run);
    return next;
  };
}
