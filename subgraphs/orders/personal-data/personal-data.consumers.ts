/** What orders holds of a user: it is handed over on demand, and forgotten. */
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { eraseUser } from '../../../platform/erasures';
import { formatMinor } from '../../../platform/money';
import { defineConsumer } from '../../../platform/outbox';
import { addPersonalData } from '../../../platform/personal-data';
import type { Sealer } from '../../../platform/seal';
import { dataExportRequested, userErased } from '../../accounts/messages';
import type { OrdersServices } from '../services';
import { eraseOrders } from './erase-orders';

/** Orders in an export, the newest; more would make a message too large. */
const MOST_EXPORTED = 1_000;

/** Answers with the orders of a user. */
export const exportOrders = defineConsumer({
  queue: 'orders.data-export',
  events: [dataExportRequested],
  async apply(tx, { id, payload }, services: OrdersServices) {
    const { exportId, userId } = payload;
    const { sealer } = services;
    const data = { orders: await gather(tx, sealer, userId), webhooks: await webhooksOf(tx, sealer, userId) };
    await addPersonalData(tx, services, { exportId, holder: 'orders', data, cause: id });
  },
});

/** Takes what is personal out of orders of the user and of the user's API clients, once they are over; ends webhooks. */
export const eraseUserOrders = defineConsumer({
  queue: 'orders.user-erased',
  events: [userErased],
  apply: (tx, { payload }, services: OrdersServices) => eraseUser(tx, services, payload, eraseOrders),
});

async function webhooksOf(tx: EntityManager, sealer: Sealer, userId: string): Promise<unknown[]> {
  const endpoints: { url: string; createdAt: Date }[] = await tx.query(
    `SELECT url, created_at AS "createdAt" FROM webhook_endpoint
     WHERE owner_kind = 'user' AND owner_id = $1 ORDER BY id`,
    [userId],
  );
  return endpoints.map(({ url, createdAt }) => ({ url: sealer.open(url), createdAt }));
}

interface StoredOrder {
  number: string;
  status: string;
  placedAt: Date;
  total: string;
  currencyCode: string;
  shippingAddress: string | null;
  billingAddress: string | null;
  email: string | null;
  note: string | null;
  lines: unknown;
}

async function gather(tx: EntityManager, sealer: Sealer, userId: string): Promise<unknown[]> {
  const orders: StoredOrder[] = await tx.query(
    `SELECT number, status, placed_at AS "placedAt", total, currency_code AS "currencyCode", email, note,
            shipping_address AS "shippingAddress", billing_address AS "billingAddress",
            (SELECT json_agg(json_build_object('sku', sku, 'productName', product_name, 'variantName', variant_name,
                                               'quantity', quantity) ORDER BY position)
             FROM order_line WHERE order_id = orders.id) AS lines
     FROM orders WHERE owner_kind = 'user' AND owner_id = $1 ORDER BY placed_at DESC, id DESC LIMIT ${MOST_EXPORTED}`,
    [userId],
  );
  const text = (sealed: string | null): string | null => (sealed === null ? null : sealer.open(sealed));
  const json = (sealed: string | null): unknown => (sealed === null ? null : sealer.openJson(sealed, z.unknown()));
  return orders.map(({ total, ...order }) => ({
    ...order,
    total: formatMinor(BigInt(total), order.currencyCode),
    shippingAddress: json(order.shippingAddress),
    billingAddress: json(order.billingAddress),
    email: text(order.email),
    note: text(order.note),
  }));
}
