/** Background work of orders. */
import { pruneKeys } from '../../platform/db/idempotency';
import type { Job } from '../../platform/subgraph';
import { pruneCheckouts } from './checkout/checkout-store';
import { sweepCheckouts } from './checkout/sweep-checkouts';
import type { OrdersServices } from './services';

/** All of it. */
export const jobs: Job<OrdersServices>[] = [
  { name: 'orders.sweep-checkouts', everyMs: 1_000, run: sweepCheckouts },
  // For what a process could not number before it died.
  { name: 'orders.number-events', everyMs: 1_000, run: ({ eventLog }) => eventLog.number() },
  {
    name: 'orders.prune',
    everyMs: 3_600_000,
    run: async ({ db }) => {
      await pruneKeys(db);
      await pruneCheckouts(db);
    },
  },
];
