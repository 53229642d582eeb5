/** The only place where an order's status changes, and the only one that writes its events. */
import type { EntityManager } from 'typeorm';
import type { EventOf } from '../../platform/bus/event';
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
  const moved = await moveOn(tx, sealer, order, 'STATUS_CHANGED', to, change);
  await tellMoved(tx, order.id, moved.sequence, to, change);
  if (to === 'CONFIRMED') await tellConfirmed(tx, order, moved, change);
}

/** Records what changes the order but not its status: a parcel, its payment. */
export async function recordChange(
  tx: EntityManager,
  sealer: Sealer,
  order: Known,
  type: Exclude<OrderEventType, 'STATUS_CHANGED'>,
  change: Change,
): Promise<void> {
  await moveOn(tx, sealer, order, type, order.status, change);
}

/** Records that the order, just inserted with version 1, exists: its first event. */
export async function recordPlaced(tx: EntityManager, sealer: Sealer, orderId: string, change: Change): Promise<void> {
  const { actor, at, reason } = change;
  await tx.insert(OrderEventEntity, {
    ...{ orderId, sequence: 1, type: 'STATUS_CHANGED', status: 'PENDING', occurredAt: at },
    ...{ actorKind: actor.kind, actorId: actor.id, reason: reason ? sealer.seal(reason) : null },
  });
  await tellMoved(tx, orderId, 1, 'PENDING', change);
}

/** CONFLICT: an order in one status cannot go to the other. */
export function refuseTransition(from: OrderStatus, to: OrderStatus): Error {
  return conflict(`An order that is ${from} can not become ${to}.`, ['orderId']);
}

/** What a change has made of an order. */
interface Moved {
  /** Of its event. */
  sequence: number;
  /** Of the order, if it is CONFIRMED now: they go with the news. */
  lines: EventOf<typeof orderConfirmed>['payload']['lines'] | null;
}

/** Order and event, in one statement. Throws if the order is not (any more) in the status that was seen. */
async function moveOn(
  tx: EntityManager,
  sealer: Sealer,
  order: Known,
  type: OrderEventType,
  to: OrderStatus,
  { actor, at, reason, paymentStatus }: Change,
): Promise<Moved> {
  const [moved] = await tx.query<Moved[]>(
    `WITH moved AS (
       UPDATE orders SET status = $3, version = version + 1, updated_at = $4, payment_status = coalesce($5, payment_status)
       WHERE id = $1 AND status = $2 RETURNING version
     ), event AS (
       INSERT INTO order_event (order_id, sequence, type, status, occurred_at, actor_kind, actor_id, reason)
       SELECT $1, version, $6, $3, $4, $7, $8, $9 FROM moved
     )
     SELECT version AS sequence, CASE WHEN $3 = 'CONFIRMED' THEN (
       SELECT json_agg(json_build_object('variantId', variant_id, 'productId', product_id, 'quantity', quantity) ORDER BY position)
       FROM order_line WHERE order_id = $1) END AS lines
     FROM moved`,
    [
      ...[order.id, order.status, to, at, paymentStatus ?? null],
      ...[type, actor.kind, actor.id, reason ? sealer.seal(reason) : null],
    ],
  );
  if (!moved) throw refuseTransition(order.status, to);
  return moved;
}

async function tellMoved(
  tx: EntityManager,
  orderId: string,
  sequence: number,
  status: OrderStatus,
  { at, cause }: Change,
): Promise<void> {
  const message = { aggregateId: orderId, aggregateVersion: sequence, cause, time: at };
  await addToOutbox(tx, orderStatusChanged, { ...message, payload: { orderId, status } });
}

async function tellConfirmed(
  tx: EntityManager,
  { id: orderId, ownerKind, ownerId }: Known,
  { sequence, lines }: Moved,
  { at, cause }: Change,
): Promise<void> {
  const message = { aggregateId: orderId, aggregateVersion: sequence, cause, time: at };
  await addToOutbox(tx, orderConfirmed, { ...message, payload: { orderId, ownerKind, ownerId, lines: lines ?? [] } });
}
