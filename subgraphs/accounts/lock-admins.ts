import type { EntityManager } from 'typeorm';
import type { RateTier, Role } from '../../platform/auth/principal';
import { Fault, UserFault } from '../../platform/errors';

/** An account that an admin is about to change. */
export interface LockedUser {
  role: Role;
  rateTier: RateTier;
  suspended: boolean;
}

/**
 * Locks all admins and the user `userId` for the transaction, in the order of their ids, so that two admins who turn on each
 * other take turns and the second finds one admin less. Gives the user, if there is one, and the ids of all admins who can
 * sign in.
 */
export async function lockAdmins(
  tx: EntityManager,
  userId: string,
): Promise<{ user: LockedUser | undefined; admins: string[] }> {
  const locked: ({ id: string } & LockedUser)[] = await tx.query(
    `SELECT id, role, rate_tier AS "rateTier", suspended_at IS NOT NULL AS suspended
     FROM account WHERE role = 'ADMIN' OR id = $1 ORDER BY id FOR NO KEY UPDATE`,
    [userId],
  );
  const admins = locked.filter(({ role, suspended }) => role === 'ADMIN' && !suspended).map(({ id }) => id);
  return { user: locked.find(({ id }) => id === userId), admins };
}

/**
 * The same for an admin who is about to change the user; `admins` is how many there are. Fault FORBIDDEN unless `adminId` is
 * an admin, now and not just when the token was signed; UserFault NOT_FOUND if there is no such user.
 */
export async function lockWithAdmins(
  tx: EntityManager,
  adminId: string,
  userId: string,
): Promise<{ user: LockedUser; admins: number }> {
  const { user, admins } = await lockAdmins(tx, userId);
  if (!admins.includes(adminId)) throw new Fault('FORBIDDEN');
  if (!user) throw UserFault.of('NOT_FOUND', 'There is no such user.', ['userId']);
  return { user, admins: admins.length };
}
