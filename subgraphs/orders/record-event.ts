/** The only place where an order's status changes, and the only one that writes its events. */
import type { EntityManager } from 'typeorm';
import type { Sealer } from '../../platform/seal';
import { addToOutbox } from '../../platform/outbox';
import { orderConfirmed, orderStatusChanged, type OrderStatus } from './messages';
import type { EventActor } from './order-access';
import { OrderEventEntity, type OrderEventType } from './order-event.entity';
import { mayBecome } from './order-status.rules';
import type { OrderPaymentStatus } from './payment-status.rules';
import type { OrderRow } from './read-orders';
import { conflict } from './refusals';

/** Who did it, when, why, and in which request or because of which event. */
export interface Change {
  actor: EventActor;
  at: Date;
  cause: string;
  /** Words of whoever did it, or ours. */
  reason?: string | null;
  /** What is learnt of the payment by the same act. */
  paymentStatus?: OrderPaymentStatus;
}

/** What is known of the order before the change. */
type Known = Pick<OrderRow, 'id' | 'status' | 'ownerKind' | 'ownerId'>;

/**
 * Moves the order's status in the transaction of whatever else belongs to it: conditional update, event, messages. Throws
 * UserFault CONFLICT if the table does not allow it, or if the status is no longer what the caller saw.
 */
export async function transition(
  tx: EntityManager,
  sealer: Sealer,
  order: Known,
  to: OrderStatus,
  change: Change,
): Promise<void> {
  if (!mayBecome(order.status, to)) throw refuseTransition(order.status, to);
  const sequence = await moveOn(tx, order, to, change);
  if (sequence === null) throw refuseTransition(order.status, to);
  await writeEvent(tx, sealer, order.id, sequence, 'STATUS_CHANGED', to, change);
  if (to === 'CONFIRMED') await tellConfirmed(tx, order, sequence, change);
}

/** Records what changes the order but not its status: a parcel, its payment. */
export async function recordChange(
  tx: EntityManager,
  sealer: Sealer,
  order: Known,
  type: Exclude<OrderEventType, 'STATUS_CHANGED'>,
  change: Change,
): Promise<void> {
  const sequence = await moveOn(tx, order, order.status, change);
  if (sequence === null) throw refuseTransition(order.status, order.status);
  await writeEvent(tx, sealer, order.id, sequence, type, order.status, change);
}

/** Records that the order, just inserted with version 1, exists: its first event. */
export function recordPlaced(tx: EntityManager, sealer: Sealer, orderId: string, change: Change): Promise<void> {
  return writeEvent(tx, sealer, orderId, 1, 'STATUS_CHANGED', 'PENDING', change);
}

/** CONFLICT: an order in one status cannot go to the other. */
export function refuseTransition(from: OrderStatus, to: OrderStatus): Error {
  return conflict(`An order that is ${from} can not become ${to}.`, ['orderId']);
}

/** Gives the event's sequence, or null if the order is not (any more) in the status that was seen. */
async function moveOn(tx: EntityManager, order: Known, to: OrderStatus, change: Change): Promise<number | null> {
  const [rows]: [{ version: number }[], number] = await tx.query(
    `UPDATE orders SET status = $3, version = version + 1, updated_at = $4, payment_status = coalesce($5, payment_status)
     WHERE id = $1 AND status = $2 RETURNING version`,
    [order.id, order.status, to, change.at, change.paymentStatus ?? null],
  );
  return rows[0]?.version ?? null;
}

async function writeEvent(
  tx: EntityManager,
  sealer: Sealer,
  orderId: string,
  sequence: number,
  type: OrderEventType,
  status: OrderStatus,
  { actor, at, reason, cause }: Change,
): Promise<void> {
  await tx.insert(OrderEventEntity, {
    orderId,
    sequence,
    type,
    status,
    occurredAt: at,
    actorKind: actor.kind,
    actorId: actor.id,
    reason: reason ? sealer.seal(reason) : null,
  });
  if (type !== 'STATUS_CHANGED') return;
  const message = { aggregateId: orderId, aggregateVersion: sequence, cause, time: at };
  await addToOutbox(tx, orderStatusChanged, { ...message, payload: { orderId, status } });
}

async function tellConfirmed(tx: EntityManager, order: Known, sequence: number, { at, cause }: Change): Promise<void> {
  const lines: { variantId: string; productId: string; quantity: number }[] = await tx.query(
    `SELECT variant_id AS "variantId", product_id AS "productId", quantity FROM order_line WHERE order_id = $1 ORDER BY position`,
    [order.id],
  );
  const { id: orderId, ownerKind, ownerId } = order;
  const message = { aggregateId: orderId, aggregateVersion: sequence, cause, time: at };
  await addToOutbox(tx, orderConfirmed, { ...message, payload: { orderId, ownerKind, ownerId, lines } });
}
