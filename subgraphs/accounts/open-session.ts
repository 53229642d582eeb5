import { randomBytes } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import type { Role, UserPrincipal } from '../../platform/auth/principal';
import { hashSecretToken, newSecretToken } from '../../platform/auth/secret-token';
import { newUuid, toId } from '../../platform/ids';
import { recordAudit } from './record-audit';
import type { AccountsServices } from './services';
import { RefreshTokenRow, SessionRow } from './session.entity';
import { ACCESS_TOKEN_MS, REFRESH_TOKEN_MS } from './session.rules';

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

/** A session in the database, before its access token is signed. */
export interface OpenSession {
  principal: UserPrincipal;
  refreshToken: string;
}

/** Begins a session in the transaction and notes it in the audit log under `action`. */
export async function openSession(
  tx: EntityManager,
  options: { account: { id: string; role: Role }; action: 'login' | 'register'; now: Date; requestId: string },
): Promise<OpenSession> {
  const { account, action, now, requestId } = options;
  const principal: UserPrincipal = { kind: 'user', id: account.id, role: account.role, sessionId: newUuid() };
  const refreshToken = newSecretToken();
  const expiresAt = new Date(now.getTime() + REFRESH_TOKEN_MS);
  await tx.insert(SessionRow, { id: principal.sessionId, accountId: account.id, createdAt: now, expiresAt });
  await addRefreshToken(tx, { token: refreshToken, sessionId: principal.sessionId, expiresAt });
  await recordAudit(tx, { actor: principal, action, target: toId('sess', principal.sessionId), time: now, requestId });
  return { principal, refreshToken };
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
  const { id: userId, role, sessionId } = principal;
  const accessToken = await services.accessTokens.sign({ userId, role, sessionId, expiresAt });
  return { principal, tokens: { accessToken, refreshToken, expiresAt } };
}
