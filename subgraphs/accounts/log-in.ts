import { z } from 'zod';
import type { Role } from '../../platform/auth/principal';
import { UserFault } from '../../platform/errors';
import { emailText, tokenText, validateInput } from '../../platform/graph/validate';
import { emailIndex, givenPasswordText } from './account.rules';
import { mergeGuestCart } from './merge-guest-cart';
import { openSession, signIn, type SignedIn } from './open-session';
import type { AccountsServices } from './services';

const inputSchema = z.object({ email: emailText, password: givenPasswordText, cartToken: tokenText.nullish() });

/**
 * Signs somebody in. UserFault UNAUTHENTICATED when address and password do not fit: which of them was wrong is said neither by
 * the answer nor by the time it takes. SERVICE_UNAVAILABLE when too many passwords are being checked.
 */
export async function logIn(services: AccountsServices, input: unknown, requestId: string): Promise<SignedIn> {
  const { email, password, cartToken } = validateInput(inputSchema, input);
  const [account] = await services.db.rows<{ id: string; role: Role; passwordHash: string }>(
    'SELECT id, role, password_hash AS "passwordHash" FROM account WHERE email_index = $1',
    [emailIndex(services.sealer, email)],
  );
  const fits = await services.passwords.verify(account?.passwordHash ?? null, password);
  if (!account || !fits) throw UserFault.of('UNAUTHENTICATED', 'The e-mail address or the password is wrong.');
  const now = services.clock.now();
  const open = await services.db.transaction((tx) => openSession(tx, { account, action: 'login', now, requestId }));
  await mergeGuestCart(services, open.principal, cartToken, requestId);
  return signIn(services, open, now);
}
