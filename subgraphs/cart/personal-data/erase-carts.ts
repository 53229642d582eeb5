/** Takes what is personal out of carts. */
import type { EntityManager } from 'typeorm';

/** Sets of an UPDATE of carts: the address goes, and with it what was computed from it. */
export const FORGET_ADDRESS = `sealed_address = NULL, country_code = NULL, tax_region = NULL, shipping = NULL, tax = NULL,
  total = subtotal - discount`;

/**
 * Empties the owner's cart, and takes the address out of it and of those that were merged into it; one that was spent has none. One
 * that an order has in hand keeps its lines, but not the saved ones, until the order has decided what becomes of them. True when there is none.
 */
export async function eraseCarts(tx: EntityManager, ownerId: string): Promise<boolean> {
  const mine = `owner_kind IN ('user', 'client') AND owner_id = $1`;
  const live = `SELECT id, status FROM cart WHERE ${mine} AND status IN ('ACTIVE', 'CLAIMED') FOR UPDATE`;
  // By itself: what an order that spends the cart now leaves in the next one can only be seen by the statement after.
  await tx.query(live, [ownerId]);
  await tx.query(
    `WITH live AS (${live})
     DELETE FROM cart_line USING live WHERE cart_id = live.id AND (saved OR status = 'ACTIVE')`,
    [ownerId],
  );
  await tx.query(
    `UPDATE cart SET line_count = 0, item_count = 0, subtotal = 0, discount = 0, total = coalesce(shipping, 0) +
       CASE WHEN tax_included THEN 0 ELSE coalesce(tax, 0) END, promo_codes = '[]'
     WHERE ${mine} AND status = 'ACTIVE'`,
    [ownerId],
  );
  await tx.query(
    `UPDATE cart SET ${FORGET_ADDRESS} WHERE sealed_address IS NOT NULL AND id IN (
       SELECT id FROM cart WHERE ${mine}
       UNION ALL SELECT id FROM cart WHERE merged_into IN (SELECT id FROM cart WHERE ${mine}))`,
    [ownerId],
  );
  const inHand: unknown[] = await tx.query(`SELECT 1 AS one FROM cart WHERE ${mine} AND status = 'CLAIMED'`, [ownerId]);
  return inHand.length === 0;
}
