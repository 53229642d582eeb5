/**
 * How often two products were bought in the same order. An order counts once, and not at all once it is cancelled, in whatever
 * order the two are heard of: its row in `basket` decides, and says what to take out again.
 *
 * Locks, in this order: basket, pairs by their ids, then the user and purchases (purchases.ts).
 */
import type { EntityManager } from 'typeorm';

/** Products of an order that count, its first ones: 20 make 190 pairs, and a cart of 200 would make 19,900. */
export const COUNTED_PRODUCTS = 20;

/** Every two of the products `$1`, each way round, in the order in which they are locked. */
const PAIRS = `SELECT a.id AS product_id, b.id AS other_id
  FROM unnest($1::uuid[]) AS a (id) JOIN unnest($1::uuid[]) AS b (id) ON a.id <> b.id ORDER BY 1, 2`;

/** Counts an order of different products, unless it was counted or cancelled before; says whether it did. */
export async function countBasket(tx: EntityManager, orderId: string, productIds: readonly string[]): Promise<boolean> {
  const counted = productIds.slice(0, COUNTED_PRODUCTS);
  const fresh = await tx.query<object[]>(
    'INSERT INTO basket (order_id, product_ids) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1',
    [orderId, counted],
  );
  if (fresh.length === 0) return false;
  if (counted.length < 2) return true;
  await tx.query(
    `INSERT INTO bought_together (product_id, other_id, orders) SELECT product_id, other_id, 1 FROM (${PAIRS}) AS pair
     ON CONFLICT (product_id, other_id) DO UPDATE SET orders = bought_together.orders + 1`,
    [counted],
  );
  return true;
}

/** Takes an order out again; one not heard of yet will not be counted. */
export async function uncountBasket(tx: EntityManager, orderId: string): Promise<void> {
  const [basket] = await tx.query<{ counted: string[] }[]>(
    `INSERT INTO basket (order_id, product_ids, cancelled) VALUES ($1, '{}', true)
     ON CONFLICT (order_id) DO UPDATE SET cancelled = true WHERE NOT basket.cancelled
     RETURNING product_ids AS counted`,
    [orderId],
  );
  if (!basket || basket.counted.length < 2) return;
  // Locked first and in order: neither an UPDATE nor a DELETE takes its rows in one.
  await tx.query(
    `SELECT 1 FROM bought_together t JOIN (${PAIRS}) AS pair USING (product_id, other_id)
     ORDER BY t.product_id, t.other_id FOR UPDATE OF t`,
    [basket.counted],
  );
  await tx.query(
    `WITH pair AS (${PAIRS}), gone AS (
       DELETE FROM bought_together t USING pair
       WHERE t.product_id = pair.product_id AND t.other_id = pair.other_id AND t.orders = 1
     )
     UPDATE bought_together t SET orders = t.orders - 1 FROM pair
     WHERE t.product_id = pair.product_id AND t.other_id = pair.other_id AND t.orders > 1`,
    [basket.counted],
  );
}
