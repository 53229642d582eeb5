/** Watches orders as a client does, and writes events without the work of whole mutations. */
import type { Principal } from '../../platform/auth/principal';
import type { SubgraphResult } from '../../platform/graph/endpoint';
import type { OrdersShop } from './orders-shop';

/** A subscription field. */
export type Field = 'orderUpdated' | 'myOrdersUpdated' | 'ordersUpdated';

/** An update as the documents below select it. */
export interface Update {
  cursor: string;
  kind: string;
  event: { cursor: string; type: string; status: string };
  order: { id: string; status: string };
}

const PARTS = '{ cursor kind event { cursor type status } order { id status } }';
const ALL_TYPES = ['STATUS_CHANGED', 'SHIPMENT_CHANGED', 'PAYMENT_CHANGED', 'RETURN_CHANGED'];
const DOCUMENTS: Record<Field, string> = {
  orderUpdated: `subscription ($orderId: ID!, $token: String, $after: String, $types: [OrderEventType!]) {
    orderUpdated(orderId: $orderId, token: $token, after: $after, types: $types) ${PARTS} }`,
  myOrdersUpdated: `subscription ($after: String, $types: [OrderEventType!]) {
    myOrdersUpdated(after: $after, types: $types) ${PARTS} }`,
  ordersUpdated: `subscription ($filter: OrderFilter, $after: String, $types: [OrderEventType!]) {
    ordersUpdated(filter: $filter, after: $after, types: $types) ${PARTS} }`,
};

/** An open subscription. */
export class Watching {
  constructor(
    private readonly field: Field,
    private readonly stream: AsyncIterableIterator<SubgraphResult>,
  ) {}

  /** The next update; the code of the error that comes instead; or that it is over. */
  async next(): Promise<Update | string> {
    const step = await this.stream.next();
    if (step.done) return 'over';
    const [error] = step.value.errors ?? [];
    return error ? String(error.extensions['code']) : (step.value.data?.[this.field] as Update);
  }

  /** The next update; fails the test if something else comes. */
  async update(): Promise<Update> {
    const next = await this.next();
    if (typeof next === 'string') throw new Error(next);
    return next;
  }

  /** The cursors of the events of the next updates. */
  async cursors(count: number): Promise<string[]> {
    const found: string[] = [];
    while (found.length < count) found.push((await this.update()).event.cursor);
    return found;
  }

  async stop(): Promise<void> {
    await this.stream.return?.();
  }
}

/** Opens one, of all types unless said otherwise; the code if it is refused. */
export async function tryWatch(
  shop: OrdersShop,
  field: Field,
  variables: Record<string, unknown>,
  by?: Principal,
): Promise<Watching | string> {
  const opened = await shop.subscribe(DOCUMENTS[field], { types: ALL_TYPES, ...variables }, by);
  if (Symbol.asyncIterator in opened) return new Watching(field, opened);
  return String(opened.errors?.[0]?.extensions['code']);
}

/** Opens one; fails the test if it is refused. */
export async function watch(...args: Parameters<typeof tryWatch>): Promise<Watching> {
  const opened = await tryWatch(...args);
  if (typeof opened === 'string') throw new Error(opened);
  return opened;
}

/** Orders like this one, by uuid, each with one event. */
export async function copyOrder(shop: OrdersShop, uuid: string, count: number): Promise<string[]> {
  const rows = await shop.services.db.rows<{ id: string }>(
    `INSERT INTO orders SELECT (jsonb_populate_record(o, jsonb_build_object(
       'id', gen_random_uuid(), 'number', 'COPY' || n, 'version', 0))).* FROM orders o, generate_series(1, $2) n
     WHERE o.id = $1 RETURNING id`,
    [uuid, count],
  );
  const ids = rows.map(({ id }) => id);
  await addEvents(shop, ids);
  return ids;
}

/**
 * More events of each order, by uuid, `count` of each in one transaction, before the end of which `seconds` pass. They are
 * not numbered yet.
 */
export async function addEvents(
  shop: OrdersShop,
  uuids: readonly string[],
  { type = 'STATUS_CHANGED', count = 1, seconds = 0 } = {},
): Promise<void> {
  await shop.services.db.transaction(async (tx) => {
    await tx.query(
      `WITH moved AS (UPDATE orders SET version = version + $3 WHERE id = ANY($1) RETURNING id, version, status)
       INSERT INTO order_event (order_id, sequence, type, status, occurred_at, actor_kind)
       SELECT id, version - n, $2, status, now(), 'SYSTEM' FROM moved, generate_series($3 - 1, 0, -1) n ORDER BY id, n DESC`,
      [uuids, type, count],
    );
    if (seconds > 0) await tx.query('SELECT pg_sleep($1)', [seconds]);
  });
}
