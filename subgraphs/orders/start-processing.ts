/** Fulfilment of an order has begun. */
import { z } from 'zod';
import { requireStaff } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { idOf, validateInput } from '../../platform/graph/validate';
import { actorOf } from './order-access';
import type { StartProcessingInput } from './order.inputs';
import { lockOrder } from './read-orders';
import { transition } from './record-event';
import { noSuchOrder } from './refusals';
import type { OrdersServices } from './services';
import { auditStaff } from './staff-audit';

const schema = z.object({ orderId: idOf('ord') });

/** Gives the order's uuid. Staff only; UserFault NOT_FOUND, or CONFLICT unless it is CONFIRMED. */
export async function startProcessing(
  services: OrdersServices,
  principal: Principal,
  input: StartProcessingInput,
  requestId: string,
): Promise<string> {
  const staff = requireStaff(principal);
  const { orderId } = validateInput(schema, input);
  await services.db.transaction(async (tx) => {
    const order = await lockOrder(tx, orderId);
    if (!order) throw noSuchOrder();
    const at = services.clock.now();
    await transition(tx, services.sealer, order, 'PROCESSING', { actor: actorOf(staff), at, cause: requestId });
    await auditStaff(tx, staff, { action: 'startProcessing', orderId, at, requestId });
  });
  services.eventLog.wake();
  return orderId;
}
