/** How a claim ends: the cart goes back to its owner, or it is spent. Both lock the cart before the claim, as quoting does. */
import type { EntityManager } from 'typeorm';
import type { Owner } from '../../platform/auth/principal';
import { Fault } from '../../platform/errors';
import type { Services } from '../../platform/subgraph';
import { CartRow, QuoteRow } from './cart.entity';
import { lockOwnCart } from './make-cart';
import { FORGET_ADDRESS } from './personal-data/erase-carts';
import { giveBackUses } from './promotions/claim-uses';

/**
 * Gives the order's cart back, and the uses of its promotions. An order that has claimed none is remembered, so that its quote is
 * refused if it comes late. Idempotent; a cart that is spent stays so.
 */
export async function releaseCartFor(services: Services, orderId: string): Promise<void> {
  await services.db.transaction(async (tx) => {
    const noted = await tx
      .createQueryBuilder()
      .insert()
      .into(QuoteRow)
      .values({ orderId, cartId: null, state: 'RELEASED', answer: null, createdAt: services.clock.now() })
      .orIgnore() // waits for a quote of the same order that is being written at this moment
      .returning('order_id')
      .execute();
    if (Array.isArray(noted.raw) && noted.raw.length > 0) return;
    const cart = await lockClaim(tx, orderId);
    if (!cart) return;
    const { affected } = await tx.update(QuoteRow, { orderId, state: 'CLAIMED' }, { state: 'RELEASED', answer: null });
    if (!affected) return;
    await giveBackUses(tx, orderId);
    await tx.update(CartRow, { id: cart.id, orderId }, { status: 'ACTIVE', orderId: null });
  });
}

/**
 * Ends the order's cart: its owner's next one is a new one, made at once if there are saved lines to go into it. Those of a guest are
 * gone: nobody could be told the token of the next one. Idempotent. Fault CONFLICT if the order holds no cart: it was never quoted, or
 * has been given up.
 */
export async function spendCartFor(services: Services, orderId: string): Promise<void> {
  await services.db.transaction(async (tx) => {
    const cart = await lockClaim(tx, orderId);
    const keeps = cart !== null && cart.ownerKind !== 'guest';
    const [claim] = await tx.query<(Pick<QuoteRow, 'state'> & { saved: boolean })[]>(
      `WITH spent AS (
         -- The order has the address, and forgets it in its time; here nobody reads it any more.
         UPDATE quote SET state = 'SPENT', answer = jsonb_set(answer, '{quote,sealedAddress}', '""')
         WHERE order_id = $1 AND state = 'CLAIMED' RETURNING cart_id
       ), cart_spent AS (
         UPDATE cart SET status = 'SPENT', ${FORGET_ADDRESS} FROM spent WHERE id = spent.cart_id AND order_id = $1
       ), gone AS (
         -- The quote holds them. Left here, every change of a price would have to look at all that was ever bought.
         DELETE FROM cart_line USING spent WHERE cart_line.cart_id = spent.cart_id AND NOT (saved AND $2)
       )
       -- as it was before
       SELECT state, $2 AND EXISTS (SELECT FROM cart_line l WHERE l.cart_id = quote.cart_id AND saved) AS saved
       FROM quote WHERE order_id = $1`,
      [orderId, keeps],
    );
    if (claim?.state !== 'CLAIMED' && claim?.state !== 'SPENT') throw new Fault('CONFLICT');
    if (!keeps || !claim.saved) return;
    const next = await lockOwnCart(tx, services, cart);
    await tx.query('UPDATE cart_line SET cart_id = $1 WHERE cart_id = $2', [next.id, cart.id]);
  });
}

/** Locks the cart of the order's claim and says which and whose it is; null when it has none. */
async function lockClaim(tx: EntityManager, orderId: string): Promise<(Owner & { id: string }) | null> {
  const [cart] = await tx.query<(Owner & { id: string })[]>(
    `SELECT id, owner_kind AS "ownerKind", owner_id AS "ownerId" FROM cart
     WHERE id = (SELECT cart_id FROM quote WHERE order_id = $1) FOR UPDATE`,
    [orderId],
  );
  return cart ?? null;
}
