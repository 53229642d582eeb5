import type { EntityManager } from 'typeorm';
import type { SessionEnd } from './session.entity';

/** Ends a session, and with it all its refresh tokens; false if it was over already. Access tokens live on until they expire. */
export async function endSession(
  tx: EntityManager,
  sessionId: string,
  reason: SessionEnd,
  now: Date,
): Promise<boolean> {
  // In a WITH, because TypeORM gives an UPDATE's rows in another shape than a SELECT's.
  const ended: unknown[] = await tx.query(
    `WITH ended AS (
       UPDATE session SET ended_at = $3, end_reason = $2 WHERE id = $1 AND ended_at IS NULL RETURNING 1
     ) SELECT 1 AS one FROM ended`,
    [sessionId, reason, now],
  );
  return ended.length > 0;
}

/** Ends all sessions of an account that are not over, but for `except` (a session's uuid) if given. */
export async function endSessionsOf(
  tx: EntityManager,
  accountId: string,
  reason: SessionEnd,
  now: Date,
  except: string | null = null,
): Promise<void> {
  // Locked in one order, so that two who do this at once wait for each other and not both.
  await tx.query(
    `UPDATE session SET ended_at = $3, end_reason = $2 WHERE id IN (
       SELECT id FROM session WHERE account_id = $1 AND ended_at IS NULL AND id IS DISTINCT FROM $4
       ORDER BY id FOR NO KEY UPDATE)`,
    [accountId, reason, now, except],
  );
}
