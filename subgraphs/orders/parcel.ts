/** What is to go into a parcel, checked against what has not left yet. */
import type { EntityManager } from 'typeorm';
import { checkUnits, type LineQuantity } from './line-units';
import type { OrderRow } from './read-orders';
import { refuseTransition } from './record-event';
import { noSuchOrder } from './refusals';
import { isLastParcel, unitsLeft, type LineUnits } from './shipping.rules';

/** A parcel as staff describe it. */
export interface ParcelRequest {
  orderId: string;
  carrier: string;
  trackingNumber: string;
  /** Null: all that is left. */
  lines: LineQuantity[] | null;
}

/** A parcel that can be shipped. */
interface Parcel {
  order: OrderRow;
  units: LineQuantity[];
  /** Whether nothing is left after it. */
  last: boolean;
  /** Whether the money was taken already. */
  captured: boolean;
}

/** Checks it. The transaction holds the order's lock. UserFault NOT_FOUND, CONFLICT, VALIDATION_ERROR. */
export async function parcelOf(tx: EntityManager, order: OrderRow | null, request: ParcelRequest): Promise<Parcel> {
  if (!order) throw noSuchOrder();
  if (order.status !== 'PROCESSING') throw refuseTransition(order.status, 'SHIPPED');
  const lines: LineUnits[] = await tx.query(
    'SELECT id, quantity, shipped_quantity AS "shippedQuantity" FROM order_line WHERE order_id = $1 ORDER BY position',
    [order.id],
  );
  const units = request.lines ?? unitsLeft(lines);
  const atMost = new Map(lines.map((line) => [line.id, line.quantity - line.shippedQuantity]));
  checkUnits(units, atMost, 'More than has not been shipped yet.');
  return { order, units, last: isLastParcel(lines, units), captured: order.captured };
}
