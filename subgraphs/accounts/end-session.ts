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
