import { z } from 'zod';
import type { Principal } from '../../../platform/auth/principal';
import { validateInput } from '../../../platform/graph/validate';
import { givenPasswordText, newPasswordText } from '../account.rules';
import { RIGHTS_CHANNEL } from '../messages';
import type { AccountsServices, ClientRequest } from '../services';
import { lockProven, provePassword } from './prove-password';
import { setPassword } from './set-password';

const inputSchema = z.object({ currentPassword: givenPasswordText, newPassword: newPasswordText });

/**
 * Changes the caller's password and ends their other sessions. Gives the user's uuid. UserFault UNAUTHENTICATED when the current
 * password is wrong; Faults as those of provePassword, and SERVICE_UNAVAILABLE when too many passwords are being hashed.
 */
export async function changePassword(
  services: AccountsServices,
  principal: Principal,
  input: unknown,
  request: ClientRequest,
): Promise<string> {
  const { currentPassword, newPassword } = validateInput(inputSchema, input);
  const field = 'currentPassword';
  const proven = await provePassword(services, principal, { password: currentPassword, field }, request);
  const { id: userId, sessionId: keepSession } = proven.user;
  const passwordHash = await services.passwords.hash(newPassword);
  const now = services.clock.now();
  const { requestId } = request;
  await services.db.transaction(async (tx) => {
    await lockProven(tx, proven, field);
    const action = 'changePassword';
    await setPassword(tx, { userId, passwordHash, verified: false, keepSession, action, now, requestId });
  });
  await services.pubsub.publish(RIGHTS_CHANNEL, { userId });
  return userId;
}
