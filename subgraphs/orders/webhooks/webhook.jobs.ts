/** Background work of webhooks. */
import { Gauge } from 'prom-client';
import type { Job } from '../../../platform/subgraph';
import type { OrdersServices } from '../services';
import { sendWebhooks } from './send-webhooks';
import { KEPT_DAYS } from './webhook.rules';

/** Rows removed in one statement. */
const BATCH = 5_000;

const pending = new Gauge({
  name: 'souk_webhook_deliveries_pending',
  help: 'Webhooks to partners that wait for an attempt. All processes count the same: take the maximum.',
});

/** All of it. */
export const webhookJobs: Job<OrdersServices>[] = [
  { name: 'orders.send-webhooks', everyMs: 500, run: sendWebhooks },
  {
    name: 'orders.count-webhooks',
    everyMs: 10_000,
    run: async ({ db }) => {
      const [row] = await db.rows<{ count: number }>(
        `SELECT count(*)::int AS count FROM webhook_delivery WHERE status = 'PENDING'`,
      );
      pending.set(row?.count ?? 0);
    },
  },
  { name: 'orders.prune-webhooks', everyMs: 3_600_000, run: pruneDeliveries },
];

/** Removes what has been over for long. An event that is replayed afterwards is delivered under the same id all the same. */
async function pruneDeliveries({ db, clock }: OrdersServices): Promise<void> {
  const before = new Date(clock.now().getTime() - KEPT_DAYS * 86_400_000);
  for (;;) {
    const [removed] = await db.manager.query<[unknown[], number]>(
      `DELETE FROM webhook_delivery WHERE id IN (
         SELECT id FROM webhook_delivery WHERE status <> 'PENDING' AND created_at < $1 LIMIT $2) RETURNING 1`,
      [before, BATCH],
    );
    if (removed.length < BATCH) return;
  }
}
