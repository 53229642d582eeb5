/** API clients in the database. Whoever changes one holds its row. */
import type { EntityManager } from 'typeorm';
import type { RateTier, Role, Scope, UserPrincipal } from '../../../platform/auth/principal';
import { hashSecretToken, newSecretToken } from '../../../platform/auth/secret-token';
import { Fault, UserFault } from '../../../platform/errors';
import { newUuid, toId } from '../../../platform/ids';
import { recordAudit } from '../record-audit';
import type { AccountsServices } from '../services';

/** An API client. */
export interface ApiClientRow {
  /** uuid. */
  id: string;
  ownerId: string;
  /** Sealed. */
  name: string;
  scopes: Scope[];
  rateTier: RateTier;
  createdAt: Date;
  /** To the hour; null: never. */
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

/** Columns of {@link ApiClientRow}; the table is `api_client c`. */
export const CLIENT_COLUMNS = `c.id, c.owner_id AS "ownerId", c.name, c.scopes, c.rate_tier AS "rateTier",
  c.created_at AS "createdAt", c.last_used_at AS "lastUsedAt", c.revoked_at AS "revokedAt"`;

/** Whether key `k` of client `c` of account `a` is good at the time `$2`. A partner who is one no more has no clients. */
export const KEY_STANDS = `c.revoked_at IS NULL AND a.role = 'PARTNER' AND a.suspended_at IS NULL
  AND (k.expires_at IS NULL OR k.expires_at > $2)`;

/** How a key begins, so that people and scanners of leaked secrets know one when they see it. */
const KEY_PREFIX = 'souk_live_';

/** Gives the client a new key; only its hash is stored. */
export async function addKey(tx: EntityManager, clientId: string, now: Date): Promise<string> {
  const key = `${KEY_PREFIX}${newSecretToken()}`;
  await tx.query('INSERT INTO api_key (id, client_id, hash, created_at) VALUES ($1, $2, $3, $4)', [
    ...[newUuid(), clientId, hashSecretToken(key), now],
  ]);
  return key;
}

/** Fault FORBIDDEN unless the user is a partner now, and not just when the token was signed. Holds the account's row. */
export async function lockPartner(tx: EntityManager, user: UserPrincipal): Promise<void> {
  const found: unknown[] = await tx.query(
    `SELECT 1 AS one FROM account WHERE id = $1 AND role = 'PARTNER' AND suspended_at IS NULL FOR NO KEY UPDATE`,
    [user.id],
  );
  if (found.length === 0) throw new Fault('FORBIDDEN');
}

/** A change of an API client. */
export interface ApiClientChange {
  user: UserPrincipal;
  /** uuid. */
  id: string;
  /** The use case, for the audit log. */
  action: string;
  requestId: string;
  /** Not for its owner. */
  adminsOnly?: boolean;
}

/**
 * Runs `change` on a client under its lock, notes it for the audit log, and gives the client as it is then. For its owner and for
 * admins; what counts is the role that the user has now, and not the token's. UserFault NOT_FOUND, also for somebody else's;
 * Fault FORBIDDEN for owners who may not.
 */
export async function changeClient(
  { db, clock }: AccountsServices,
  { user, id, action, requestId, adminsOnly = false }: ApiClientChange,
  change: (tx: EntityManager, before: ApiClientRow, now: Date) => Promise<void>,
): Promise<ApiClientRow> {
  const now = clock.now();
  return db.transaction(async (tx) => {
    // Held: the role cannot be taken away between this look and the change.
    const [account] = await tx.query<{ role: Role }[]>(
      'SELECT role FROM account WHERE id = $1 AND suspended_at IS NULL FOR SHARE',
      [user.id],
    );
    const admin = account?.role === 'ADMIN';
    const lock = `SELECT ${CLIENT_COLUMNS} FROM api_client c WHERE c.id = $1 FOR UPDATE`;
    const [before] = await tx.query<ApiClientRow[]>(lock, [id]);
    if (!before || (before.ownerId !== user.id && !admin))
      throw UserFault.of('NOT_FOUND', 'There is no such API client.', ['id']);
    if (!admin && (adminsOnly || account?.role !== 'PARTNER')) throw new Fault('FORBIDDEN');
    await change(tx, before, now);
    await recordAudit(tx, { actor: user, action, target: toId('api', id), time: now, requestId });
    const [after] = await tx.query<ApiClientRow[]>(lock, [id]);
    return after ?? before;
  });
}

/** CONFLICT: it can no longer be changed. */
export function assertNotRevoked({ revokedAt }: ApiClientRow): void {
  if (revokedAt) throw UserFault.of('CONFLICT', 'The API client was revoked.', ['id'], { retryable: false });
}
