import { z } from 'zod';
import { requireAdmin } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { UserFault } from '../../platform/errors';
import { freeText, idOf, validateInput } from '../../platform/graph/validate';
import { changeUser } from './change-user';
import { endSessionsOf } from './end-session';
import type { AccountsServices } from './services';

const inputSchema = z.object({ userId: idOf('user'), suspended: z.boolean(), reason: freeText.nullish() });

/**
 * Suspends a user, which ends all sessions and refuses new ones, or lifts that. What is so already stays as it is, its
 * reason too. Gives the user's uuid. Fault FORBIDDEN unless the caller is an admin now; UserFault NOT_FOUND, and CONFLICT for
 * oneself: that way the shop always keeps an admin.
 */
export async function suspendUser(
  services: AccountsServices,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<string> {
  const admin = requireAdmin(principal);
  const { userId, suspended, reason } = validateInput(inputSchema, input);
  return changeUser(services, { admin, userId, requestId }, async ({ tx, user, now }) => {
    if (userId === admin.id) {
      throw UserFault.of('CONFLICT', 'You cannot suspend yourself: ask another admin.', ['userId'], {
        retryable: false,
      });
    }
    if (user.suspended === suspended) return null;
    if (!suspended) return { set: { suspendedAt: null, suspensionReason: null }, action: 'unsuspendUser' };
    await endSessionsOf(tx, userId, 'suspended', now);
    return { set: { suspendedAt: now, suspensionReason: reason ?? null }, action: 'suspendUser' };
  });
}
