/**
 * Uses of promotions: claimed for an order with its quote, given back when the order is given up or cancelled. Promotions are locked in
 * the order of their ids, after the cart, wherever uses are counted.
 */
import type { EntityManager } from 'typeorm';
import type { Owner } from '../../../platform/auth/principal';
import { Fault } from '../../../platform/errors';

/** Locks the promotions of codes to the end of the transaction: what is read of them afterwards is still true when they are claimed. */
export async function lockPromotions(tx: EntityManager, codes: readonly string[]): Promise<void> {
  if (codes.length === 0) return;
  await tx.query('SELECT 1 AS one FROM promotion WHERE code = ANY ($1::text[]) ORDER BY id FOR UPDATE', [codes]);
}

/**
 * Claims a use of each code for the order, by the limits for all and for the owner. Fault CONFLICT (retryable) if one has none left;
 * the caller's transaction must then be undone. The promotions are locked.
 */
export async function claimUses(
  tx: EntityManager,
  orderId: string,
  { ownerKind, ownerId }: Owner,
  codes: readonly string[],
): Promise<void> {
  if (codes.length === 0) return;
  const claimed: object[] = await tx.query(
    `WITH counted AS (
       UPDATE promotion SET used = used + 1
       WHERE code = ANY ($4::text[]) AND (total_limit IS NULL OR used < total_limit)
       RETURNING id, per_user_limit
     ), counted_for_owner AS (
       INSERT INTO promotion_owner AS o (promotion_id, owner_kind, owner_id, used, allowed)
       SELECT id, $2::text, $3::uuid, 1, per_user_limit FROM counted WHERE $2::text <> 'guest'
       ON CONFLICT (promotion_id, owner_kind, owner_id) DO UPDATE SET used = o.used + 1, allowed = excluded.allowed
         WHERE excluded.allowed IS NULL OR o.used < excluded.allowed
       RETURNING promotion_id
     )
     INSERT INTO promotion_use (order_id, promotion_id, owner_kind, owner_id)
     SELECT $1::uuid, id, $2::text, $3::uuid FROM counted
     WHERE $2::text = 'guest' OR id IN (SELECT promotion_id FROM counted_for_owner)
     RETURNING 1 AS one`,
    [orderId, ownerKind, ownerId, codes],
  );
  if (claimed.length < codes.length) throw new Fault('CONFLICT', undefined, { retryable: true });
}

/** Gives back what the order holds, if anything. Idempotent: the row of a use goes with it. */
export async function giveBackUses(tx: EntityManager, orderId: string): Promise<void> {
  const [held]: [(Owner & { promotionId: string })[], number] = await tx.query(
    `DELETE FROM promotion_use WHERE order_id = $1
     RETURNING promotion_id AS "promotionId", owner_kind AS "ownerKind", owner_id AS "ownerId"`,
    [orderId],
  );
  const [first] = held;
  if (!first) return;
  const promotionIds = held.map(({ promotionId }) => promotionId);
  await tx.query('SELECT 1 AS one FROM promotion WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE', [promotionIds]);
  await tx.query(
    `WITH counted AS (UPDATE promotion SET used = used - 1 WHERE id = ANY ($1::uuid[]))
     UPDATE promotion_owner SET used = used - 1
     WHERE promotion_id = ANY ($1::uuid[]) AND owner_kind = $2 AND owner_id = $3`,
    [promotionIds, first.ownerKind, first.ownerId],
  );
}
