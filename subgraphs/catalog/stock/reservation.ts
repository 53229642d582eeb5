/** Reservations of orders: the row that makes commands idempotent by its state, and its lines. */
import type { EntityManager } from 'typeorm';
import { Counter } from 'prom-client';
import type { StockLine } from './ledger';

/** EMPTY holds nothing and may reserve (again); RELEASED is for good. */
export type ReservationState = 'EMPTY' | 'RESERVED' | 'PINNED' | 'SOLD' | 'RELEASED';

/** A reservation under lock. */
export interface LockedReservation {
  state: ReservationState;
  expiresAt: Date | null;
  /** RESERVED, and its time has passed by the database's clock, whether or not the sweeper has been there. */
  due: boolean;
}

/** What reservations came to, for the metric "reservation failures". */
export const reservationOutcomes = new Counter({
  name: 'souk_stock_reservations_total',
  help: 'Reservations of stock, by outcome.',
  labelNames: ['outcome'],
});

const LOCKED = `state, expires_at AS "expiresAt", state = 'RESERVED' AND expires_at <= clock_timestamp() AS due`;

/** Makes the reservation row of an order if there is none (in state `fresh`), and locks it. */
export async function lockReservation(
  tx: EntityManager,
  orderId: string,
  fresh: 'EMPTY' | 'RELEASED',
): Promise<LockedReservation> {
  // What is there is written over with itself: that locks it and gives it, in the one statement.
  const [row] = await tx.query<LockedReservation[]>(
    `WITH locked AS (
       INSERT INTO reservation AS r (order_id, state) VALUES ($1, $2)
       ON CONFLICT (order_id) DO UPDATE SET state = r.state RETURNING r.state, r.expires_at
     ) SELECT ${LOCKED} FROM locked`,
    [orderId, fresh],
  );
  if (!row) throw new Error('a reservation row vanished');
  return row;
}

/** Locks the reservation of an order; null if it never had one. */
export async function findReservation(tx: EntityManager, orderId: string): Promise<LockedReservation | null> {
  const [row] = await tx.query<LockedReservation[]>(
    `SELECT ${LOCKED} FROM reservation WHERE order_id = $1 FOR UPDATE`,
    [orderId],
  );
  return row ?? null;
}

/** Lines of reservations, which must be under lock. */
export async function linesOf(tx: EntityManager, orderIds: readonly string[]): Promise<StockLine[]> {
  return tx.query<StockLine[]>(
    `SELECT order_id AS "orderId", variant_id AS "variantId", quantity FROM reservation_line
     WHERE order_id = ANY($1::uuid[]) ORDER BY variant_id, order_id`,
    [orderIds],
  );
}

/** Moves reservations to a state. */
export async function setState(
  tx: EntityManager,
  orderIds: readonly string[],
  state: Exclude<ReservationState, 'RESERVED'>,
): Promise<void> {
  await tx.query('UPDATE reservation SET state = $2 WHERE order_id = ANY($1::uuid[])', [orderIds, state]);
}
