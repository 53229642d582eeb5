/** Sending again what an endpoint was sent, or what it missed: its place in the log goes back. */
import { z } from 'zod';
import { requireUser } from '../../../platform/auth/guard';
import type { Principal } from '../../../platform/auth/principal';
import { Fault } from '../../../platform/errors';
import { idOf, validateInput } from '../../../platform/graph/validate';
import { fromCursor } from '../event-cursor';
import { headOfLog } from '../read-events';
import type { OrdersServices } from '../services';
import { changeEndpoint, type EndpointRow } from './endpoint-store';
import type { ReplayWebhookEventsInput } from './webhook.inputs';

const schemaAt = (head: bigint) =>
  z.object({
    id: idOf('hook'),
    after: z.string().transform((value, context) => {
      const position = positionOf(value);
      if (position !== null && position <= head) return position;
      context.addIssue({ code: 'custom', message: 'Must be the cursor of an order event.' });
      return z.NEVER;
    }),
  });

/**
 * Everything after the cursor is sent again under the ids it had, in order. Repeated, it only begins anew. UserFault NOT_FOUND,
 * or VALIDATION_ERROR for a cursor that is none or lies in the future; Fault UNAUTHENTICATED or FORBIDDEN.
 */
export async function replayEvents(
  services: OrdersServices,
  principal: Principal,
  input: ReplayWebhookEventsInput,
  requestId: string,
): Promise<EndpointRow> {
  const user = requireUser(principal);
  const { id, after } = validateInput(schemaAt(await headOfLog(services)), input);
  const change = { user, id, action: 'replayWebhookEvents', requestId };
  return changeEndpoint(services, change, async (tx) => {
    await tx.query('UPDATE webhook_endpoint SET position = least(position, $2) WHERE id = $1', [id, after]);
  });
}

function positionOf(cursor: string): bigint | null {
  try {
    return fromCursor(cursor);
  } catch (error) {
    if (error instanceof Fault) return null;
    throw error;
  }
}
