/** Takes what is personal out of the orders of users who are gone. Numbers, articles and money stay. */
import type { EntityManager } from 'typeorm';

/** An order that is under way needs its address until it has arrived. */
const OVER = `('CANCELLED', 'DELIVERED', 'RETURNED')`;

/** Erases what can be erased now, and ends webhooks. True when nothing is left to erase later. */
export async function eraseOrders(tx: EntityManager, ownerId: string): Promise<boolean> {
  const mine = `owner_kind IN ('user', 'client') AND owner_id = $1`;
  const over = `SELECT id FROM orders WHERE ${mine} AND status IN ${OVER}`;
  await tx.query(`DELETE FROM webhook_endpoint WHERE ${mine}`, [ownerId]);
  await tx.query(
    `UPDATE orders SET shipping_address = NULL, billing_address = NULL, email = NULL, note = NULL, next_action = NULL
     WHERE ${mine} AND status IN ${OVER}
       AND (shipping_address IS NOT NULL OR billing_address IS NOT NULL OR email IS NOT NULL OR note IS NOT NULL)`,
    [ownerId],
  );
  await tx.query(`UPDATE order_event SET reason = NULL WHERE reason IS NOT NULL AND order_id IN (${over})`, [ownerId]);
  await tx.query(
    `UPDATE order_return SET reason = NULL, rejection_reason = NULL
     WHERE (reason IS NOT NULL OR rejection_reason IS NOT NULL) AND order_id IN (${over})`,
    [ownerId],
  );
  const open: unknown[] = await tx.query(
    `SELECT 1 AS one FROM orders WHERE ${mine} AND status NOT IN ${OVER}
     UNION ALL SELECT 1 FROM checkout WHERE buyer_id = $1 AND done_at IS NULL LIMIT 1`,
    [ownerId],
  );
  return open.length === 0;
}
