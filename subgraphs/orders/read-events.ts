/** Reading the event log. */
import type { OrderStatus } from './messages';
import type { ActorKind, OrderEventType } from './order-event.entity';
import type { OrdersServices } from './services';

/** A numbered event; its reason is still sealed. */
export interface EventRow {
  orderId: string;
  position: bigint;
  type: OrderEventType;
  status: OrderStatus;
  occurredAt: Date;
  actorKind: ActorKind;
  /** A user's or API client's; null: the shop itself, or a guest. */
  actorId: string | null;
  reason: string | null;
}

type Raw = Omit<EventRow, 'position'> & { position: string | null };

/** Columns of {@link EventRow}; the table is `order_event e`. */
export const EVENT_COLUMNS = `e.order_id AS "orderId", e.position, e.type, e.status, e.occurred_at AS "occurredAt",
  e.actor_kind AS "actorKind", e.actor_id AS "actorId", e.reason`;

/** What timeline asks for. */
export interface TimelineRange {
  /** Only what comes after this position; 0: from the beginning. */
  after: bigint;
  first: number;
}

/** Oldest events of each order within the range. One statement, unless an event is so new that it has no position yet. */
export async function timelines(
  services: OrdersServices,
  orderIds: readonly string[],
  { after, first }: TimelineRange,
): Promise<EventRow[]> {
  const read = (): Promise<Raw[]> =>
    services.db.rows<Raw>(
      `SELECT ${EVENT_COLUMNS} FROM unnest($1::uuid[]) AS o(id) CROSS JOIN LATERAL (
         SELECT * FROM order_event WHERE order_id = o.id AND (position > $2 OR position IS NULL) ORDER BY position LIMIT $3
       ) e ORDER BY e.order_id, e.position`,
      [orderIds, after, first],
    );
  let rows = await read();
  if (rows.some(({ position }) => position === null)) {
    await services.eventLog.number();
    rows = await read();
  }
  // What was written between numbering and reading is left out, as if it had been written after.
  return rows.flatMap(toEvent);
}

/** An order's newest event, numbered if it was not; null: there is no such order. */
export async function newestEvent(services: OrdersServices, orderId: string): Promise<EventRow | null> {
  const newest = (where: string): Promise<Raw[]> =>
    services.db.rows<Raw>(
      `SELECT ${EVENT_COLUMNS} FROM order_event e WHERE e.order_id = $1 AND ${where} ORDER BY e.sequence DESC LIMIT 1`,
      [orderId],
    );
  const [row] = await newest('true');
  if (row?.position !== null) return row ? (toEvent(row)[0] ?? null) : null;
  await services.eventLog.number();
  // Newer ones may have come meanwhile: they are told of when they have their position.
  return (await newest('e.position IS NOT NULL')).flatMap(toEvent)[0] ?? null;
}

/** Position of the newest numbered event of all orders; 0 when there is none. */
export async function headOfLog({ db }: Pick<OrdersServices, 'db'>): Promise<bigint> {
  const [row] = await db.rows<{ head: string | null }>('SELECT max(position) AS head FROM order_event');
  return BigInt(row?.head ?? 0);
}

function toEvent({ position, ...row }: Raw): EventRow[] {
  return position === null ? [] : [{ ...row, position: BigInt(position) }];
}
