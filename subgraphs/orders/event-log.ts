/**
 * The one log of order events. An event is written with its change, without a position: positions given inside concurrent
 * transactions would become visible out of order, and a reader past 7 would never see 6. They are given after the commit
 * instead, by one numbering at a time, so they become visible in order and without gaps.
 */
import { asBackground } from '../../platform/db/statement-scope';
import { oneAtATime } from '../../platform/one-at-a-time';
import type { Services } from '../../platform/subgraph';

/** Channel on which processes tell each other that there are new positions. */
const CHANNEL = 'orders.log';
/** Any number will do; it must be the same in every process and belong to the event log alone. */
const NUMBERING_LOCK = 7_305_242;
/** Events numbered in one transaction. */
const BATCH = 5_000;

/** See the head of this file. */
export interface EventLog {
  /** Numbers what is committed. When it resolves, everything committed before the call has its position. */
  number(): Promise<void>;
  /** The same without waiting, after a change. If it fails, the next call or the job does it. */
  wake(): void;
  /** Calls `listen` after each numbering in any process, and after an outage of the wake-ups; for as long as the process lives. */
  onNews(listen: () => void): Promise<unknown>;
}

/** Makes the event log of this process. */
export function createEventLog({ db, pubsub, log }: Pick<Services, 'db' | 'pubsub' | 'log'>): EventLog {
  const numberBatch = (): Promise<number> =>
    db.transaction(async (tx) => {
      // A statement of its own: the next one's snapshot must be taken after the lock is held.
      await tx.query('SELECT pg_advisory_xact_lock($1)', [NUMBERING_LOCK]);
      const [, numbered]: [unknown[], number] = await tx.query(
        `WITH head AS (SELECT coalesce(max(position), 0) AS position FROM order_event),
              due AS (SELECT order_id, sequence, row_number() OVER (ORDER BY insert_no) AS place
                      FROM (SELECT order_id, sequence, insert_no FROM order_event WHERE position IS NULL
                            ORDER BY insert_no LIMIT $1) AS unnumbered)
         UPDATE order_event e SET position = head.position + due.place FROM head, due
         WHERE e.order_id = due.order_id AND e.sequence = due.sequence`,
        [BATCH],
      );
      return numbered;
    });

  const number = oneAtATime(() =>
    asBackground(async () => {
      let numbered: number;
      do {
        numbered = await numberBatch();
        if (numbered > 0) await pubsub.publish(CHANNEL, null);
      } while (numbered === BATCH);
    }),
  );

  return {
    number,
    wake: () =>
      void number().catch((error: unknown) => log.warn({ err: error }, 'events stay without position for now')),
    onNews: (listen) => pubsub.subscribe(CHANNEL, listen, listen),
  };
}
