import { z } from 'zod';
import type { Principal } from '../../../platform/auth/principal';
import { UserFault } from '../../../platform/errors';
import { emailText, validateInput } from '../../../platform/graph/validate';
import { toId } from '../../../platform/ids';
import { emailIndex, givenPasswordText } from '../account.rules';
import { queueMail } from '../mail/queue-mail';
import { recordAudit } from '../record-audit';
import { emailTaken } from '../register';
import type { AccountsServices, ClientRequest } from '../services';
import { issueMailToken } from './mail-token';
import { lockProven, provePassword } from './prove-password';
import { tooSoon } from './request-email-verification';

const inputSchema = z.object({ password: givenPasswordText, email: emailText });

/**
 * Mails a link to the address that the caller's account is to have, and a notice to the one it has; it changes when the
 * link is used (verifyEmail). Gives the user's uuid. UserFaults UNAUTHENTICATED when the password is wrong, CONFLICT when the
 * address has an account, as at registration, or the last mail is not a minute old. Faults as those of provePassword.
 */
export async function changeEmail(
  services: AccountsServices,
  principal: Principal,
  input: unknown,
  request: ClientRequest,
): Promise<string> {
  const { password, email } = validateInput(inputSchema, input);
  const field = 'password';
  const proven = await provePassword(services, principal, { password, field }, request);
  const index = emailIndex(services.sealer, email);
  const { id: accountId } = proven.user;
  const now = services.clock.now();
  await services.db.transaction(async (tx) => {
    await lockProven(tx, proven, field);
    if (index === proven.emailIndex) {
      throw UserFault.of('CONFLICT', 'This is your address already.', ['email'], { retryable: false });
    }
    const known: unknown[] = await tx.query('SELECT 1 AS one FROM account WHERE email_index = $1', [index]);
    if (known.length > 0) throw emailTaken(['email']);
    const sealedEmail = services.sealer.seal(email);
    if (!(await issueMailToken(tx, services, { accountId, kind: 'change-email', now, sealedEmail }))) throw tooSoon();
    // Its own address by name: when this is sent, the account may have moved.
    await queueMail(tx, { kind: 'email-changing', accountId, sealedTo: proven.sealedEmail });
    const { requestId } = request;
    const target = toId('user', accountId);
    await recordAudit(tx, { actor: proven.user, action: 'changeEmail', target, time: now, requestId });
  });
  return accountId;
}
