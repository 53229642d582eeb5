import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { hashSecretToken } from '../../../platform/auth/secret-token';
import { isUniqueViolation } from '../../../platform/db/database';
import { UserFault } from '../../../platform/errors';
import { tokenText, validateInput } from '../../../platform/graph/validate';
import { toId } from '../../../platform/ids';
import { emailIndex } from '../account.rules';
import { changeAccount } from '../change-account';
import { forgetProfile } from '../profile.loaders';
import { recordAudit } from '../record-audit';
import { emailTaken } from '../register';
import type { AccountsServices, ClientRequest } from '../services';
import { takeMailToken } from './mail-token';

const inputSchema = z.object({ token: tokenText });

/**
 * Confirms an address by a token that was mailed to it: the account's own, or the one it is to have from now on; all links
 * mailed before are void then. Gives the user's uuid. UserFault NOT_FOUND when the token is unknown, used or too old; CONFLICT when the new address has been given
 * an account meanwhile; Fault RATE_LIMIT_EXCEEDED after too many bad tokens.
 */
export async function verifyEmail(services: AccountsServices, input: unknown, request: ClientRequest): Promise<string> {
  const { token } = validateInput(inputSchema, input);
  const { requestId, clientAddress } = request;
  const hash = hashSecretToken(token);
  const userId = await services.brake.attempt({ subject: hash, clientAddress }, () =>
    services.db
      .transaction((tx) => confirm(tx, services, hash, requestId))
      .catch((error: unknown) => {
        throw isUniqueViolation(error, 'account_email') ? emailTaken(['token']) : error;
      }),
  );
  if (userId === null) throw voidToken();
  await forgetProfile(services, userId);
  return userId;
}

/** Why a token from a mail is refused. */
export function voidToken(): UserFault {
  return UserFault.of('NOT_FOUND', 'This link is not good any more. Ask for a new one.', ['token']);
}

async function confirm(
  tx: EntityManager,
  services: AccountsServices,
  hash: string,
  requestId: string,
): Promise<string | null> {
  const now = services.clock.now();
  const taken = await takeMailToken(tx, hash, ['verify-email', 'change-email'], now);
  if (!taken) return null;
  const { accountId: userId, sealedEmail } = taken;
  const email = sealedEmail === null ? null : services.sealer.open(sealedEmail);
  const moved = email === null ? {} : { email, emailIndex: emailIndex(services.sealer, email) };
  await changeAccount(tx, { userId, set: { ...moved, emailVerified: true }, now, requestId });
  // Whoever reads the old mailbox may hold a link from it. After the change: a link that is being made waits for the account.
  if (email !== null) await tx.query('DELETE FROM mail_token WHERE account_id = $1', [userId]);
  const action = email === null ? 'verifyEmail' : 'confirmEmailChange';
  await recordAudit(tx, { actor: { id: userId }, action, target: toId('user', userId), time: now, requestId });
  return userId;
}
