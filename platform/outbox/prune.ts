/** Removing what messaging no longer needs. */
import type { Database } from '../db/database';

/** Rows removed by one statement, so that no transaction is long. */
const CHUNK = 5_000;

/**
 * Removes published events and notes of applied ones older than `olderThanDays`. A job. What is not published
 * stays however old. The time must be longer than a message can wait in a queue: past
 * it a late duplicate would be applied again.
 */
export async function pruneMessages(db: Database, olderThanDays = 14): Promise<void> {
  await removeOlder(db, 'outbox', 'published_at', olderThanDays);
  await removeOlder(db, 'inbox', 'received_at', olderThanDays);
}

/** Removes rows of a table whose `column` is longer ago than that, in chunks. */
export async function removeOlder(db: Database, table: string, column: string, days: number): Promise<void> {
  let removed: number;
  do {
    const rows = await db.rows<{ removed: number }>(
      `WITH old AS (
         SELECT ctid FROM ${table} WHERE ${column} < now() - make_interval(days => $1) LIMIT $2 FOR UPDATE SKIP LOCKED
       ), gone AS (
         DELETE FROM ${table} WHERE ctid IN (SELECT ctid FROM old) RETURNING 1
       )
       SELECT count(*)::int AS removed FROM gone`,
      [days, CHUNK],
    );
    removed = rows[0]?.removed ?? 0;
  } while (removed === CHUNK);
}
