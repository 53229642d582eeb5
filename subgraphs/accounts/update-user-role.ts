import { z } from 'zod';
import { requireAdmin } from '../../platform/auth/guard';
import { ROLES, type Principal } from '../../platform/auth/principal';
import { UserFault } from '../../platform/errors';
import { idOf, validateInput } from '../../platform/graph/validate';
import { changeUser } from './change-user';
import type { AccountsServices } from './services';

const inputSchema = z.object({ userId: idOf('user'), role: z.enum(ROLES) });

/**
 * Gives a user another role; access tokens with the old one are void within 5 s. Gives the user's uuid. Fault FORBIDDEN unless
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
  return changeUser(services, { admin, userId, requestId }, async ({ user, admins }) => {
    if (user.role === role) return null;
    if (user.role === 'ADMIN' && !user.suspended && admins === 1) {
      throw UserFault.of('CONFLICT', 'The shop needs an admin, and this is the last one.', ['role'], {
        retryable: false,
      });
    }
    return { set: { role }, action: 'updateUserRole' };
  });
}
