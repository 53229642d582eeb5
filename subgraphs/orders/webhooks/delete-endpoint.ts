/** Ending an endpoint: nothing more is sent, and the log of its deliveries goes. */
import { z } from 'zod';
import { requireUser } from '../../../platform/auth/guard';
import type { Principal } from '../../../platform/auth/principal';
import { idOf, validateInput } from '../../../platform/graph/validate';
import type { OrdersServices } from '../services';
import { changeEndpoint, type EndpointRow } from './endpoint-store';
import type { DeleteWebhookEndpointInput } from './webhook.inputs';

const schema = z.object({ id: idOf('hook') });

/** Gives it as it was. UserFault NOT_FOUND or VALIDATION_ERROR; Fault UNAUTHENTICATED or FORBIDDEN. */
export async function deleteEndpoint(
  services: OrdersServices,
  principal: Principal,
  input: DeleteWebhookEndpointInput,
  requestId: string,
): Promise<EndpointRow> {
  const user = requireUser(principal);
  const { id } = validateInput(schema, input);
  const change = { user, id, action: 'deleteWebhookEndpoint', requestId };
  return changeEndpoint(services, change, async (tx) => {
    await tx.query('DELETE FROM webhook_endpoint WHERE id = $1', [id]);
  });
}
