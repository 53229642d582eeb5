/** Pages of endpoints' deliveries, newest event first: one statement for all endpoints of an operation. */
import { keysetSql, MAX_TOTAL_COUNT, parsePage, type Page, type PageArgs } from '../../../platform/graph/connection';
import { defineLoader } from '../../../platform/subgraph';
import type { OrderStatus } from '../messages';
import type { OrderEventType } from '../order-event.entity';
import type { OrdersServices } from '../services';
import type { WebhookDeliveryStatus } from './webhook.rules';

/** A delivery with its event. */
export interface DeliveryRow {
  id: string;
  endpointId: string;
  position: string;
  orderId: string;
  status: WebhookDeliveryStatus;
  attempts: number;
  responseStatus: number | null;
  error: string | null;
  lastAttemptAt: Date | null;
  nextAttemptAt: Date | null;
  deliveredAt: Date | null;
  createdAt: Date;
  eventType: OrderEventType;
  orderStatus: OrderStatus;
}

/** A page of one endpoint's deliveries; `endpointId` is its uuid. */
interface PageKey {
  endpointId: string;
  page: Page;
}

const COLUMNS = `d.id, d.endpoint_id AS "endpointId", d.position, d.order_id AS "orderId", d.status, d.attempts,
  d.response_status AS "responseStatus", d.error, d.attempted_at AS "lastAttemptAt", d.due_at AS "nextAttemptAt",
  d.delivered_at AS "deliveredAt", d.created_at AS "createdAt", v.type AS "eventType", v.status AS "orderStatus"`;
const KEY = [{ sql: 'd.position', descending: true, type: 'bigint' }];

/** Checks paging arguments; Fault VALIDATION_ERROR. A place in the log is the same for all endpoints, and so are cursors. */
export const parseDeliveryPage = (args: PageArgs): Page => parsePage(args, ['webhookDeliveries'], KEY.length);

/** Rows of a page, and one more if there is more. */
export const deliveryRows = defineLoader<OrdersServices, PageKey, DeliveryRow[]>(async (keys, { services }) => {
  // A document asks for one page of each endpoint, or a few under aliases: one statement for each.
  const pages = new Map(keys.map(({ page }) => [JSON.stringify(page), page]));
  const found = new Map<string, DeliveryRow[]>();
  for (const [name, page] of pages) {
    const parameters: unknown[] = [keys.map(({ endpointId }) => endpointId)];
    const { where, orderAndLimit } = keysetSql(page, KEY, parameters);
    const rows = await services.db.rows<DeliveryRow>(
      `SELECT page.* FROM unnest($1::uuid[]) AS e(id) CROSS JOIN LATERAL (
         SELECT ${COLUMNS} FROM webhook_delivery d JOIN order_event v ON v.position = d.position
         WHERE d.endpoint_id = e.id AND ${where} ${orderAndLimit}) page`,
      parameters,
    );
    found.set(name, rows);
  }
  return keys.map((key) =>
    (found.get(JSON.stringify(key.page)) ?? []).filter(({ endpointId }) => endpointId === key.endpointId),
  );
});

/** How many deliveries an endpoint has, up to 10,000; by its uuid. */
export const deliveryCount = defineLoader<OrdersServices, string, number>(async (ids, { services }) => {
  const rows = await services.db.rows<{ id: string; count: number }>(
    `SELECT e.id, (SELECT count(*)::int FROM (SELECT FROM webhook_delivery WHERE endpoint_id = e.id LIMIT $2) AS counted)
     FROM unnest($1::uuid[]) AS e(id)`,
    [ids, MAX_TOTAL_COUNT],
  );
  return ids.map((id) => rows.find((row) => row.id === id)?.count ?? 0);
});
