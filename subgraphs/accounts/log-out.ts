import { requireUser } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { toId } from '../../platform/ids';
import { endSession } from './end-session';
import { RIGHTS_CHANNEL } from './messages';
import { recordAudit } from './record-audit';
import type { AccountsServices } from './services';

/**
 * Ends the caller's session: its refresh tokens are void at once, its access token within seconds. Ending it again is fine.
 * Gives the user's uuid; Fault UNAUTHENTICATED for nobody.
 */
export async function logOut(services: AccountsServices, principal: Principal, requestId: string): Promise<string> {
  const user = requireUser(principal);
  const now = services.clock.now();
  await services.db.transaction(async (tx) => {
    if (!(await endSession(tx, user.sessionId, 'logout', now))) return;
    const target = toId('sess', user.sessionId);
    await recordAudit(tx, { actor: user, action: 'logout', target, time: now, requestId });
  });
  await services.pubsub.publish(RIGHTS_CHANNEL, { userId: user.id });
  return user.id;
}
