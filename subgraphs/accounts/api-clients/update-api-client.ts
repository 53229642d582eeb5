import { z } from 'zod';
import { requireAdmin } from '../../../platform/auth/guard';
import { RATE_TIERS, type Principal } from '../../../platform/auth/principal';
import { idOf, validateInput } from '../../../platform/graph/validate';
import type { AccountsServices } from '../services';
import { assertNotRevoked, changeClient, type ApiClientRow } from './api-client.rows';

const inputSchema = z.object({ id: idOf('api'), rateTier: z.enum(RATE_TIERS) });

/**
 * Sets how many requests an API client has; in force with its next token. Fault UNAUTHENTICATED, or FORBIDDEN for all but admins;
 * UserFault NOT_FOUND, or CONFLICT when it was revoked.
 */
export async function updateApiClient(
  services: AccountsServices,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<ApiClientRow> {
  const user = requireAdmin(principal);
  const { id, rateTier } = validateInput(inputSchema, input);
  const change = { user, id, action: 'updateApiClient', requestId, adminsOnly: true };
  return changeClient(services, change, async (tx, before) => {
    assertNotRevoked(before);
    await tx.query('UPDATE api_client SET rate_tier = $2 WHERE id = $1', [id, rateTier]);
  });
}
