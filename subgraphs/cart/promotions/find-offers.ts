/** The promotions behind the codes of carts. */
import type { CartRow } from '../cart.entity';
import type { Runner } from '../cart.rows';
import { PROMOTION, toPromotion, type RawPromotion } from './promotion.rows';
import type { Offer } from './promotions.rules';

/** Promotions as carts meet them at one moment. */
export interface Offers {
  now: Date;
  /** By the cart's uuid; a cart whose codes name none is absent. */
  byCart: ReadonlyMap<string, readonly Offer[]>;
}

type RawOffer = RawPromotion & Pick<Offer, 'usedByOwner' | 'held'> & { cartId: string };

/** Looks them up: one statement for any number of carts, none if they have no codes. */
export async function findOffers(runner: Runner, carts: readonly CartRow[], now: Date): Promise<Offers> {
  const wanted = carts.flatMap((cart) => cart.promoCodes.map(({ code }) => ({ cart, code })));
  const byCart = new Map<string, Offer[]>();
  if (wanted.length === 0) return { now, byCart };
  const rows: RawOffer[] = await runner.query(
    `SELECT ${PROMOTION}, wanted.cart_id AS "cartId", u.order_id IS NOT NULL AS held,
       CASE WHEN wanted.owner_kind = 'guest' THEN NULL ELSE coalesce(o.used, 0) END AS "usedByOwner"
     FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[])
       AS wanted (cart_id, owner_kind, owner_id, order_id, code)
     JOIN promotion p ON p.code = wanted.code
     LEFT JOIN promotion_owner o
       ON o.promotion_id = p.id AND o.owner_kind = wanted.owner_kind AND o.owner_id = wanted.owner_id
     LEFT JOIN promotion_use u ON u.order_id = wanted.order_id AND u.promotion_id = p.id`,
    [
      wanted.map(({ cart }) => cart.id),
      wanted.map(({ cart }) => cart.ownerKind),
      wanted.map(({ cart }) => cart.ownerId),
      wanted.map(({ cart }) => cart.orderId),
      wanted.map(({ code }) => code),
    ],
  );
  for (const row of rows) byCart.set(row.cartId, [...(byCart.get(row.cartId) ?? []), toPromotion(row)]);
  return { now, byCart };
}
