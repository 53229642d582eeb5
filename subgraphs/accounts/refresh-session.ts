import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { hashSecretToken } from '../../platform/auth/secret-token';
import { Fault } from '../../platform/errors';
import { tokenText, validateInput } from '../../platform/graph/validate';
import { toId } from '../../platform/ids';
import { endSession } from './end-session';
import { RIGHTS_CHANNEL } from './messages';
import {
  addRefreshToken,
  signIn,
  type OpenSession,
  type SignedIn,
  principalOf,
  type SignedInAccount,
} from './open-session';
import { recordAudit } from './record-audit';
import type { AccountsServices } from './services';
import { judgeRefresh, REFRESH_TOKEN_MS, successorOf } from './session.rules';

const inputSchema = z.object({ refreshToken: tokenText });

/**
 * Exchanges a refresh token for its successor and a new access token, with the role and rate the account has now. Fault UNAUTHENTICATED
 * when it is unknown, expired, of a session that is over, or used more than 10 s ago: the last ends its session, because
 * somebody holds a copy.
 */
export async function refreshSession(services: AccountsServices, input: unknown, requestId: string): Promise<SignedIn> {
  const { refreshToken } = validateInput(inputSchema, input);
  const now = services.clock.now();
  const open = await services.db.transaction((tx) => exchange(tx, services, refreshToken, now, requestId));
  // Outside the transaction: a throw inside would take back the end of the session.
  if (!open) throw new Fault('UNAUTHENTICATED');
  if ('revokedOf' in open) {
    await services.pubsub.publish(RIGHTS_CHANNEL, { userId: open.revokedOf });
    throw new Fault('UNAUTHENTICATED');
  }
  return signIn(services, open, now);
}

interface KnownToken {
  sessionId: string;
  expiresAt: Date;
  usedAt: Date | null;
  nonce: string;
}

async function exchange(
  tx: EntityManager,
  services: AccountsServices,
  token: string,
  now: Date,
  requestId: string,
): Promise<OpenSession | { revokedOf: string } | null> {
  const hash = hashSecretToken(token);
  // Locks in this order everywhere: token, session. Whoever brings the same token waits here and then finds it used.
  const [known]: KnownToken[] = await tx.query(
    `SELECT session_id AS "sessionId", expires_at AS "expiresAt", used_at AS "usedAt", nonce
     FROM refresh_token WHERE hash = $1 FOR UPDATE`,
    [hash],
  );
  if (!known) return null;
  const [session]: (SignedInAccount & { endedAt: Date | null })[] = await tx.query(
    `SELECT session.ended_at AS "endedAt", account.id, account.role, account.rate_tier AS "rateTier"
     FROM session JOIN account ON account.id = session.account_id WHERE session.id = $1 FOR NO KEY UPDATE OF session`,
    [known.sessionId],
  );
  if (!session) return null;
  const principal = principalOf(session, known.sessionId);
  const successor = successorOf(services.sealer, token, known.nonce);
  switch (judgeRefresh(known, session.endedAt !== null, now)) {
    case 'refuse':
      return null;
    case 'revoke': {
      await endSession(tx, known.sessionId, 'reuse', now);
      const target = toId('sess', known.sessionId);
      await recordAudit(tx, { actor: principal, action: 'refreshTokenReused', target, time: now, requestId });
      return { revokedOf: principal.id };
    }
    case 'rotate': {
      const expiresAt = new Date(now.getTime() + REFRESH_TOKEN_MS);
      await tx.query('UPDATE refresh_token SET used_at = $2 WHERE hash = $1', [hash, now]);
      await addRefreshToken(tx, { token: successor, sessionId: known.sessionId, expiresAt });
      await tx.query('UPDATE session SET expires_at = $2, last_used_at = $3 WHERE id = $1', [
        known.sessionId,
        expiresAt,
        now,
      ]);
      break;
    }
    case 'repeat':
      break;
  }
  return { principal, refreshToken: successor };
}
