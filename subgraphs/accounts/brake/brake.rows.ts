/** The brake's counts in the database. */
import type { Database } from '../../../platform/db/database';

/** Checks of one account while a failure counts. */
const MOST_TRIES = 5;

/** A try that is asked for. Failures before `expired` count no more. */
interface Try {
  subject: string;
  /** Blind index of the network address; null: not counted. */
  address: string | null;
  now: Date;
  expired: Date;
  mostFailures: number;
}

/**
 * Takes one of the account's tries and one of the address's, or neither; one statement, and each row's lock makes those who
 * come at once take turns. An account keeps the times of its last five tries, so no 15 minutes hold more; an address has a
 * plain window. What is refused for the address costs the account nothing, and the other way round.
 */
export async function claimTry(db: Database, { subject, address, now, expired, mostFailures }: Try): Promise<boolean> {
  const [row] = await db.rows<{ granted: boolean }>(
    `WITH blocked AS (
       SELECT 1 FROM address_brake WHERE address = $2 AND since > $4 AND failures >= $5
     ), claimed AS (
       INSERT INTO account_brake AS b (subject, tries, newest)
       SELECT $1, ARRAY[$3::timestamptz(3)], $3 WHERE NOT EXISTS (SELECT 1 FROM blocked)
       ON CONFLICT (subject) DO UPDATE
       SET tries = (b.tries || excluded.newest)[greatest(1, cardinality(b.tries) + 2 - ${MOST_TRIES}):], newest = excluded.newest
       WHERE cardinality(b.tries) < ${MOST_TRIES} OR b.tries[cardinality(b.tries) + 1 - ${MOST_TRIES}] <= $4
       RETURNING 1
     ), counted AS (
       INSERT INTO address_brake AS a (address, since, failures)
       SELECT $2, $3::timestamptz(3), 1 FROM claimed WHERE $2::text IS NOT NULL
       ON CONFLICT (address) DO UPDATE
       SET failures = CASE WHEN a.since <= $4 THEN 1 ELSE a.failures + 1 END,
           since = CASE WHEN a.since <= $4 THEN excluded.since ELSE a.since END
       WHERE a.since <= $4 OR a.failures < $5
       RETURNING 1
     )
     SELECT EXISTS (SELECT 1 FROM claimed) AND ($2::text IS NULL OR EXISTS (SELECT 1 FROM counted)) AS granted`,
    [subject, address, now, expired, mostFailures],
  );
  return row?.granted ?? false;
}

/** The time of the failure that has to expire before the next try; null if there is none any more. */
export async function waitingSince(
  db: Database,
  { subject, address, mostFailures }: Pick<Try, 'subject' | 'address' | 'mostFailures'>,
): Promise<Date | null> {
  const [row] = await db.rows<{ since: Date | null }>(
    `SELECT greatest(
       (SELECT tries[1] FROM account_brake WHERE subject = $1 AND cardinality(tries) >= ${MOST_TRIES}),
       (SELECT since FROM address_brake WHERE address = $2 AND failures >= $3)) AS since`,
    [subject, address, mostFailures],
  );
  return row?.since ?? null;
}

/** After a success: nothing counts against the account, and this try not against the address; its other failures still do. */
export async function forgetTries(db: Database, subject: string, address: string | null): Promise<void> {
  await db.rows(
    `WITH forgotten AS (DELETE FROM account_brake WHERE subject = $1)
     UPDATE address_brake SET failures = failures - 1 WHERE address = $2 AND failures > 0`,
    [subject, address],
  );
}
