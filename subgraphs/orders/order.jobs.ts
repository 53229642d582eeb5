/** Background work of orders. */
import { pruneKeys } from '../../platform/db/idempotency';
import { eraseLaterJob } from '../../platform/erasures';
import type { Job } from '../../platform/subgraph';
import { pruneCheckouts } from './checkout/checkout-store';
import { sweepCheckouts } from './checkout/sweep-checkouts';
import { eraseOrders } from './personal-data/erase-orders';
import { sweepReturns } from './returns/give-back';
import type { OrdersServices } from './services';

/** All of it. */
export const jobs: Job<OrdersServices>[] = [
  { name: 'orders.sweep-checkouts', everyMs: 1_000, run: sweepCheckouts },
  { name: 'orders.sweep-returns', everyMs: 1_000, run: sweepReturns },
  // For what a process could not number before it died.
  { name: 'orders.number-events', everyMs: 1_000, run: ({ eventLog }) => eventLog.number() },
  eraseLaterJob('orders.erase', eraseOrders),
  {
    name: 'orders.prune',
    everyMs: 3_600_000,
    run: async ({ db }) => {
      await pruneKeys(db);
      await pruneCheckouts(db);
    },
  },
];
