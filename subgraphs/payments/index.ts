/** Payments: table of contents. */
import { handle } from '../../platform/commands/command';
import { pruneKeys } from '../../platform/db/idempotency';
import { InboxRow } from '../../platform/outbox/inbox.entity';
import { CreateMessaging1700000000000 } from '../../platform/outbox/outbox-migration';
import { OutboxRow } from '../../platform/outbox/outbox.entity';
import { defineSubgraph } from '../../platform/subgraph';
import { authorizePayment } from './authorize-payment';
import { capturePayment } from './capture-payment';
import * as messages from './messages';
import { CreateIdempotency1700000000001 } from './migrations/1700000000001-create-idempotency';
import { CreatePayments1700000000002 } from './migrations/1700000000002-create-payments';
import { OrderPaymentsResolver, PaymentResolver } from './payment.resolver';
import { withProvider, type PaymentServices } from './payment.services';
import { retryRefunds } from './refunds';
import { reversePayment } from './reverse-payment';
import { Order } from './stubs';

/** The payments subgraph: payments, refunds, the ledger, the provider. */
export const payments = defineSubgraph<PaymentServices>({
  name: 'payments',
  entities: [OutboxRow, InboxRow],
  migrations: [CreateMessaging1700000000000, CreateIdempotency1700000000001, CreatePayments1700000000002],
  resolvers: [PaymentResolver, OrderPaymentsResolver],
  contributesTo: [Order],
  references: {
    User: async (id) => ({ id }),
    Order: async (id) => ({ id }),
  },
  commands: [
    handle(messages.authorizePayment, (services: PaymentServices, input, meta) =>
      authorizePayment(services, input, meta.requestId),
    ),
    handle(messages.capturePayment, (services: PaymentServices, { orderId }, meta) =>
      capturePayment(services, orderId, meta.requestId),
    ),
    handle(messages.reversePayment, (services: PaymentServices, { orderId }, meta) =>
      reversePayment(services, orderId, meta.requestId),
    ),
  ],
  consumers: [],
  jobs: [
    { name: 'payments.retry-refunds', everyMs: 5_000, run: retryRefunds },
    { name: 'payments.prune-keys', everyMs: 3_600_000, run: ({ db }) => pruneKeys(db) },
  ],
  extend: withProvider,
});
