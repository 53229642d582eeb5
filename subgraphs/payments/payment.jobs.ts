/** Background work of payments. */
import { pruneKeys } from '../../platform/db/idempotency';
import { eraseLaterJob } from '../../platform/erasures';
import { removeOlder } from '../../platform/outbox';
import type { Job } from '../../platform/subgraph';
import { forgetCards } from './forget-cards';
import { lookUpPayments } from './look-up-payments';
import type { NoticeServices } from './notice-worker';
import { erasePayments } from './personal-data/erase-payments';
import { reconcileTaken } from './reconcile-taken';
import { retryRefunds } from './refunds';

/** How long notices are kept, in days: longer than a provider sends one again. */
const NOTICE_DAYS = 14;

/** All of it. */
export const jobs: Job<NoticeServices>[] = [
  { name: 'payments.retry-refunds', everyMs: 5_000, run: retryRefunds },
  { name: 'payments.forget-cards', everyMs: 5_000, run: forgetCards },
  eraseLaterJob('payments.erase', erasePayments),
  { name: 'payments.apply-notices', everyMs: 1_000, run: ({ noticeWorker }) => noticeWorker.run() },
  { name: 'payments.look-up', everyMs: 2_000, run: lookUpPayments },
  { name: 'payments.reconcile', everyMs: 10_000, run: reconcileTaken },
  {
    name: 'payments.prune',
    everyMs: 3_600_000,
    run: async ({ db }) => {
      await pruneKeys(db);
      await removeOlder(db, 'payment_notice', 'received_at', NOTICE_DAYS);
    },
  },
];
