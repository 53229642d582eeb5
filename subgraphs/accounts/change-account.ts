import type { EntityManager } from 'typeorm';
import { addToOutbox } from '../../platform/outbox';
import { Account } from './account.entity';
import { userChanged } from './messages';

/** What of an account can be changed. */
export type AccountChange = Partial<
  Pick<
    Account,
    | 'firstName'
    | 'lastName'
    | 'role'
    | 'rateTier'
    | 'email'
    | 'emailIndex'
    | 'emailVerified'
    | 'passwordHash'
    | 'suspendedAt'
    | 'suspensionReason'
  >
>;

/** Changes an account in the transaction and tells the others; false if there is no such account. */
export async function changeAccount(
  tx: EntityManager,
  options: {
    userId: string;
    set: AccountChange;
    now: Date;
    requestId: string;
  },
): Promise<boolean> {
  const { userId, set, now, requestId } = options;
  const { affected } = await tx.update(Account, { id: userId }, { ...set, version: () => 'version + 1' });
  if (!affected) return false;
  // The update holds the row: this is the version it has made.
  const [row]: { version: number }[] = await tx.query('SELECT version FROM account WHERE id = $1', [userId]);
  await addToOutbox(tx, userChanged, {
    aggregateId: userId,
    aggregateVersion: row?.version ?? 0,
    cause: requestId,
    time: now,
    payload: { userId },
  });
  return true;
}
