/** What orders holds of a user: it is handed over on demand, and forgotten. */
import { eraseUser } from '../../../platform/erasures';
import { defineConsumer } from '../../../platform/outbox';
import { addPersonalData } from '../../../platform/personal-data';
import { dataExportRequested, userErased } from '../../accounts/messages';
import type { OrdersServices } from '../services';
import { eraseOrders } from './erase-orders';
import { gatherOrders } from './gather-orders';

/** Answers with the orders and webhooks of a user. */
export const exportOrders = defineConsumer({
  queue: 'orders.data-export',
  events: [dataExportRequested],
  async apply(tx, { id, payload }, services: OrdersServices) {
    const { exportId, userId } = payload;
    const data = await gatherOrders(tx, services.sealer, userId);
    await addPersonalData(tx, services, { exportId, holder: 'orders', data, cause: id });
  },
});

/** Takes what is personal out of orders of the user and of the user's API clients, once they are over; ends webhooks. */
export const eraseUserOrders = defineConsumer({
  queue: 'orders.user-erased',
  events: [userErased],
  apply: (tx, { payload }, services: OrdersServices) => eraseUser(tx, services, payload, eraseOrders),
});
