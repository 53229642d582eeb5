/** A new secret for an endpoint; the old one signs as well for a day, so that receivers can change over in their own time. */
import { z } from 'zod';
import { requireUser } from '../../../platform/auth/guard';
import type { Principal } from '../../../platform/auth/principal';
import { idOf, validateInput } from '../../../platform/graph/validate';
import type { OrdersServices } from '../services';
import type { NewSecret } from './create-endpoint';
import { changeEndpoint } from './endpoint-store';
import { newWebhookSecret } from './signature';
import { OVERLAP_MS } from './webhook.rules';
import type { RotateWebhookSecretInput } from './webhook.inputs';

const schema = z.object({ id: idOf('hook') });

/** A third secret within the day ends the first. UserFault NOT_FOUND or VALIDATION_ERROR; Fault UNAUTHENTICATED or FORBIDDEN. */
export async function rotateSecret(
  services: OrdersServices,
  principal: Principal,
  input: RotateWebhookSecretInput,
  requestId: string,
): Promise<NewSecret> {
  const user = requireUser(principal);
  const { id } = validateInput(schema, input);
  const secret = newWebhookSecret();
  const change = { user, id, action: 'rotateWebhookSecret', requestId };
  const endpoint = await changeEndpoint(services, change, async (tx) => {
    const until = new Date(services.clock.now().getTime() + OVERLAP_MS);
    await tx.query(
      `UPDATE webhook_endpoint SET secret = $2, previous_secret = secret, previous_secret_until = $3 WHERE id = $1`,
      [id, services.sealer.seal(secret), until],
    );
  });
  return { endpoint, secret };
}
