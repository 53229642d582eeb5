/** Lists of orders: keyset pages, one statement each. */
import { z } from 'zod';
import { keysetSql, MAX_TOTAL_COUNT, pageOf, parsePage, type PageArgs } from '../../platform/graph/connection';
import { validateArguments } from '../../platform/graph/validate';
import { orderFilter, SORT_KEYS, type OrderSort } from './list-orders.rules';
import type { OrdersOf } from './order-access';
import type { OrderFilter } from './order.inputs';
import { Order, OrderConnection } from './order.type';
import { ORDER_COLUMNS, toOrderRow, type RawOrderRow } from './read-orders';
import type { OrdersServices } from './services';

/** What a list is asked for; checked here. */
export interface ListArguments {
  page: PageArgs;
  filter?: OrderFilter | null;
  sort?: OrderSort | null;
}

/** Somebody's orders, or those of all (null). Fault VALIDATION_ERROR for bad arguments. */
export async function listOrders(
  services: OrdersServices,
  whose: OrdersOf | null,
  { page: args, filter, sort }: ListArguments,
): Promise<InstanceType<typeof OrderConnection>> {
  const wanted = validateArguments(z.object({ filter: orderFilter }), { filter }).filter ?? {};
  const statuses = wanted.status && [...new Set(wanted.status)].sort();
  const by = sort ?? 'NEWEST';
  const key = SORT_KEYS[by];
  const page = parsePage(args, ['orders', whose, statuses, wanted.from, wanted.to, by], key.columns.length);
  const parameters: unknown[] = [];
  const parameter = (value: unknown): string => `$${parameters.push(value)}`;
  const conditions = [
    whose && conditionOf(whose, parameter),
    statuses && `o.status = ANY(${parameter(statuses)}::order_status[])`,
    wanted.from && `o.placed_at >= ${parameter(wanted.from)}`,
    wanted.to && `o.placed_at < ${parameter(wanted.to)}`,
  ].filter((condition) => typeof condition === 'string');
  const where = conditions.join(' AND ') || 'true';
  const counted = [...parameters];
  const { where: beyond, orderAndLimit } = keysetSql(page, key.columns, parameters);
  const raw = await services.db.rows<RawOrderRow>(
    `SELECT ${ORDER_COLUMNS} FROM orders o WHERE ${where} AND ${beyond} ${orderAndLimit}`,
    parameters,
  );
  const now = services.clock.now();
  const result = pageOf(page, raw.map(toOrderRow), (row) => new Order(row, now), key.of);
  return OrderConnection.of(result, () => count(services, where, counted));
}

function conditionOf(whose: OrdersOf, parameter: (value: unknown) => string): string {
  if ('partnerId' in whose) return `o.partner_id = ${parameter(whose.partnerId)}`;
  return `o.owner_kind = ${parameter(whose.ownerKind)} AND o.owner_id = ${parameter(whose.ownerId)}`;
}

async function count({ db }: OrdersServices, where: string, parameters: unknown[]): Promise<number> {
  const [row] = await db.rows<{ count: number }>(
    `SELECT count(*)::int AS count FROM (SELECT 1 FROM orders o WHERE ${where} LIMIT ${MAX_TOTAL_COUNT}) AS counted`,
    parameters,
  );
  return row?.count ?? 0;
}
