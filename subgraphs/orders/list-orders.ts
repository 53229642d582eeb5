/** Lists of orders: keyset pages, one statement each. */
import { z } from 'zod';
import type { Owner } from '../../platform/auth/principal';
import { keysetSql, MAX_TOTAL_COUNT, pageOf, parsePage, type PageArgs } from '../../platform/graph/connection';
import { momentText, validateArguments } from '../../platform/graph/validate';
import { SORT_KEYS, type OrderSort } from './list-orders.rules';
import { ORDER_STATUSES } from './messages';
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

const schema = z.object({
  status: z.array(z.enum(ORDER_STATUSES)).max(50, 'Must have at most 50 values.').nullish(),
  from: momentText.nullish(),
  to: momentText.nullish(),
});

/** Orders of one owner, or of all (null). Fault VALIDATION_ERROR for bad arguments. */
export async function listOrders(
  services: OrdersServices,
  owner: Owner | null,
  { page: args, filter, sort }: ListArguments,
): Promise<InstanceType<typeof OrderConnection>> {
  const wanted = validateArguments(z.object({ filter: schema.nullish() }), { filter }).filter ?? {};
  const statuses = wanted.status && [...new Set(wanted.status)].sort();
  const by = sort ?? 'NEWEST';
  const key = SORT_KEYS[by];
  const page = parsePage(args, ['orders', owner, statuses, wanted.from, wanted.to, by], key.columns.length);
  const parameters: unknown[] = [];
  const parameter = (value: unknown): string => `$${parameters.push(value)}`;
  const conditions = [
    owner && `o.owner_kind = ${parameter(owner.ownerKind)} AND o.owner_id = ${parameter(owner.ownerId)}`,
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

async function count({ db }: OrdersServices, where: string, parameters: unknown[]): Promise<number> {
  const [row] = await db.rows<{ count: number }>(
    `SELECT count(*)::int AS count FROM (SELECT 1 FROM orders o WHERE ${where} LIMIT ${MAX_TOTAL_COUNT}) AS counted`,
    parameters,
  );
  return row?.count ?? 0;
}
