import { z } from 'zod';
import { isUniqueViolation } from '../../platform/db/database';
import { UserFault } from '../../platform/errors';
import { emailText, tokenText, validateInput } from '../../platform/graph/validate';
import { newUuid } from '../../platform/ids';
import { addToOutbox } from '../../platform/outbox';
import { Account } from './account.entity';
import { emailIndex, newPasswordText, optionalName } from './account.rules';
import { issueMailToken } from './credentials/mail-token';
import { mergeGuestCart } from './merge-guest-cart';
import { userRegistered } from './messages';
import { openSession, signIn, type SignedIn } from './open-session';
import type { AccountsServices } from './services';

const inputSchema = z.object({
  email: emailText,
  password: newPasswordText,
  firstName: optionalName,
  lastName: optionalName,
  cartToken: tokenText.nullish(),
});

/**
 * Makes a customer's account and signs it in at once. UserFault CONFLICT when the e-mail address has an account; SERVICE_UNAVAILABLE
 * when too many passwords are being hashed.
 */
export async function register(services: AccountsServices, input: unknown, requestId: string): Promise<SignedIn> {
  const { email, password, firstName, lastName, cartToken } = validateInput(inputSchema, input);
  const index = emailIndex(services.sealer, email);
  // Asked first only to spare the hash; the unique index decides.
  const known = await services.db.rows('SELECT 1 AS one FROM account WHERE email_index = $1', [index]);
  if (known.length > 0) throw emailTaken(['email']);
  const passwordHash = await services.passwords.hash(password);
  const now = services.clock.now();
  const account = { id: newUuid(), role: 'CUSTOMER', rateTier: 'STANDARD' } as const;
  const open = await services.db
    .transaction(async (tx) => {
      await tx.insert(Account, {
        ...account,
        email,
        emailIndex: index,
        passwordHash,
        firstName,
        lastName,
        createdAt: now,
      });
      await addToOutbox(tx, userRegistered, {
        aggregateId: account.id,
        aggregateVersion: 1,
        cause: requestId,
        time: now,
        payload: { userId: account.id },
      });
      await issueMailToken(tx, services, { accountId: account.id, kind: 'verify-email', now });
      return openSession(tx, { account, action: 'register', now, requestId });
    })
    .catch((error: unknown) => {
      throw isUniqueViolation(error, 'account_email') ? emailTaken(['email']) : error;
    });
  await mergeGuestCart(services, open.principal, cartToken, requestId);
  return signIn(services, open, now);
}

/** Why an address is refused; `field` is the path inside `input`. */
export function emailTaken(field: string[]): UserFault {
  return UserFault.of('CONFLICT', 'This e-mail address has an account already.', field, { retryable: false });
}
