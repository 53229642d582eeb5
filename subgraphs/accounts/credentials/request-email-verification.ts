import { requireUser } from '../../../platform/auth/guard';
import type { Principal } from '../../../platform/auth/principal';
import { Fault, UserFault } from '../../../platform/errors';
import { toId } from '../../../platform/ids';
import { recordAudit } from '../record-audit';
import type { AccountsServices } from '../services';
import { issueMailToken } from './mail-token';

/**
 * Mails the caller a new link to confirm their address; the last one is void then. Gives the user's uuid. UserFault CONFLICT
 * when it is confirmed already, or the last mail is not a minute old (`retryable`); Fault UNAUTHENTICATED for nobody.
 */
export async function requestEmailVerification(
  services: AccountsServices,
  principal: Principal,
  requestId: string,
): Promise<string> {
  const user = requireUser(principal);
  const now = services.clock.now();
  await services.db.transaction(async (tx) => {
    const [account]: { verified: boolean }[] = await tx.query(
      'SELECT email_verified AS verified FROM account WHERE id = $1 FOR SHARE',
      [user.id],
    );
    if (!account) throw new Fault('UNAUTHENTICATED');
    if (account.verified) {
      throw UserFault.of('CONFLICT', 'Your address is confirmed.', undefined, { retryable: false });
    }
    if (!(await issueMailToken(tx, services, { accountId: user.id, kind: 'verify-email', now }))) throw tooSoon();
    const target = toId('user', user.id);
    await recordAudit(tx, { actor: user, action: 'requestEmailVerification', target, time: now, requestId });
  });
  return user.id;
}

/** Why no second mail goes out. */
export function tooSoon(): UserFault {
  return UserFault.of('CONFLICT', 'A mail is on its way. Wait a minute before you ask for another.', undefined, {
    retryable: true,
  });
}
