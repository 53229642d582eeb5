/** Filtering and sorting of orders. Pure. */
import { z } from 'zod';
import type { KeyColumn, KeyPart } from '../../platform/graph/connection';
import { momentText } from '../../platform/graph/validate';
import { ORDER_STATUSES } from './messages';
import type { OrderRow } from './read-orders';

/** Decoder of OrderFilter; null or absent: none. */
export const orderFilter = z
  .object({
    status: z.array(z.enum(ORDER_STATUSES)).max(50, 'Must have at most 50 values.').nullish(),
    from: momentText.nullish(),
    to: momentText.nullish(),
  })
  .nullish();
/** What {@link orderFilter} gives. */
export type ParsedFilter = z.output<typeof orderFilter>;

/** Whether an order passes, as `listOrders` has it in SQL. */
export function passes({ status, placedAt }: Pick<OrderRow, 'status' | 'placedAt'>, filter: ParsedFilter): boolean {
  const { status: statuses, from, to } = filter ?? {};
  return (!statuses || statuses.includes(status)) && (!from || placedAt >= from) && (!to || placedAt < to);
}

/** How a list can be sorted. */
export const ORDER_SORTS = ['NEWEST', 'OLDEST', 'TOTAL_DESC', 'TOTAL_ASC', 'STATUS'] as const;
/** One of {@link ORDER_SORTS}. */
export type OrderSort = (typeof ORDER_SORTS)[number];

/** A sort key: its columns, each with an index behind it, and its value for a row. */
interface SortKey {
  columns: readonly KeyColumn[];
  of: (row: OrderRow) => KeyPart[];
}

const column = (sql: string, type: string, descending: boolean): KeyColumn => ({ sql, type, descending });

const byPlacing = (descending: boolean): SortKey => ({
  columns: [column('o.placed_at', 'timestamptz', descending), column('o.id', 'uuid', descending)],
  of: (row) => [row.placedAt.toISOString(), row.id],
});

const byTotal = (descending: boolean): SortKey => ({
  columns: [column('o.total', 'bigint', descending), column('o.id', 'uuid', descending)],
  of: (row) => [row.total.toString(), row.id],
});

/** By name of the sort. Every key ends in the id, so no two rows are equal. */
export const SORT_KEYS: Readonly<Record<OrderSort, SortKey>> = {
  NEWEST: byPlacing(true),
  OLDEST: byPlacing(false),
  TOTAL_DESC: byTotal(true),
  TOTAL_ASC: byTotal(false),
  STATUS: {
    columns: [
      column('o.status', 'order_status', false),
      column('o.placed_at', 'timestamptz', false),
      column('o.id', 'uuid', false),
    ],
    of: (row) => [row.status, row.placedAt.toISOString(), row.id],
  },
};
