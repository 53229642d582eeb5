/** What orders does for other subgraphs. */
import { handleForServices } from '../../platform/commands/command';
import { describeOrder } from './messages';
import { orderById } from './read-orders';
import type { OrdersServices } from './services';

/** What a mail about an order has to say; for services alone. Null: there is no such order. */
export const describeOrderHandler = handleForServices(describeOrder, async ({ db }: OrdersServices, { orderId }) => {
  const order = await orderById(db.manager, orderId);
  if (!order) return { order: null };
  const lines = await db.rows<{
    productName: string;
    variantName: string;
    sku: string;
    quantity: number;
    total: string;
  }>(
    `SELECT product_name AS "productName", variant_name AS "variantName", sku, quantity, total
     FROM order_line WHERE order_id = $1 ORDER BY position`,
    [orderId],
  );
  const { number, ownerKind, ownerId, email, token, placedAt, currencyCode, total } = order;
  return {
    order: {
      ...{ orderId, number, ownerKind, ownerId, placedAt, currencyCode, total },
      sealedEmail: email,
      sealedToken: token,
      lines: lines.map((line) => ({ ...line, total: BigInt(line.total) })),
    },
  };
});
