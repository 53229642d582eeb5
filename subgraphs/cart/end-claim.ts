/** How a claim ends: the cart goes back to its owner, or it is spent. Both lock the cart before the claim, as quoting does. */
import type { EntityManager } from 'typeorm';
import { Fault } from '../../platform/errors';
import type { Services } from '../../platform/subgraph';
import { CartRow, QuoteRow } from './cart.entity';
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
    const cartId = await lockClaim(tx, orderId);
    if (cartId === null) return;
    const { affected } = await tx.update(QuoteRow, { orderId, state: 'CLAIMED' }, { state: 'RELEASED', answer: null });
    if (!affected) return;
    await giveBackUses(tx, orderId);
    await tx.update(CartRow, { id: cartId, orderId }, { status: 'ACTIVE', orderId: null });
  });
}

/**
 * Ends the order's cart: its owner's next one is a new one. Idempotent. Fault CONFLICT if the order holds no cart: it was never
 * quoted, or has been given up.
 */
export async function spendCartFor(services: Services, orderId: string): Promise<void> {
  await services.db.transaction(async (tx) => {
    await lockClaim(tx, orderId);
    const [claim] = await tx.query<Pick<QuoteRow, 'state'>[]>(
      `WITH spent AS (
         -- The order has the address, and forgets it in its time; here nobody reads it any more.
         UPDATE quote SET state = 'SPENT', answer = jsonb_set(answer, '{quote,sealedAddress}', '""')
         WHERE order_id = $1 AND state = 'CLAIMED' RETURNING cart_id
       ), cart_spent AS (
         UPDATE cart SET status = 'SPENT', ${FORGET_ADDRESS} FROM spent WHERE id = spent.cart_id AND order_id = $1
       ), gone AS (
         -- The quote holds them. Left here, every change of a price would have to look at all that was ever bought.
         DELETE FROM cart_line USING spent WHERE cart_line.cart_id = spent.cart_id
       )
       -- as it was before
       SELECT state FROM quote WHERE order_id = $1`,
      [orderId],
    );
    if (claim?.state !== 'CLAIMED' && claim?.state !== 'SPENT') throw new Fault('CONFLICT');
  });
}

/** Locks the cart of the order's claim and gives its uuid; null when it has none. */
async function lockClaim(tx: EntityManager, orderId: string): Promise<string | null> {
  const [cart] = await tx.query<{ id: string }[]>(
    'SELECT id FROM cart WHERE id = (SELECT cart_id FROM quote WHERE order_id = $1) FOR UPDATE',
    [orderId],
  );
  return cart?.id ?? null;
}
