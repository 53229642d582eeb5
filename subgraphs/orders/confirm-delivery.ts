/** The carrier has delivered one parcel, or all that are under way. */
import { z } from 'zod';
import type { EntityManager } from 'typeorm';
import { requireStaff } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { UserFault } from '../../platform/errors';
import { idOf, validateInput } from '../../platform/graph/validate';
import { actorOf } from './order-access';
import type { ConfirmDeliveryInput } from './order.inputs';
import { lockOrder } from './read-orders';
import { recordChange, transition } from './record-event';
import { conflict, noSuchOrder } from './refusals';
import type { OrdersServices } from './services';
import { auditStaff } from './staff-audit';

const schema = z.object({ orderId: idOf('ord'), shipmentId: idOf('shp').nullish() });

/**
 * Gives the order's uuid. Staff only. The order is DELIVERED when all has left and all has arrived. UserFault NOT_FOUND for an
 * unknown order or parcel, CONFLICT when nothing is under way.
 */
export async function confirmDelivery(
  services: OrdersServices,
  principal: Principal,
  input: ConfirmDeliveryInput,
  requestId: string,
): Promise<string> {
  const staff = requireStaff(principal);
  const { orderId, shipmentId } = validateInput(schema, input);
  await services.db.transaction(async (tx) => {
    const order = await lockOrder(tx, orderId);
    if (!order) throw noSuchOrder();
    const at = services.clock.now();
    const underWay = await deliver(tx, { orderId, shipmentId: shipmentId ?? null, at });
    const change = { actor: actorOf(staff), at, cause: requestId };
    if (order.status === 'SHIPPED' && underWay === 0) await transition(tx, services.sealer, order, 'DELIVERED', change);
    else await recordChange(tx, services.sealer, order, 'SHIPMENT_CHANGED', change);
    await auditStaff(tx, staff, { action: 'confirmDelivery', orderId, at, requestId });
  });
  services.eventLog.wake();
  return orderId;
}

/** Marks the parcels; gives how many are still under way. */
async function deliver(
  tx: EntityManager,
  { orderId, shipmentId, at }: { orderId: string; shipmentId: string | null; at: Date },
): Promise<number> {
  const parcels: { id: string; delivered: boolean }[] = await tx.query(
    'SELECT id, delivered_at IS NOT NULL AS delivered FROM shipment WHERE order_id = $1',
    [orderId],
  );
  if (shipmentId !== null && !parcels.some(({ id }) => id === shipmentId)) {
    throw UserFault.of('NOT_FOUND', 'The order has no such parcel.', ['shipmentId']);
  }
  const underWay = parcels.filter(({ delivered }) => !delivered).map(({ id }) => id);
  const arrived = underWay.filter((id) => shipmentId === null || id === shipmentId);
  if (arrived.length === 0) {
    if (shipmentId !== null) throw conflict('This parcel has been delivered already.', ['shipmentId']);
    throw conflict('No parcel of this order is under way.', ['orderId']);
  }
  await tx.query('UPDATE shipment SET delivered_at = $2 WHERE id = ANY($1::uuid[])', [arrived, at]);
  return underWay.length - arrived.length;
}
