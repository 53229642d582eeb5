import type { EntityManager } from 'typeorm';
import { newUuid } from '../../../platform/ids';

/** Mails about an account. The first three bring a link, see credentials/mail-token.ts. */
export type AccountMailKind =
  'verify-email' | 'change-email' | 'reset-password' | 'email-changing' | 'password-changed' | 'account-deleted';

/**
 * Notes in the transaction that a mail is to be sent; the job `accounts.send-mails` does it. `subjectId` names the mail, once
 * for each kind; of one with a link it is the token's. `sealedTo`: where to, if not to the account's address at that time.
 */
export async function queueMail(
  tx: EntityManager,
  mail: { kind: AccountMailKind; accountId: string; subjectId?: string; sealedTo?: string | null },
): Promise<void> {
  const { kind, accountId, subjectId = newUuid(), sealedTo = null } = mail;
  await tx.query('INSERT INTO mail (id, kind, subject_id, account_id, sealed_to) VALUES ($1, $2, $3, $4, $5)', [
    newUuid(),
    kind,
    subjectId,
    accountId,
    sealedTo,
  ]);
}
