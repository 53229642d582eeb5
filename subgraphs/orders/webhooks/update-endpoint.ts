/** Changing where events are sent, which of them, and whether at all. */
import { z } from 'zod';
import { requireUser } from '../../../platform/auth/guard';
import type { Principal } from '../../../platform/auth/principal';
import { freeText, idOf, validateInput } from '../../../platform/graph/validate';
import type { OrdersServices } from '../services';
import { eventTypes, urlIn } from './create-endpoint';
import { changeEndpoint, type EndpointRow } from './endpoint-store';
import type { UpdateWebhookEndpointInput } from './webhook.inputs';

const schemaIn = (production: boolean) =>
  z.object({
    id: idOf('hook'),
    url: urlIn(production).nullish(),
    types: eventTypes.nullish(),
    description: freeText.nullish(),
    status: z.enum(['ACTIVE', 'PAUSED'], { error: 'Must be ACTIVE or PAUSED.' }).nullish(),
  });

/**
 * What is absent stays. Made ACTIVE, it is sent everything since it was left, what waits for its next attempt at once. UserFault
 * NOT_FOUND or VALIDATION_ERROR; Fault UNAUTHENTICATED or FORBIDDEN.
 */
export async function updateEndpoint(
  services: OrdersServices,
  principal: Principal,
  input: UpdateWebhookEndpointInput,
  requestId: string,
): Promise<EndpointRow> {
  const user = requireUser(principal);
  const { id, url, types, description, status } = validateInput(schemaIn(services.config.production), input);
  const { sealer } = services;
  const change = { user, id, action: 'updateWebhookEndpoint', requestId };
  return changeEndpoint(services, change, async (tx, before) => {
    const words = description == null ? before.description : description === '' ? null : sealer.seal(description);
    await tx.query(
      `UPDATE webhook_endpoint SET url = $2, types = $3, description = $4, status = $5,
         failing_since = CASE WHEN $6 THEN NULL ELSE failing_since END WHERE id = $1`,
      [
        ...[id, url ? sealer.seal(url) : before.url, types ?? before.types, words],
        ...[status ?? before.status, status === 'ACTIVE'],
      ],
    );
    if (status !== 'ACTIVE') return;
    await tx.query(
      `UPDATE webhook_delivery SET due_at = now() WHERE endpoint_id = $1 AND status = 'PENDING' AND lease IS NULL`,
      [id],
    );
  });
}
