/** How a claim ends: the cart goes back to its owner, or it is spent. Both lock the cart before the claim, as quoting does. */
import type { EntityManager } from 'typeorm';
import { Fault } from '../../platform/errors';
import type { Services } from '../../platform/subgraph';
import { CartLineRow, CartRow, QuoteRow } from './cart.entity';
import { lockCarts } from './cart.rows';

/**
 * Gives the order's cart back. An order that has claimed none is remembered, so that its quote is refused if it comes late. Idempotent;
 * a cart that is spent stays so.
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
    if (affected) await tx.update(CartRow, { id: cartId, orderId }, { status: 'ACTIVE', orderId: null });
  });
}

/**
 * Ends the order's cart: its owner's next one is a new one. Idempotent. Fault CONFLICT if the order holds no cart: it was never
 * quoted, or has been given up.
 */
export async function spendCartFor(services: Services, orderId: string): Promise<void> {
  await services.db.transaction(async (tx) => {
    const cartId = await lockClaim(tx, orderId);
    if (cartId === null) throw new Fault('CONFLICT');
    const claim = await tx.findOne(QuoteRow, { where: { orderId }, select: { orderId: true, state: true } });
    if (claim?.state === 'SPENT') return;
    if (claim?.state !== 'CLAIMED') throw new Fault('CONFLICT');
    await tx.update(QuoteRow, { orderId }, { state: 'SPENT' });
    await tx.update(CartRow, { id: cartId, orderId }, { status: 'SPENT' });
    // The quote holds them. Left here, every change of a price would have to look at all that was ever bought.
    await tx.delete(CartLineRow, { cartId });
  });
}

/** Locks the cart of the order's claim and gives its uuid; null when it has none. */
async function lockClaim(tx: EntityManager, orderId: string): Promise<string | null> {
  const claim = await tx.findOne(QuoteRow, { where: { orderId }, select: { orderId: true, cartId: true } });
  if (!claim?.cartId) return null;
  await lockCarts(tx, [claim.cartId]);
  return claim.cartId;
}
