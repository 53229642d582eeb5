import type { CommandMeta } from '../../platform/commands/command';
import type { Services } from '../../platform/subgraph';
import { askPrices } from './ask-prices';
import { CartState } from './cart-state';
import { linesOf, lockCarts } from './cart.rows';
import { findOffers } from './promotions/find-offers';

/** Carts written in one transaction, so that nobody waits long for a cart of theirs. */
const BATCH = 50;

/**
 * Gives every cart that holds one of the variants (400 at most), be it saved for later, their present names and prices. Can be repeated:
 * a line that has this price version or a newer one is left alone, which is also what ends the loop. A cart whose total gets larger
 * than a client could make it keeps the true amount. Fault SERVICE_UNAVAILABLE while the catalog is down.
 */
export async function repriceCarts(
  services: Services,
  variantIds: readonly string[],
  meta: CommandMeta,
): Promise<void> {
  if (variantIds.length === 0) return;
  const prices = await askPrices(services, variantIds, meta);
  const changed = new Set(variantIds);
  for (;;) {
    const carts = await services.db.rows<{ id: string }>(
      `SELECT DISTINCT cart_id AS id FROM cart_line WHERE variant_id = ANY ($1::uuid[]) AND price_version < $2
       ORDER BY cart_id LIMIT $3`,
      [variantIds, prices.version.toString(), BATCH],
    );
    if (carts.length === 0) return;
    const ids = carts.map(({ id }) => id);
    await services.db.transaction(async (tx) => {
      const locked = await lockCarts(tx, ids);
      const lines = await linesOf(tx, ids);
      const offers = await findOffers(tx, locked, services.clock.now());
      for (const cart of locked) {
        const state = new CartState(
          cart,
          lines.filter((line) => line.cartId === cart.id),
        );
        for (const line of state.allLines) {
          if (changed.has(line.variantId)) state.refresh(line, prices.variants.get(line.variantId), prices.version);
        }
        state.price(offers);
        await state.store(tx);
      }
    });
  }
}
