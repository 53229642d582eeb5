/** Making a URL to which the events of a partner's own orders are sent. */
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { recordAudit } from '../../../platform/audit';
import { requireUser } from '../../../platform/auth/guard';
import type { Principal, UserPrincipal } from '../../../platform/auth/principal';
import { Fault, UserFault } from '../../../platform/errors';
import { freeText, text, validateInput } from '../../../platform/graph/validate';
import { newUuid, toId } from '../../../platform/ids';
import { ORDER_EVENT_TYPES, type OrderEventType } from '../order-event.entity';
import type { OrdersServices } from '../services';
import { MAX_URL_LENGTH, urlProblem } from './address.rules';
import { visibleEndpoint, type EndpointRow } from './endpoint-store';
import { newWebhookSecret } from './signature';
import { MAX_ENDPOINTS } from './webhook.rules';
import type { CreateWebhookEndpointInput } from './webhook.inputs';

/** A URL for webhooks; what is allowed depends on where the shop runs. */
export const urlIn = (production: boolean): z.ZodType<string> =>
  text(MAX_URL_LENGTH).superRefine((value, context) => {
    const message = urlProblem(value, production);
    if (message !== null) context.addIssue({ code: 'custom', message });
  });

/** Which types of events; given more than once they count once. */
export const eventTypes = z
  .array(z.enum(ORDER_EVENT_TYPES))
  .min(1, 'Must name at least one type.')
  .max(50, 'Must have at most 50 values.')
  .transform((types): OrderEventType[] => [...new Set(types)]);

const schemaIn = (production: boolean) =>
  z.object({ url: urlIn(production), types: eventTypes.nullish(), description: freeText.nullish() });

/** What a partner gets: the endpoint, and its secret this once. */
export interface NewSecret {
  endpoint: EndpointRow;
  secret: string;
}

/**
 * It is sent what happens from now on. Fault UNAUTHENTICATED, or FORBIDDEN for other roles than PARTNER; UserFault VALIDATION_ERROR,
 * or CONFLICT when there are 10 already.
 */
export async function createEndpoint(
  services: OrdersServices,
  principal: Principal,
  input: CreateWebhookEndpointInput,
  requestId: string,
): Promise<NewSecret> {
  const user = requireUser(principal);
  if (user.role !== 'PARTNER') throw new Fault('FORBIDDEN');
  const asked = validateInput(schemaIn(services.config.production), input);
  const id = newUuid();
  const secret = newWebhookSecret();
  await services.db.transaction(async (tx) => {
    await insert(tx, services, user, { id, secret, ...asked });
    const target = toId('hook', id);
    await recordAudit(tx, services, {
      actor: user,
      action: 'createWebhookEndpoint',
      targetUuid: id,
      target,
      requestId,
    });
  });
  const endpoint = await visibleEndpoint(services, user, id);
  if (!endpoint) throw new Fault('INTERNAL_ERROR');
  return { endpoint, secret };
}

type Made = { id: string; secret: string } & z.output<ReturnType<typeof schemaIn>>;

/** Under a lock of the owner's: two that count at once would both find room for one. */
async function insert(
  tx: EntityManager,
  { sealer, clock }: OrdersServices,
  user: UserPrincipal,
  { id, secret, url, types, description }: Made,
): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [user.id]);
  const inserted: unknown[] = await tx.query(
    `INSERT INTO webhook_endpoint (id, owner_kind, owner_id, url, description, types, status, secret, position, created_at)
     SELECT $1, 'user', $2, $3, $4, $5, 'ACTIVE', $6, (SELECT coalesce(max(position), 0) FROM order_event), $7
     WHERE (SELECT count(*) FROM webhook_endpoint WHERE owner_kind = 'user' AND owner_id = $2) < $8 RETURNING 1`,
    [
      ...[id, user.id, sealer.seal(url), description ? sealer.seal(description) : null],
      ...[types ?? ORDER_EVENT_TYPES, sealer.seal(secret), clock.now(), MAX_ENDPOINTS],
    ],
  );
  if (inserted.length > 0) return;
  const message = `There are ${MAX_ENDPOINTS} endpoints already. Delete one first.`;
  throw UserFault.of('CONFLICT', message, undefined, { maximum: MAX_ENDPOINTS, retryable: false });
}
