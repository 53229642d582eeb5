import { z } from 'zod';
import { requireUser } from '../../../platform/auth/guard';
import { SCOPES, type Principal, type Scope } from '../../../platform/auth/principal';
import { UserFault } from '../../../platform/errors';
import { nameText, validateInput } from '../../../platform/graph/validate';
import { newUuid, toId } from '../../../platform/ids';
import { recordAudit } from '../record-audit';
import type { AccountsServices } from '../services';
import { addKey, lockPartner, type ApiClientRow } from './api-client.rows';

/** API clients a partner has that are not revoked, at most. */
export const MAX_CLIENTS = 20;

const inputSchema = z.object({
  name: nameText,
  scopes: z
    .array(z.enum(SCOPES, `Must be one of ${SCOPES.join(', ')}.`))
    .min(1, 'Must name at least one scope.')
    .max(50, 'Must have at most 50 values.')
    .transform((given): Scope[] => SCOPES.filter((scope) => given.includes(scope)))
    .nullish(),
});

/** An API client, and its key this once. */
export interface NewKey {
  client: ApiClientRow;
  key: string;
}

/**
 * Makes an API client for the caller, with all scopes unless told otherwise. Fault UNAUTHENTICATED, or FORBIDDEN unless the caller
 * is a partner now; UserFault VALIDATION_ERROR, or CONFLICT when there are 20 already.
 */
export async function createApiClient(
  { db, sealer, clock }: AccountsServices,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<NewKey> {
  const user = requireUser(principal);
  const { name, scopes } = validateInput(inputSchema, input);
  const now = clock.now();
  const client: ApiClientRow = {
    ...{ id: newUuid(), ownerId: user.id, name: sealer.seal(name), scopes: scopes ?? [...SCOPES] },
    ...{ rateTier: 'PARTNER', createdAt: now, lastUsedAt: null, revokedAt: null },
  };
  return db.transaction(async (tx) => {
    // Two that count at once would both find room for one.
    await lockPartner(tx, user);
    const [row]: { count: number }[] = await tx.query(
      'SELECT count(*)::integer AS count FROM api_client WHERE owner_id = $1 AND revoked_at IS NULL',
      [user.id],
    );
    if (row && row.count >= MAX_CLIENTS) {
      const message = `There are ${MAX_CLIENTS} API clients already. Revoke one first.`;
      throw UserFault.of('CONFLICT', message, undefined, { maximum: MAX_CLIENTS, retryable: false });
    }
    await tx.query(
      'INSERT INTO api_client (id, owner_id, name, scopes, rate_tier, created_at) VALUES ($1, $2, $3, $4, $5, $6)',
      [client.id, client.ownerId, client.name, client.scopes, client.rateTier, now],
    );
    const key = await addKey(tx, client.id, now);
    const target = toId('api', client.id);
    await recordAudit(tx, { actor: user, action: 'createApiClient', target, time: now, requestId });
    return { client, key };
  });
}
