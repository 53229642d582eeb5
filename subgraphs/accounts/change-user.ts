import type { EntityManager } from 'typeorm';
import type { UserPrincipal } from '../../platform/auth/principal';
import { toId } from '../../platform/ids';
import { changeAccount, type AccountChange } from './change-account';
import { lockWithAdmins, type LockedUser } from './lock-admins';
import { RIGHTS_CHANNEL } from './messages';
import { forgetProfile } from './profile.loaders';
import { recordAudit } from './record-audit';
import type { AccountsServices } from './services';

/** What an admin does to a user, and what the audit log calls it. */
export interface UserChange {
  set: AccountChange;
  action: string;
}

/**
 * Changes a user as an admin, notes it, and tells everybody who has to know. `change` decides inside the transaction, with the user
 * and all admins locked (`admins` is how many there are), at the time `now`; null: it is so already. Gives the user's uuid.
 * Fault FORBIDDEN unless `admin` is one now and not just when the token was signed; UserFault NOT_FOUND.
 */
export async function changeUser(
  services: AccountsServices,
  by: { admin: UserPrincipal; userId: string; requestId: string },
  change: (locked: { tx: EntityManager; user: LockedUser; admins: number; now: Date }) => Promise<UserChange | null>,
): Promise<string> {
  const { admin, userId, requestId } = by;
  const now = services.clock.now();
  await services.db.transaction(async (tx) => {
    const changed = await change({ tx, ...(await lockWithAdmins(tx, admin.id, userId)), now });
    if (!changed) return;
    const { set, action } = changed;
    await changeAccount(tx, { userId, set, now, requestId });
    await recordAudit(tx, { actor: admin, action, target: toId('user', userId), time: now, requestId });
  });
  await forgetProfile(services, userId);
  await services.pubsub.publish(RIGHTS_CHANNEL, { userId });
  return userId;
}
