/** What waits in the outboxes, as metrics. */
import type { Database } from '../db/database';
import { collectGauge, sampled } from '../metrics';

/** Events counted at most: what matters is whether the number is near 0, and a long outage leaves millions. */
const MOST = 10_000;

interface Backlog {
  count: number;
  /** Seconds since the oldest one was written; 0 if there is none. */
  age: number;
}

/** Shows how many events each subgraph has not published yet, and how long the oldest has waited. A database that is down shows none. */
export function registerOutboxMetrics(outboxes: readonly { subgraph: string; db: Database }[], everyMs?: number): void {
  const sources = outboxes.map(({ subgraph, db }) => ({ subgraph, backlog: sampled(() => backlogOf(db), everyMs) }));
  const show = (name: string, help: string, pick: (backlog: Backlog) => number): void =>
    collectGauge({
      name,
      help,
      labelNames: ['subgraph'],
      collect: async (set) => {
        await Promise.all(
          sources.map(async ({ subgraph, backlog }) => {
            const known = await backlog();
            if (known) set({ subgraph }, pick(known));
          }),
        );
      },
    });
  show('souk_outbox_unpublished', `Events that are not published yet; counted up to ${MOST}.`, ({ count }) => count);
  show('souk_outbox_oldest_seconds', 'Age of the oldest event that is not published yet; 0 if none.', ({ age }) => age);
}

async function backlogOf(db: Database): Promise<Backlog> {
  const [row] = await db.rows<Backlog>(
    `SELECT (SELECT count(*)::int FROM (SELECT FROM outbox WHERE published_at IS NULL LIMIT ${MOST}) AS waiting) AS count,
            greatest(0, (SELECT extract(epoch FROM now() - occurred_at)::float FROM outbox WHERE published_at IS NULL
                         ORDER BY position LIMIT 1)) AS age`,
  );
  return row ?? { count: 0, age: 0 };
}
