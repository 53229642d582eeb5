import { z } from 'zod';
import { UserFault } from '../../platform/errors';
import { emailText, tokenText, validateInput } from '../../platform/graph/validate';
import { emailIndex, givenPasswordText } from './account.rules';
import { mergeGuestCart } from './merge-guest-cart';
import { openSession, signIn, type SignedIn, type SignedInAccount } from './open-session';
import type { AccountsServices, ClientRequest } from './services';

const inputSchema = z.object({ email: emailText, password: givenPasswordText, cartToken: tokenText.nullish() });

/**
 * Signs somebody in. UserFault UNAUTHENTICATED when address and password do not fit: which of them was wrong is said neither by
 * the answer nor by the time it takes; also when the account is suspended, which only who knows the password is told. Fault
 * RATE_LIMIT_EXCEEDED after too many wrong passwords; SERVICE_UNAVAILABLE when too many are being checked.
 */
export async function logIn(services: AccountsServices, input: unknown, request: ClientRequest): Promise<SignedIn> {
  const { requestId, clientAddress } = request;
  const { email, password, cartToken } = validateInput(inputSchema, input);
  const index = emailIndex(services.sealer, email);
  const account = await services.brake.attempt({ subject: index, clientAddress }, async () => {
    const [known] = await services.db.rows<SignedInAccount & { passwordHash: string }>(
      'SELECT id, role, rate_tier AS "rateTier", password_hash AS "passwordHash" FROM account WHERE email_index = $1',
      [index],
    );
    const fits = await services.passwords.verify(known?.passwordHash ?? null, password);
    return known && fits ? known : null;
  });
  if (!account) throw wrong();
  const now = services.clock.now();
  const open = await services.db.transaction(async (tx) => {
    // Locked against what ends all sessions that it finds in the same moment: a suspension, or another password.
    const [good]: { suspended: boolean }[] = await tx.query(
      'SELECT suspended_at IS NOT NULL AS suspended FROM account WHERE id = $1 AND password_hash = $2 FOR SHARE',
      [account.id, account.passwordHash],
    );
    if (!good) throw wrong();
    if (good.suspended) throw UserFault.of('UNAUTHENTICATED', 'This account is suspended. Ask the shop why.');
    return openSession(tx, { account, action: 'login', now, requestId });
  });
  await mergeGuestCart(services, open.principal, cartToken, requestId);
  return signIn(services, open, now);
}

function wrong(): UserFault {
  return UserFault.of('UNAUTHENTICATED', 'The e-mail address or the password is wrong.');
}
