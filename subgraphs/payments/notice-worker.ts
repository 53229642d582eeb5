/** The worker behind the webhooks' inbox. */
import { asBackground } from '../../platform/db/statement-scope';
import { oneAtATime } from '../../platform/one-at-a-time';
import { applyNotices } from './apply-notices';
import type { PaymentServices } from './payment.services';

/** Payments' services with the worker. */
export interface NoticeServices extends PaymentServices {
  noticeWorker: {
    /** Applies what is due. */
    run(): Promise<void>;
    /** The same without waiting, after a notice was stored. If it fails, or this process leaves work to others, a job does it. */
    wake(): void;
  };
}

/** Adds the worker. Many notices that come in during a run are one more run. */
export function withNoticeWorker(services: PaymentServices): NoticeServices {
  const run = oneAtATime(() => asBackground(() => applyNotices(services)));
  const wake = (): void => {
    if (services.config.work === 'api') return;
    void run().catch((error: unknown) => services.log.warn({ err: error }, 'news of payments waits for now'));
  };
  return { ...services, noticeWorker: { run, wake } };
}
