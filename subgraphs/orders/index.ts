/** Orders: table of contents. */
import { fromId } from '../../platform/ids';
import { CreateMessaging1700000000000, MESSAGING_ENTITIES } from '../../platform/outbox';
import { defineSubgraph, type Subgraph } from '../../platform/subgraph';
import { CheckoutEntity } from './checkout/checkout.entity';
import { CreateIdempotency1700000000001 } from './migrations/1700000000001-create-idempotency';
import { CreateOrders1700000000002 } from './migrations/1700000000002-create-orders';
import { OrderEventEntity } from './order-event.entity';
import { OrderFieldsResolver } from './order-fields.resolver';
import { describeOrderHandler } from './order.commands';
import { paymentStatusConsumer } from './order.consumers';
import { OrderEntity, OrderLineEntity } from './order.entity';
import { jobs } from './order.jobs';
import { visibleOrder } from './order.loaders';
import { OrderResolver, UserOrdersResolver } from './order.resolver';
import { OrderSubscription } from './order.subscription';
import { Order } from './order.type';
import { withEventLog, type OrdersServices } from './services';
import { ShipmentEntity, ShipmentLineEntity } from './shipment.entity';

/** The orders subgraph: placing, fulfilling and cancelling orders, and the log of what happened to them. */
export const orders: Subgraph = defineSubgraph<OrdersServices>({
  name: 'orders',
  entities: [
    ...MESSAGING_ENTITIES,
    OrderEntity,
    OrderLineEntity,
    ShipmentEntity,
    ShipmentLineEntity,
    OrderEventEntity,
    CheckoutEntity,
  ],
  migrations: [CreateMessaging1700000000000, CreateIdempotency1700000000001, CreateOrders1700000000002],
  resolvers: [OrderResolver, OrderFieldsResolver, UserOrdersResolver, OrderSubscription],
  references: {
    User: async (id) => (fromId('user', id) === null ? null : { id }),
    Order: async (id, context) => {
      const uuid = fromId('ord', id);
      const row = uuid === null ? null : await visibleOrder(context).load(uuid);
      return row && new Order(row, context.services.clock.now());
    },
  },
  commands: [describeOrderHandler],
  consumers: [paymentStatusConsumer],
  jobs,
  extend: withEventLog,
});
