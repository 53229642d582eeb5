import type { Database } from '../../../platform/db/database';

/** Entries looked at by one statement. */
const CHUNK = 10_000;

/** Whether the chain of the audit log is whole. */
export interface AuditVerdict {
  /** Entries that were looked at. */
  entries: number;
  /** Hash of the last of them; kept elsewhere, it shows later whether the end was cut off. Empty: no entries. */
  head: string;
  /** Position of the first entry that was changed, or stands where another was taken out; null: the chain is whole. */
  brokenAt: number | null;
}

/** Computes the hashes of the whole log anew, a stretch at a time. Reads only. */
export async function verifyAuditLog(db: Database): Promise<AuditVerdict> {
  const verdict: AuditVerdict = { entries: 0, head: '', brokenAt: null };
  for (let from = 0, last = await lastPosition(db); from < last && verdict.brokenAt === null; from += CHUNK) {
    const [row] = await db.rows<{ entries: number; head: string | null; broken: string | null }>(
      `SELECT count(*)::integer AS entries, (array_agg(hash ORDER BY position DESC))[1] AS head,
              min(position) FILTER (WHERE hash <> expected OR position <> previous + 1) AS broken
       FROM (
         SELECT e.position, e.hash, audit_hash(lag(e.hash, 1, $3::text) OVER placed, e) AS expected,
                lag(e.position, 1, $1::bigint) OVER placed AS previous
         FROM audit_log e WHERE e.position > $1 AND e.position <= $2 WINDOW placed AS (ORDER BY e.position)
       ) AS checked`,
      [from, Math.min(from + CHUNK, last), verdict.head],
    );
    const entries = row?.entries ?? 0;
    verdict.entries += entries;
    verdict.head = row?.head ?? verdict.head;
    if (row?.broken != null) verdict.brokenAt = Number(row.broken);
    // A hole at the end of a stretch has no entry behind it here that could tell.
    else if (entries < Math.min(CHUNK, last - from)) verdict.brokenAt = from + entries + 1;
  }
  return verdict;
}

async function lastPosition(db: Database): Promise<number> {
  const [row] = await db.rows<{ last: string | null }>('SELECT max(position) AS last FROM audit_log');
  return Number(row?.last ?? 0);
}
