/** The relay's two statements. */
import type { EventEnvelope } from '../bus/bus';
import type { Database } from '../db/database';

interface PendingRow {
  id: string;
  name: string;
  version: number;
  aggregate_id: string;
  aggregate_version: number;
  occurred_at: Date;
  cause: string;
  trace: string | null;
  payload: unknown;
}

/**
 * Events not marked as published, oldest first: all but those with an id in `not` and those of the aggregates `notOf`. It looks
 * at all of them each time instead of going on from a position: a transaction that commits late has an early position.
 */
export async function pendingEvents(
  database: Database,
  options: { limit: number; not: Iterable<string>; notOf: readonly string[] },
): Promise<EventEnvelope[]> {
  if (options.limit <= 0) return [];
  const rows = await database.rows<PendingRow>(
    `SELECT id, name, version, aggregate_id, aggregate_version, occurred_at, cause, trace, payload
     FROM outbox
     WHERE published_at IS NULL AND id <> ALL ($2::uuid[]) AND aggregate_id <> ALL ($3::text[])
     ORDER BY position LIMIT $1`,
    [options.limit, [...options.not], options.notOf],
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    version: row.version,
    aggregateId: row.aggregate_id,
    aggregateVersion: row.aggregate_version,
    time: row.occurred_at.toISOString(),
    cause: row.cause,
    ...(row.trace !== null && { trace: row.trace }),
    payload: row.payload,
  }));
}

/** Marks events as published. */
export async function markPublished(database: Database, ids: readonly string[]): Promise<void> {
  await database.rows('UPDATE outbox SET published_at = now() WHERE id = ANY ($1::uuid[])', [ids]);
}
