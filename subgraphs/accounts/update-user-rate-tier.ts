import { z } from 'zod';
import { requireAdmin } from '../../platform/auth/guard';
import { RATE_TIERS, type Principal } from '../../platform/auth/principal';
import { idOf, validateInput } from '../../platform/graph/validate';
import { changeUser } from './change-user';
import type { AccountsServices } from './services';

const inputSchema = z.object({ userId: idOf('user'), rateTier: z.enum(RATE_TIERS) });

/**
 * Sets how many requests a user has, in force when the user's session is next refreshed. Gives the user's uuid. Fault FORBIDDEN
 * unless the caller is an admin now; UserFault NOT_FOUND.
 */
export async function updateUserRateTier(
  services: AccountsServices,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<string> {
  const admin = requireAdmin(principal);
  const { userId, rateTier } = validateInput(inputSchema, input);
  return changeUser(services, { admin, userId, requestId }, async ({ user }) =>
    user.rateTier === rateTier ? null : { set: { rateTier }, action: 'updateUserRateTier' },
  );
}
