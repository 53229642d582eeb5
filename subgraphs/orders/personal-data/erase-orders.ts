/** Takes what is personal out of the orders of users who are gone. Numbers, articles and money stay. */
import type { EntityManager } from 'typeorm';
import type { Job } from '../../../platform/subgraph';
import type { OrdersServices } from '../services';

/** Users looked at by one run of the job. */
const BATCH = 100;
/** How long a user is looked at in any case, in days: an access token of before lives on for an hour, and can order. */
const LEAST_DAYS = 1;

/** An order that is under way needs its address until it has arrived. */
const OVER = `('CANCELLED', 'DELIVERED', 'RETURNED')`;

/** Erases what can be erased now. True when nothing is left to erase later. */
export async function eraseOrders(tx: EntityManager, userId: string): Promise<boolean> {
  const mine = `owner_kind = 'user' AND owner_id = $1`;
  const over = `SELECT id FROM orders WHERE ${mine} AND status IN ${OVER}`;
  await tx.query(
    `UPDATE orders SET shipping_address = NULL, billing_address = NULL, email = NULL, note = NULL, next_action = NULL
     WHERE ${mine} AND status IN ${OVER}
       AND (shipping_address IS NOT NULL OR billing_address IS NOT NULL OR email IS NOT NULL OR note IS NOT NULL)`,
    [userId],
  );
  await tx.query(`UPDATE order_event SET reason = NULL WHERE reason IS NOT NULL AND order_id IN (${over})`, [userId]);
  await tx.query(
    `UPDATE order_return SET reason = NULL, rejection_reason = NULL
     WHERE (reason IS NOT NULL OR rejection_reason IS NOT NULL) AND order_id IN (${over})`,
    [userId],
  );
  const open: unknown[] = await tx.query(
    `SELECT 1 AS one FROM orders WHERE ${mine} AND status NOT IN ${OVER}
     UNION ALL SELECT 1 FROM checkout WHERE buyer_kind = 'user' AND buyer_id = $1 AND done_at IS NULL LIMIT 1`,
    [userId],
  );
  return open.length === 0;
}

/** Goes over those whose orders were under way. */
export async function eraseLater({ db, clock }: OrdersServices): Promise<void> {
  const before = new Date(clock.now().getTime() - LEAST_DAYS * 86_400_000);
  const users = await db.rows<{ userId: string; erasedAt: Date }>(
    `SELECT user_id AS "userId", erased_at AS "erasedAt" FROM erased_user ORDER BY erased_at LIMIT ${BATCH}`,
  );
  for (const { userId, erasedAt } of users) {
    await db.transaction(async (tx) => {
      const done = await eraseOrders(tx, userId);
      if (done && erasedAt < before) await tx.query('DELETE FROM erased_user WHERE user_id = $1', [userId]);
    });
  }
}

/** The job, every ten minutes. */
export const eraseLaterJob: Job<OrdersServices> = { name: 'orders.erase', everyMs: 600_000, run: eraseLater };
