/** Reading the log of events with the orders they are about: what live updates are made of. */
import type { Database } from '../../platform/db/database';
import type { OrderStatus } from './messages';
import type { OrdersOf } from './order-access';
import { EVENT_COLUMNS, type EventRow } from './read-events';
import { ORDER_COLUMNS, toOrderRow, type OrderRow, type RawOrderRow } from './read-orders';

/** Whose events are read: one order's, those of all of somebody's orders, or all. */
export type LogSource = { orderId: string } | { whose: OrdersOf } | 'all';

/** An event and its order as it was when both were read. */
export interface LogEntry {
  event: EventRow;
  order: OrderRow;
  /** When that was, in milliseconds of `performance.now()`. */
  readAt: number;
}

/** Which events of a source: those after one position and up to another (null: to the end), oldest first, at most `limit`. */
export interface LogRange {
  after: bigint;
  upTo: bigint | null;
  limit: number;
}

type Raw = RawOrderRow & Omit<EventRow, 'position'> & { position: string; eventStatus: OrderStatus };

const LAST = 9_223_372_036_854_775_807n;

/** One statement, and through an index for every source however long the log is. What has no position yet comes later. */
export async function readLog(db: Database, source: LogSource, { after, upTo, limit }: LogRange): Promise<LogEntry[]> {
  const { from, parameters } = selection(source);
  const readAt = performance.now();
  const rows = await db.rows<Raw>(
    // Both have a status: the event's goes by another name, the order's comes last and stays.
    `SELECT ${EVENT_COLUMNS}, e.status AS "eventStatus", ${ORDER_COLUMNS} ${from} ORDER BY e.position LIMIT $3`,
    [after, upTo ?? LAST, limit, ...parameters],
  );
  return rows.map((row) => ({ event: toEvent(row), order: toOrderRow(row), readAt }));
}

// The limit stands inside as well: without it the planner may walk the whole log for the few events of one owner.
const events = (condition: string): string =>
  `(SELECT * FROM order_event WHERE ${condition} AND position > $1 AND position <= $2 ORDER BY position LIMIT $3) e`;

function selection(source: LogSource): { from: string; parameters: unknown[] } {
  if (source === 'all') return { from: `FROM ${events('true')} JOIN orders o ON o.id = e.order_id`, parameters: [] };
  if ('orderId' in source) {
    const from = `FROM ${events('order_id = $4')} JOIN orders o ON o.id = e.order_id`;
    return { from, parameters: [source.orderId] };
  }
  const { whose } = source;
  const from = `FROM orders o CROSS JOIN LATERAL ${events('order_id = o.id')} WHERE`;
  if ('partnerId' in whose) return { from: `${from} o.partner_id = $4`, parameters: [whose.partnerId] };
  return { from: `${from} o.owner_kind = $4 AND o.owner_id = $5`, parameters: [whose.ownerKind, whose.ownerId] };
}

function toEvent({ orderId, position, type, eventStatus, occurredAt, actorKind, actorId, reason }: Raw): EventRow {
  return { orderId, position: BigInt(position), type, status: eventStatus, occurredAt, actorKind, actorId, reason };
}
