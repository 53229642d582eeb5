/** Who bought what: the products of users' orders that stand, the newest of each. Personal, so it ends with the account. */
import type { EntityManager } from 'typeorm';

/** Orders of a user that are kept: no more is needed, and it bounds what is read. */
export const KEPT_ORDERS = 200;

/** Keeps what a user has bought, unless the user is gone: news of an order may come later than that. */
export async function keepPurchase(
  tx: EntityManager,
  purchase: { orderId: string; userId: string; productIds: readonly string[] },
): Promise<void> {
  const { orderId, userId, productIds } = purchase;
  await takeTurns(tx, userId);
  await tx.query(
    `INSERT INTO purchase (order_id, user_id, product_ids)
     SELECT $1::uuid, $2::uuid, $3::uuid[] WHERE NOT EXISTS (SELECT FROM erased_user WHERE user_id = $2)`,
    [orderId, userId, productIds],
  );
  // Ids of orders rise with time.
  await tx.query(
    `DELETE FROM purchase WHERE user_id = $1 AND order_id IN (
       SELECT order_id FROM purchase WHERE user_id = $1 ORDER BY order_id DESC OFFSET ${KEPT_ORDERS})`,
    [userId],
  );
}

/** Takes out an order that was cancelled. */
export async function dropPurchase(tx: EntityManager, orderId: string): Promise<void> {
  await tx.query('DELETE FROM purchase WHERE order_id = $1', [orderId]);
}

/** Forgets what a user has bought, for good. */
export async function erasePurchases(tx: EntityManager, userId: string): Promise<void> {
  await takeTurns(tx, userId);
  await tx.query('INSERT INTO erased_user (user_id) VALUES ($1) ON CONFLICT DO NOTHING', [userId]);
  await tx.query('DELETE FROM purchase WHERE user_id = $1', [userId]);
}

/** Of two at the same moment neither would see what the other writes: an order and an erasure, or two orders. */
async function takeTurns(tx: EntityManager, userId: string): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [userId]);
}
