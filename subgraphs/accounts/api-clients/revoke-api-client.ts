import { z } from 'zod';
import { requireUser } from '../../../platform/auth/guard';
import type { Principal } from '../../../platform/auth/principal';
import { idOf, validateInput } from '../../../platform/graph/validate';
import { RIGHTS_CHANNEL } from '../messages';
import type { AccountsServices } from '../services';
import { changeClient, type ApiClientRow } from './api-client.rows';

const inputSchema = z.object({ id: idOf('api') });

/**
 * Ends an API client for good: its keys at once, its tokens, sockets and streams within 5 s. Revoked again, it stays as it is. Fault
 * UNAUTHENTICATED or FORBIDDEN; UserFault NOT_FOUND.
 */
export async function revokeApiClient(
  services: AccountsServices,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<ApiClientRow> {
  const user = requireUser(principal);
  const { id } = validateInput(inputSchema, input);
  const change = { user, id, action: 'revokeApiClient', requestId };
  const client = await changeClient(services, change, async (tx, _before, now) => {
    await tx.query('UPDATE api_client SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1', [id, now]);
  });
  await services.pubsub.publish(RIGHTS_CHANNEL, { userId: client.ownerId });
  return client;
}
