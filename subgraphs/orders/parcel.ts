/** What is to go into a parcel, checked against what has not left yet. */
import type { EntityManager } from 'typeorm';
import { UserFault } from '../../platform/errors';
import type { OrderRow } from './read-orders';
import { refuseTransition } from './record-event';
import { noSuchOrder } from './refusals';
import { isLastParcel, unitsLeft, type LineUnits, type ShippedUnits } from './shipping.rules';

/** A parcel as staff describe it. */
export interface ParcelRequest {
  orderId: string;
  carrier: string;
  trackingNumber: string;
  /** Null: all that is left. */
  lines: ShippedUnits[] | null;
}

/** A parcel that can be shipped. */
interface Parcel {
  order: OrderRow;
  units: ShippedUnits[];
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
  checkUnits(lines, units);
  return { order, units, last: isLastParcel(lines, units), captured: order.captured };
}

function checkUnits(lines: readonly LineUnits[], units: readonly ShippedUnits[]): void {
  const left = new Map(unitsLeft(lines).map(({ lineId, quantity }) => [lineId, quantity]));
  const known = new Set(lines.map(({ id }) => id));
  const seen = new Set<string>();
  units.forEach(({ lineId, quantity }, index) => {
    const field = (name: string): string[] => ['lines', String(index), name];
    if (!known.has(lineId)) throw UserFault.of('NOT_FOUND', 'The order has no such line.', field('lineId'));
    if (seen.has(lineId)) throw UserFault.of('VALIDATION_ERROR', 'Name each line once.', field('lineId'));
    seen.add(lineId);
    const maximum = left.get(lineId) ?? 0;
    if (quantity <= maximum) return;
    throw UserFault.of('VALIDATION_ERROR', 'More than has not been shipped yet.', field('quantity'), { maximum });
  });
}
