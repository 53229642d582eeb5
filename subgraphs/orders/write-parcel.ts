/** Writing a parcel that leaves. */
import type { EntityManager } from 'typeorm';
import type { UserPrincipal } from '../../platform/auth/principal';
import { newUuid } from '../../platform/ids';
import type { LineQuantity } from './line-units';
import { actorOf } from './order-access';
import { parcelOf, type ParcelRequest } from './parcel';
import { paymentMoves } from './payment-status.rules';
import { lockOrder } from './read-orders';
import { recordChange, transition } from './record-event';
import { conflict } from './refusals';
import type { OrdersServices } from './services';
import { ShipmentEntity, ShipmentLineEntity } from './shipment.entity';
import { estimatedDelivery } from './shipping.rules';
import { auditStaff } from './staff-audit';

/** Who ships what. `captured`: the money was taken for this parcel a moment ago. */
interface Leaving {
  staff: UserPrincipal;
  parcel: ParcelRequest;
  captured: boolean;
  requestId: string;
}

/** Checks once more, under the lock, and writes parcel, units and event. */
export async function writeParcel(tx: EntityManager, services: OrdersServices, leaving: Leaving): Promise<void> {
  const { staff, parcel, captured, requestId } = leaving;
  const { order, units, last, ...before } = await parcelOf(tx, await lockOrder(tx, parcel.orderId), parcel);
  if (!captured && !before.captured) throw conflict('The order has just changed. Try again.', ['orderId'], true);
  const at = services.clock.now();
  const { carrier, trackingNumber } = parcel;
  const shipmentId = newUuid();
  const shipment = { id: shipmentId, orderId: order.id, carrier, trackingNumber, shippedAt: at };
  await tx.insert(ShipmentEntity, { ...shipment, estimatedDelivery: estimatedDelivery(order.shippingMethod, at) });
  await tx.insert(
    ShipmentLineEntity,
    units.map((unit) => ({ shipmentId, ...unit })),
  );
  await countUnits(tx, units);
  await tx.query('UPDATE orders SET shipped = true, captured_at = coalesce(captured_at, $2) WHERE id = $1', [
    order.id,
    at,
  ]);
  const paymentStatus = captured && paymentMoves(order.paymentStatus, 'PAID') ? ('PAID' as const) : undefined;
  const change = { actor: actorOf(staff), at, cause: requestId, paymentStatus };
  if (last) await transition(tx, services.sealer, order, 'SHIPPED', change);
  else await recordChange(tx, services.sealer, order, 'SHIPMENT_CHANGED', change);
  await auditStaff(tx, staff, { action: 'shipOrder', orderId: order.id, at, requestId });
}

async function countUnits(tx: EntityManager, units: readonly LineQuantity[]): Promise<void> {
  await tx.query(
    `UPDATE order_line l SET shipped_quantity = shipped_quantity + u.quantity
     FROM unnest($1::uuid[], $2::int[]) AS u(id, quantity) WHERE l.id = u.id`,
    [units.map(({ lineId }) => lineId), units.map(({ quantity }) => quantity)],
  );
}
