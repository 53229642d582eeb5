/** Orders: table of contents. */
import { fromId } from '../../platform/ids';
import { CreateMessaging1700000000000, MESSAGING_ENTITIES } from '../../platform/outbox';
import { defineSubgraph, type Subgraph } from '../../platform/subgraph';
import { CheckoutEntity } from './checkout/checkout.entity';
import { CreateIdempotency1700000000001 } from './migrations/1700000000001-create-idempotency';
import { CreateOrders1700000000002 } from './migrations/1700000000002-create-orders';
import { AddNextAction1700000000016 } from './migrations/1700000000016-add-next-action';
import { CreateReturns1700000000025 } from './migrations/1700000000025-create-returns';
import { CreateErasures1783650000010 } from './migrations/1783650000010-create-erasures';
import { CreateWebhooks1700009000000 } from './migrations/1700009000000-create-webhooks';
import { AddPartners1783720000010 } from './migrations/1783720000010-add-partners';
import { ActorResolver } from './actor.resolver';
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
import { eraseUserOrders, exportOrders } from './personal-data/personal-data.consumers';
import { ReturnResolver } from './returns/return.resolver';
import { withEventLog, type OrdersServices } from './services';
import { ShipmentEntity, ShipmentLineEntity } from './shipment.entity';
import { webhookJobs } from './webhooks/webhook.jobs';
import { WebhookEndpointResolver, WebhookResolver } from './webhooks/webhook.resolver';

/** The orders subgraph: placing, fulfilling, cancelling and returning orders, and the log of what happened to them. */
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
  migrations: [
    CreateMessaging1700000000000,
    CreateIdempotency1700000000001,
    CreateOrders1700000000002,
    AddNextAction1700000000016,
    CreateReturns1700000000025,
    CreateWebhooks1700009000000,
    CreateErasures1783650000010,
    AddPartners1783720000010,
  ],
  resolvers: [
    OrderResolver,
    OrderFieldsResolver,
    UserOrdersResolver,
    OrderSubscription,
    ReturnResolver,
    ActorResolver,
    WebhookResolver,
    WebhookEndpointResolver,
  ],
  references: {
    User: async (id) => (fromId('user', id) === null ? null : { id }),
    Order: async (id, context) => {
      const uuid = fromId('ord', id);
      const row = uuid === null ? null : await visibleOrder(context).load(uuid);
      return row && new Order(row, context.services.clock.now());
    },
  },
  commands: [describeOrderHandler],
  consumers: [paymentStatusConsumer, exportOrders, eraseUserOrders],
  jobs: [...jobs, ...webhookJobs],
  extend: withEventLog,
});
