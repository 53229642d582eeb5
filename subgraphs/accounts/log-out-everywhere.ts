import { requireUser } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { toId } from '../../platform/ids';
import { endSessionsOf } from './end-session';
import { RIGHTS_CHANNEL } from './messages';
import { recordAudit } from './record-audit';
import type { AccountsServices } from './services';

/**
 * Ends all sessions of the caller: their refresh tokens are void at once, their access tokens when they expire.
 * Gives the user's uuid; Fault UNAUTHENTICATED for nobody.
 */
export async function logOutEverywhere(
  services: AccountsServices,
  principal: Principal,
  requestId: string,
): Promise<string> {
  const user = requireUser(principal);
  const now = services.clock.now();
  await services.db.transaction(async (tx) => {
    await endSessionsOf(tx, user.id, 'logoutEverywhere', now);
    const target = toId('user', user.id);
    await recordAudit(tx, { actor: user, action: 'logoutEverywhere', target, time: now, requestId });
  });
  await services.pubsub.publish(RIGHTS_CHANNEL, { userId: user.id });
  return user.id;
}
