import { z } from 'zod';
import { requireUser } from '../../../platform/auth/guard';
import type { Principal } from '../../../platform/auth/principal';
import { UserFault } from '../../../platform/errors';
import { idOf, validateInput } from '../../../platform/graph/validate';
import { toId } from '../../../platform/ids';
import { endSession } from '../end-session';
import { RIGHTS_CHANNEL } from '../messages';
import { recordAudit } from '../record-audit';
import type { AccountsServices } from '../services';
import type { ActiveSessionRow } from './active-sessions.loaders';

const inputSchema = z.object({ sessionId: idOf('sess') });

/**
 * Ends one of the caller's sessions, this or another, and gives it as it was. UserFault NOT_FOUND when it is over or not the
 * caller's; Fault UNAUTHENTICATED for nobody.
 */
export async function revokeSession(
  services: AccountsServices,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<ActiveSessionRow> {
  const user = requireUser(principal);
  const { sessionId } = validateInput(inputSchema, input);
  const now = services.clock.now();
  const revoked = await services.db.transaction(async (tx) => {
    const [session]: ActiveSessionRow[] = await tx.query(
      `SELECT id, account_id AS "userId", created_at AS "createdAt", last_used_at AS "lastUsedAt", expires_at AS "expiresAt"
       FROM session WHERE id = $1 AND account_id = $2 AND expires_at > $3`,
      [sessionId, user.id, now],
    );
    if (!session || !(await endSession(tx, sessionId, 'revoked', now))) {
      throw UserFault.of('NOT_FOUND', 'There is no such session.', ['sessionId']);
    }
    const target = toId('sess', sessionId);
    await recordAudit(tx, { actor: user, action: 'revokeSession', target, time: now, requestId });
    return session;
  });
  await services.pubsub.publish(RIGHTS_CHANNEL, { userId: user.id });
  return revoked;
}
