/** Loaders of one operation. */
import { defineLoader } from '../../platform/subgraph';
import { accessOf, maySee } from './order-access';
import { detailsOf, type OrderDetails } from './order-details';
import { timelines, type EventRow, type TimelineRange } from './read-events';
import { ordersById, type OrderRow } from './read-orders';
import type { OrdersServices } from './services';

/** Orders by uuid that the caller may see without a token; others are null. */
export const visibleOrder = defineLoader<OrdersServices, string, OrderRow | null>(
  async (ids, { services, principal }) => {
    const rows = await ordersById(services.db.manager, ids);
    const visible = new Map(rows.filter((row) => maySee(row, accessOf(principal))).map((row) => [row.id, row]));
    return ids.map((id) => visible.get(id) ?? null);
  },
);

/**
 * Lines, parcels and returns, by the order's row. By the row and not by its id: a subscription is one operation, and would show at each
 * event what it had loaded at the first.
 */
export const orderDetails = defineLoader<OrdersServices, OrderRow, OrderDetails>(async (rows, { services }) => {
  const details = await detailsOf(services.db, [...new Set(rows.map(({ id }) => id))]);
  return rows.map(({ id }) => details.get(id) ?? { lines: [], shipments: [], returns: [] });
});

/** Events of an order within a range. */
export const orderTimeline = defineLoader<OrdersServices, TimelineRange & { orderId: string }, EventRow[]>(
  async (keys, { services }) => {
    // A document asks for one range, or a few under aliases: one statement for each.
    const ranges = new Map(keys.map((key) => [rangeName(key), key]));
    const found = new Map<string, EventRow[]>();
    for (const [name, range] of ranges) {
      const ids = keys.filter((key) => rangeName(key) === name).map(({ orderId }) => orderId);
      found.set(name, await timelines(services, [...new Set(ids)], range));
    }
    return keys.map((key) => (found.get(rangeName(key)) ?? []).filter(({ orderId }) => orderId === key.orderId));
  },
);

const rangeName = ({ after, first }: TimelineRange): string => `${after}+${first}`;
