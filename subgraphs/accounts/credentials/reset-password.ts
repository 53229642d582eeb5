import { z } from 'zod';
import { hashSecretToken } from '../../../platform/auth/secret-token';
import { tokenText, validateInput } from '../../../platform/graph/validate';
import { newPasswordText } from '../account.rules';
import { RIGHTS_CHANNEL } from '../messages';
import { forgetProfile } from '../profile.loaders';
import type { AccountsServices, ClientRequest } from '../services';
import { mailTokenStands, takeMailToken } from './mail-token';
import { setPassword } from './set-password';
import { voidToken } from './verify-email';

const inputSchema = z.object({ token: tokenText, password: newPasswordText });

/**
 * Sets a new password by a token from a mail, which also proves the address; ends all sessions and lets the account be tried
 * anew. Gives the user's uuid. UserFault NOT_FOUND when the token is unknown, used or too old; Faults RATE_LIMIT_EXCEEDED after
 * too many bad tokens, SERVICE_UNAVAILABLE when too many passwords are being hashed.
 */
export async function resetPassword(
  services: AccountsServices,
  input: unknown,
  request: ClientRequest,
): Promise<string> {
  const { token, password } = validateInput(inputSchema, input);
  const { requestId, clientAddress } = request;
  const hash = hashSecretToken(token);
  const now = services.clock.now();
  const userId = await services.brake.attempt({ subject: hash, clientAddress }, async () => {
    if (!(await mailTokenStands(services.db, hash, 'reset-password', now))) return null;
    const passwordHash = await services.passwords.hash(password);
    return services.db.transaction(async (tx) => {
      const taken = await takeMailToken(tx, hash, ['reset-password'], now);
      if (!taken) return null;
      const action = 'resetPassword';
      const common = { passwordHash, verified: true, keepSession: null, action, now, requestId } as const;
      await setPassword(tx, { userId: taken.accountId, ...common });
      return taken.accountId;
    });
  });
  if (userId === null) throw voidToken();
  const [account] = await services.db.rows<{ index: string }>(
    'SELECT email_index AS index FROM account WHERE id = $1',
    [userId],
  );
  if (account) await services.brake.release(account.index);
  await forgetProfile(services, userId);
  await services.pubsub.publish(RIGHTS_CHANNEL, { userId });
  return userId;
}
