/** What orders does about the events of others. */
import { defineConsumer } from '../../platform/outbox';
import type { QueueConsumer } from '../../platform/subgraph';
import { paymentChanged } from '../payments/messages';
import { hasten } from './checkout/checkout-store';
import { SYSTEM } from './order-access';
import { newsMoves } from './payment-status.rules';
import { lockOrder } from './read-orders';
import { recordChange } from './record-event';
import type { OrdersServices } from './services';

const applied = defineConsumer({
  queue: 'orders.payment-status',
  events: [paymentChanged],
  async apply(tx, event, services: OrdersServices) {
    const { orderId, status } = event.payload;
    const order = await lockOrder(tx, orderId);
    if (!order) return;
    const [newer]: [unknown[], number] = await tx.query(
      'UPDATE orders SET payment_version = $2 WHERE id = $1 AND payment_version < $2 RETURNING id',
      [orderId, event.aggregateVersion],
    );
    if (newer.length > 0 && newsMoves(order.paymentStatus, status)) {
      const change = { actor: SYSTEM, at: services.clock.now(), cause: event.id, paymentStatus: status };
      await recordChange(tx, services.sealer, order, 'PAYMENT_CHANGED', change);
    }
    // A checkout that waits for this payment need not wait for its next turn.
    if (order.status === 'PENDING') await hasten(tx, orderId);
  },
});

/** Keeps each order's paymentStatus. News of an order that is not placed yet is dropped: placing it asks for the outcome. */
export const paymentStatusConsumer: QueueConsumer<OrdersServices> = {
  ...applied,
  handler: (services) => {
    const apply = applied.handler(services);
    return async (event) => {
      const verdict = await apply(event);
      // After the commit: before it there is nothing to number.
      services.eventLog.wake();
      return verdict;
    };
  },
};
