/** What the database server counts for itself: transactions of the shop's databases, and flushes of its write-ahead log. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** Totals since the server began to count. */
export interface ServerStats {
  /** Transactions of the shop's databases, single statements and readers too. */
  transactions: number;
  /** Flushes (fsync) of the whole server's log: whatever else works with the server meanwhile is in it. */
  fsyncs: number;
}

/** A session of the server keeps its numbers to itself until it has done nothing for ten seconds (PGSTAT_IDLE_INTERVAL). */
const SETTLE_MS = 11_000;
/** From this version on, flushes are counted in another view. */
const WAL_IN_PG_STAT_IO = 180_000;

/**
 * Waits until all that was done is counted, also what the shop goes on to do in the background, and reads the totals.
 * `namespace` is what the names of the databases begin with.
 */
export async function settledStats(server: string, namespace: string): Promise<ServerStats> {
  await sleep(SETTLE_MS);
  const url = new URL(server);
  url.pathname = '/postgres';
  const client = new Client({ connectionString: url.toString() });
  await client.connect();
  try {
    const one = async (sql: string, parameters: string[] = []): Promise<number> =>
      Number(Object.values((await client.query<Record<string, string>>(sql, parameters)).rows[0] ?? {})[0]);
    const version = await one(`SELECT current_setting('server_version_num')`);
    const flushes =
      version >= WAL_IN_PG_STAT_IO
        ? `SELECT coalesce(sum(fsyncs), 0) FROM pg_stat_io WHERE object = 'wal'`
        : 'SELECT wal_sync FROM pg_stat_wal';
    const commits = 'SELECT coalesce(sum(xact_commit), 0) FROM pg_stat_database WHERE starts_with(datname, $1)';
    return { transactions: await one(commits, [`${namespace}_`]), fsyncs: await one(flushes) };
  } finally {
    await client.end();
  }
}
