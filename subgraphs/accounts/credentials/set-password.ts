import type { EntityManager } from 'typeorm';
import { toId } from '../../../platform/ids';
import { changeAccount } from '../change-account';
import { endSessionsOf } from '../end-session';
import { queueMail } from '../mail/queue-mail';
import { recordAudit } from '../record-audit';

/**
 * Gives an account another password in the transaction. Whoever knew the old one is out: all sessions end but `keepSession`,
 * and links to reset it or to move the account to another address are void. Its owner is told by mail.
 */
export async function setPassword(
  tx: EntityManager,
  options: {
    userId: string;
    passwordHash: string;
    /** Whether the link that led here proves the address. */
    verified: boolean;
    keepSession: string | null;
    action: 'changePassword' | 'resetPassword';
    now: Date;
    requestId: string;
  },
): Promise<void> {
  const { userId, passwordHash, verified, keepSession, action, now, requestId } = options;
  await changeAccount(tx, { userId, set: { passwordHash, ...(verified && { emailVerified: true }) }, now, requestId });
  await endSessionsOf(tx, userId, 'passwordChanged', now, keepSession);
  await tx.query(`DELETE FROM mail_token WHERE account_id = $1 AND (kind <> 'verify-email' OR $2)`, [userId, verified]);
  await queueMail(tx, { kind: 'password-changed', accountId: userId });
  await recordAudit(tx, { actor: { id: userId }, action, target: toId('user', userId), time: now, requestId });
}
