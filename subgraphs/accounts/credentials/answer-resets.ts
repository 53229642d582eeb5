import { toId } from '../../../platform/ids';
import type { Job } from '../../../platform/subgraph';
import { recordAudit } from '../record-audit';
import type { AccountsServices } from '../services';
import { issueMailToken } from './mail-token';

/** Questions answered in one transaction. */
const BATCH = 100;

/** Mails a link to everybody who has asked for one and has an account, at most one a minute; forgets the questions. */
export async function answerResets(services: AccountsServices): Promise<void> {
  const { db, clock } = services;
  for (let answered = BATCH; answered === BATCH;) {
    answered = await db.transaction(async (tx) => {
      const asked: { userId: string | null; requestId: string }[] = await tx.query(
        `WITH oldest AS (
           SELECT email_index FROM reset_request ORDER BY requested_at LIMIT $1 FOR UPDATE SKIP LOCKED
         ), asked AS (
           DELETE FROM reset_request r USING oldest o WHERE r.email_index = o.email_index
           RETURNING r.email_index, r.request_id
         )
         SELECT account.id AS "userId", asked.request_id AS "requestId"
         FROM asked LEFT JOIN account ON account.email_index = asked.email_index ORDER BY account.id`,
        [BATCH],
      );
      const now = clock.now();
      for (const { userId, requestId } of asked) {
        if (userId === null) continue;
        if (!(await issueMailToken(tx, services, { accountId: userId, kind: 'reset-password', now }))) continue;
        const target = toId('user', userId);
        await recordAudit(tx, { actor: null, action: 'requestPasswordReset', target, time: now, requestId });
      }
      return asked.length;
    });
  }
}

/** The job, every second: somebody is waiting for the mail. */
export const answerResetsJob: Job<AccountsServices> = {
  name: 'accounts.answer-resets',
  everyMs: 1_000,
  run: answerResets,
};
