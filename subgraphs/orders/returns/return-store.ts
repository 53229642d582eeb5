/** Returns in the database. Whoever changes one holds its order's lock. */
import type { EntityManager } from 'typeorm';
import { UserFault } from '../../../platform/errors';
import type { LineQuantity } from '../line-units';
import { lockOrder, type OrderRow } from '../read-orders';
import { conflict } from '../refusals';
import type { ReturnedUnits, ReturnStatus } from './returns.rules';

/** A line of a return that is to be decided. */
interface OpenLine extends ReturnedUnits {
  lineId: string;
}

/** A return that is to be decided, its order under lock. */
export interface OpenReturn {
  order: OrderRow;
  lines: OpenLine[];
}

/** Notes a return; its units are under request from now on. */
export async function insertReturn(
  tx: EntityManager,
  made: { id: string; orderId: string; sealedReason: string | null; at: Date; units: readonly LineQuantity[] },
): Promise<void> {
  const { id, orderId, sealedReason, at, units } = made;
  await tx.query(
    `WITH made AS (
       INSERT INTO order_return (id, order_id, status, reason, requested_at) VALUES ($1, $2, 'REQUESTED', $3, $4)
     )
     INSERT INTO return_line (return_id, line_id, quantity)
     SELECT $1, line_id, quantity FROM unnest($5::uuid[], $6::integer[]) AS line (line_id, quantity)`,
    [id, orderId, sealedReason, at, units.map(({ lineId }) => lineId), units.map(({ quantity }) => quantity)],
  );
  await moveUnits(tx, units, { requested: 1, returned: 0 });
}

/** Moves units of lines into or out of open returns, and into what is returned. A constraint has the last word. */
export async function moveUnits(
  tx: EntityManager,
  units: readonly LineQuantity[],
  sign: { requested: 1 | -1; returned: 0 | 1 },
): Promise<void> {
  await tx.query(
    `UPDATE order_line l SET requested_quantity = requested_quantity + $3 * u.quantity,
       returned_quantity = returned_quantity + $4 * u.quantity
     FROM unnest($1::uuid[], $2::integer[]) AS u (id, quantity) WHERE l.id = u.id`,
    [units.map(({ lineId }) => lineId), units.map(({ quantity }) => quantity), sign.requested, sign.returned],
  );
}

/** Locks the order of a return that is to be decided. UserFault NOT_FOUND, or CONFLICT when it is decided already. */
export async function openReturn(tx: EntityManager, returnId: string): Promise<OpenReturn> {
  const [found] = await tx.query<{ orderId: string }[]>(
    'SELECT order_id AS "orderId" FROM order_return WHERE id = $1',
    [returnId],
  );
  const order = found ? await lockOrder(tx, found.orderId) : null;
  if (!order) throw UserFault.of('NOT_FOUND', 'There is no such return.', ['returnId']);
  // Only now: whoever had the lock before may have decided it.
  const lines = await tx.query<
    (Omit<OpenLine, 'total' | 'tax'> & Record<'total' | 'tax', string> & { status: ReturnStatus })[]
  >(
    `SELECT r.status, l.id AS "lineId", u.quantity, l.returned_quantity AS "returnedQuantity", l.quantity AS "boughtQuantity",
            l.total, l.tax
     FROM order_return r JOIN return_line u ON u.return_id = r.id JOIN order_line l ON l.id = u.line_id
     WHERE r.id = $1 ORDER BY l.position`,
    [returnId],
  );
  if (lines.some(({ status }) => status !== 'REQUESTED')) throw conflict('This return has been decided.', ['returnId']);
  return { order, lines: lines.map((line) => ({ ...line, total: BigInt(line.total), tax: BigInt(line.tax) })) };
}
