import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { RateTier, Role, UserPrincipal } from '../../platform/auth/principal';
import { hashSecretToken, newSecretToken } from '../../platform/auth/secret-token';
import { newUuid, toId } from '../../platform/ids';
import { recordAudit } from './record-audit';
import type { AccountsServices } from './services';
import { RefreshTokenRow, SessionRow } from './session.entity';
import { ACCESS_TOKEN_MS, MAX_SESSIONS, REFRESH_TOKEN_MS } from './session.rules';

/** What a client is given to act as somebody. */
export interface SessionTokens {
  accessToken: string;
  refreshToken: string;
  /** When the access token expires; to the second, as in the token itself. */
  expiresAt: Date;
}

/** Somebody is signed in: as whom, and with which tokens. */
export interface SignedIn {
  principal: UserPrincipal;
  tokens: SessionTokens;
}

/** Of an account, what its sessions say. */
export interface SignedInAccount {
  id: string;
  role: Role;
  rateTier: RateTier;
}

/** Who acts in a session of the account. */
export function principalOf({ id, role, rateTier }: SignedInAccount, sessionId: string): UserPrincipal {
  return { kind: 'user', id, role, sessionId, ...(rateTier !== 'STANDARD' && { rateTier }) };
}

/** A session in the database, before its access token is signed. */
export interface OpenSession {
  principal: UserPrincipal;
  refreshToken: string;
}

/** Begins a session in the transaction and notes it in the audit log under `action`. */
export async function openSession(
  tx: EntityManager,
  options: { account: SignedInAccount; action: 'login' | 'register'; now: Date; requestId: string },
): Promise<OpenSession> {
  const { account, action, now, requestId } = options;
  const principal = principalOf(account, newUuid());
  const refreshToken = newSecretToken();
  const expiresAt = new Date(now.getTime() + REFRESH_TOKEN_MS);
  const { sessionId: id } = principal;
  await tx.insert(SessionRow, { id, accountId: account.id, createdAt: now, lastUsedAt: now, expiresAt });
  await endUnused(tx, account.id, now);
  await addRefreshToken(tx, { token: refreshToken, sessionId: principal.sessionId, expiresAt });
  await recordAudit(tx, { actor: principal, action, target: toId('sess', principal.sessionId), time: now, requestId });
  return { principal, refreshToken };
}

/** Ends the sessions longest unused of those beyond the number one can have. */
async function endUnused(tx: EntityManager, accountId: string, now: Date): Promise<void> {
  await tx.query(
    `UPDATE session SET ended_at = $2, end_reason = 'tooMany' WHERE ended_at IS NULL AND id IN (
       SELECT id FROM session WHERE account_id = $1 AND ended_at IS NULL
       ORDER BY last_used_at DESC, id DESC OFFSET ${MAX_SESSIONS} LIMIT ${MAX_SESSIONS})`,
    [accountId, now],
  );
}

/** Stores a refresh token as its session's current one. */
export async function addRefreshToken(
  tx: EntityManager,
  options: { token: string; sessionId: string; expiresAt: Date },
): Promise<void> {
  const { token, sessionId, expiresAt } = options;
  const nonce = randomBytes(16).toString('base64url');
  await tx.insert(RefreshTokenRow, { hash: hashSecretToken(token), sessionId, expiresAt, nonce });
}

/** Signs the access token of a session that stands; after the commit, so that no token tells of a session that is not. */
export async function signIn(services: AccountsServices, open: OpenSession, now: Date): Promise<SignedIn> {
  const { principal, refreshToken } = open;
  // A token's times are whole seconds; told more exactly, it would expire before it is said to.
  const expiresAt = new Date(Math.floor((now.getTime() + ACCESS_TOKEN_MS) / 1_000) * 1_000);
  const { id: userId, role, sessionId, rateTier } = principal;
  const accessToken = await services.accessTokens.sign({ userId, role, sessionId, rateTier, expiresAt });
  return { principal, tokens: { accessToken, refreshToken, expiresAt } };
}
