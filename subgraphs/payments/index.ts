/** Payments: table of contents. */
import { handle } from '../../platform/commands/command';
import { InboxRow } from '../../platform/outbox/inbox.entity';
import { CreateMessaging1700000000000 } from '../../platform/outbox/outbox-migration';
import { OutboxRow } from '../../platform/outbox/outbox.entity';
import { defineSubgraph } from '../../platform/subgraph';
import { authorizePayment } from './authorize-payment';
import { capturePayment } from './capture-payment';
import * as messages from './messages';
import { CreateIdempotency1700000000001 } from './migrations/1700000000001-create-idempotency';
import { CreatePayments1700000000002 } from './migrations/1700000000002-create-payments';
import { ProviderOfItsOwn1700000000016 } from './migrations/1700000000016-provider-of-its-own';
import { CreatePaymentMethods1700000000020 } from './migrations/1700000000020-create-payment-methods';
import { CreatePaymentNotices1700000000030 } from './migrations/1700000000030-create-payment-notices';
import { IndexPaymentOwners1783650000030 } from './migrations/1783650000030-index-payment-owners';
import { CreateErasures1783800000020 } from './migrations/1783800000020-create-erasures';
import { withNoticeWorker, type NoticeServices } from './notice-worker';
import { PaymentMethodResolver } from './payment-method.resolver';
import { jobs } from './payment.jobs';
import { OrderPaymentsResolver, PaymentResolver } from './payment.resolver';
import { withProvider, type PaymentServices } from './payment.services';
import { eraseUserPayments, exportPayments } from './personal-data/personal-data.consumers';
import { receiveWebhook } from './receive-webhook';
import { refundReturn } from './refund-return';
import { reversePayment } from './reverse-payment';
import { Order } from './stubs';

/** The payments subgraph: payments, refunds, the ledger, the provider. */
export const payments = defineSubgraph<NoticeServices>({
  name: 'payments',
  entities: [OutboxRow, InboxRow],
  migrations: [
    CreateMessaging1700000000000,
    CreateIdempotency1700000000001,
    CreatePayments1700000000002,
    ProviderOfItsOwn1700000000016,
    CreatePaymentMethods1700000000020,
    CreatePaymentNotices1700000000030,
    IndexPaymentOwners1783650000030,
    CreateErasures1783800000020,
  ],
  resolvers: [PaymentResolver, OrderPaymentsResolver, PaymentMethodResolver],
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
    handle(messages.refundReturn, (services: PaymentServices, input, meta) =>
      refundReturn(services, input, meta.requestId),
    ),
    handle(messages.receiveWebhook, receiveWebhook),
  ],
  consumers: [exportPayments, eraseUserPayments],
  jobs,
  extend: (services) => withNoticeWorker(withProvider(services)),
});
