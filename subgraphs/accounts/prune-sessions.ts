import type { Job } from '../../platform/subgraph';
import { BRAKE_MINUTES } from './brake/brake';
import type { AccountsServices } from './services';

/** Rows a statement removes, so that no transaction is long. */
const CHUNK = 1_000;

/** What is of no use any more. `$1`: now. A session that was ended stays a day: its access tokens are good for an hour of it. */
const STALE = [
  ['session', `expires_at < $1 OR ended_at < $1::timestamptz - interval '1 day'`],
  ['refresh_token', 'expires_at < $1'],
  ['mail_token', 'expires_at < $1'],
  ['data_export', 'expires_at < $1'],
  ['api_key', `expires_at < $1::timestamptz - interval '1 day'`],
  ['account_brake', `newest < $1::timestamptz - interval '${BRAKE_MINUTES} minutes'`],
  ['address_brake', `since < $1::timestamptz - interval '${BRAKE_MINUTES} minutes'`],
  ['mail', `sent_at < $1::timestamptz - interval '30 days'`],
] as const;

/** Removes sessions, refresh tokens, keys, links, exports and notes of mails sent and what the brake need not remember. */
export async function pruneSessions(services: AccountsServices): Promise<void> {
  const now = services.clock.now();
  for (const [table, stale] of STALE) {
    for (let removed = CHUNK; removed === CHUNK;) {
      const [row] = await services.db.rows<{ count: number }>(
        `WITH stale AS (SELECT ctid FROM ${table} WHERE ${stale} LIMIT ${CHUNK} FOR UPDATE SKIP LOCKED),
              gone AS (DELETE FROM ${table} WHERE ctid IN (SELECT ctid FROM stale) RETURNING 1)
         SELECT count(*)::integer AS count FROM gone`,
        [now],
      );
      removed = row?.count ?? 0;
    }
  }
}

/** The job, every ten minutes. */
export const pruneSessionsJob: Job<AccountsServices> = {
  name: 'accounts.prune-sessions',
  everyMs: 600_000,
  run: pruneSessions,
};
