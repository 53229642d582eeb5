import { z } from 'zod';
import { requireAdmin } from '../../platform/auth/guard';
import { ROLES, type Principal, type Role } from '../../platform/auth/principal';
import { Fault, UserFault } from '../../platform/errors';
import { idOf, validateInput } from '../../platform/graph/validate';
import { toId } from '../../platform/ids';
import { changeAccount } from './change-account';
import { forgetProfile } from './profile.loaders';
import { recordAudit } from './record-audit';
import type { AccountsServices } from './services';

const inputSchema = z.object({ userId: idOf('user'), role: z.enum(ROLES) });

/**
 * Gives a user another role, in force when the user's session is next refreshed. Gives the user's uuid. Fault FORBIDDEN unless
 * the caller is an admin, now and not just when the token was signed; UserFault NOT_FOUND, and CONFLICT for the last admin.
 */
export async function updateUserRole(
  services: AccountsServices,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<string> {
  const admin = requireAdmin(principal);
  const { userId, role } = validateInput(inputSchema, input);
  const now = services.clock.now();
  await services.db.transaction(async (tx) => {
    // All admins and the user, locked in the order of their ids: two admins who demote each other take turns here, and the
    // second finds one admin less. Not FOR UPDATE, which would hold up their log-ins.
    const locked: { id: string; role: Role }[] = await tx.query(
      `SELECT id, role FROM account WHERE role = 'ADMIN' OR id = $1 ORDER BY id FOR NO KEY UPDATE`,
      [userId],
    );
    const admins = locked.filter((account) => account.role === 'ADMIN');
    if (!admins.some(({ id }) => id === admin.id)) throw new Fault('FORBIDDEN');
    const user = locked.find(({ id }) => id === userId);
    if (!user) throw UserFault.of('NOT_FOUND', 'There is no such user.', ['userId']);
    if (user.role === role) return;
    if (user.role === 'ADMIN' && admins.length === 1) {
      throw UserFault.of('CONFLICT', 'The shop needs an admin, and this is the last one.', ['role'], {
        retryable: false,
      });
    }
    await changeAccount(tx, { userId, set: { role }, now, requestId });
    const target = toId('user', userId);
    await recordAudit(tx, { actor: admin, action: 'updateUserRole', target, time: now, requestId });
  });
  await forgetProfile(services, userId);
  return userId;
}
