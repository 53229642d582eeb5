import type { z } from 'zod';
import type { ClientPrincipal } from '../../../platform/auth/principal';
import { hashSecretToken } from '../../../platform/auth/secret-token';
import { handleForServices } from '../../../platform/commands/command';
import { Fault } from '../../../platform/errors';
import { fromId, newUuid, toId } from '../../../platform/ids';
import { issueClientToken } from '../messages';
import { recordAudit } from '../record-audit';
import type { AccountsServices } from '../services';
import { ACCESS_TOKEN_MS } from '../session.rules';
import { CLIENT_COLUMNS, KEY_STANDS, type ApiClientRow } from './api-client.rows';

/** Issues an access token to whoever has a client's key, with the scopes asked for. */
export const issueClientTokenHandler = handleForServices(
  issueClientToken,
  async (services: AccountsServices, asked, { requestId }) => {
    const { scopes } = asked;
    const known = await proven(services, asked);
    if (known instanceof Fault)
      return { outcome: 'braked' as const, retrySeconds: Number(known.details?.['retryAfter'] ?? 1) };
    if (!known) return { outcome: 'unknown' as const };
    const { client, keyId } = known;
    if (!scopes.every((scope) => client.scopes.some((one) => one === scope))) return { outcome: 'badScope' as const };
    const granted = client.scopes.filter((scope) => scopes.length === 0 || scopes.includes(scope));
    const { id, ownerId, rateTier } = client;
    const actor: ClientPrincipal = { kind: 'client', id, ownerId, keyId, scopes: granted, rateTier };
    const now = services.clock.now();
    await services.db.transaction(async (tx) => {
      // To the hour: a write for each token would tell nobody more.
      await tx.query(
        `UPDATE api_client SET last_used_at = date_trunc('hour', $2::timestamptz)
         WHERE id = $1 AND last_used_at IS DISTINCT FROM date_trunc('hour', $2::timestamptz)`,
        [id, now],
      );
      await recordAudit(tx, { actor, action: 'issueClientToken', target: toId('api', id), time: now, requestId });
    });
    const accessToken = await services.accessTokens.signClient(actor, new Date(now.getTime() + ACCESS_TOKEN_MS));
    return { outcome: 'issued' as const, accessToken, expiresInSeconds: ACCESS_TOKEN_MS / 1_000, scopes: granted };
  },
);

interface Proven {
  client: ApiClientRow;
  keyId: string;
}

/**
 * The client whose key it is, null if it is none, or the brake's fault. Braked by address alone, each try being a subject of its own:
 * ids are no secrets, so whoever knew one could shut the client out, and a program may start many workers at once.
 */
async function proven(
  services: AccountsServices,
  { clientId, key, clientAddress }: z.output<typeof issueClientToken.input>,
): Promise<Proven | Fault | null> {
  const check = (): Promise<Proven | null> => clientWith(services, fromId('api', clientId), key);
  return services.brake.attempt({ subject: newUuid(), clientAddress }, check).catch((error: unknown) => {
    if (error instanceof Fault && error.code === 'RATE_LIMIT_EXCEEDED') return error;
    throw error;
  });
}

async function clientWith(
  { db, clock }: AccountsServices,
  clientId: string | null,
  key: string,
): Promise<Proven | null> {
  if (clientId === null) return null;
  const [row] = await db.rows<ApiClientRow & { keyId: string }>(
    `SELECT ${CLIENT_COLUMNS}, k.id AS "keyId"
     FROM api_key k JOIN api_client c ON c.id = k.client_id JOIN account a ON a.id = c.owner_id
     WHERE k.hash = $1 AND c.id = $3 AND ${KEY_STANDS}`,
    [hashSecretToken(key), clock.now(), clientId],
  );
  return row ? { client: row, keyId: row.keyId } : null;
}
