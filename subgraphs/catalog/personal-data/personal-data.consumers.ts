/** What catalog holds of a user: it is handed over on demand, and forgotten. */
import { toId } from '../../../platform/ids';
import { defineConsumer } from '../../../platform/outbox';
import { addPersonalData } from '../../../platform/personal-data';
import type { Services } from '../../../platform/subgraph';
import { dataExportRequested, userErased } from '../../accounts/messages';
import { erasePurchases } from '../recommendations/purchases';

/** Answers with the products of the user's orders. */
export const exportPurchases = defineConsumer({
  queue: 'catalog.data-export',
  events: [dataExportRequested],
  async apply(tx, { id, payload }, services: Services) {
    const { exportId, userId } = payload;
    const purchases: { orderId: string; productIds: string[] }[] = await tx.query(
      `SELECT order_id AS "orderId", product_ids AS "productIds" FROM purchase
       WHERE user_id = $1 ORDER BY order_id DESC`,
      [userId],
    );
    const data = {
      purchases: purchases.map(({ orderId, productIds }) => ({
        orderId: toId('ord', orderId),
        productIds: productIds.map((productId) => toId('prod', productId)),
      })),
    };
    await addPersonalData(tx, services, { exportId, holder: 'catalog', data, cause: id });
  },
});

/** Forgets them. */
export const eraseUserPurchases = defineConsumer({
  queue: 'catalog.user-erased',
  events: [userErased],
  apply: (tx, { payload }) => erasePurchases(tx, payload.userId),
});
