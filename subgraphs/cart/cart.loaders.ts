/** Batches within an operation. */
import { defineLoader, type Services } from '../../platform/subgraph';
import type { CartLineRow } from './cart.entity';
import { linesOf } from './cart.rows';

/** Lines by the cart's uuid, saved ones too, in the order in which they were added: a list each, by one statement. */
export const linesByCart = defineLoader<Services, string, CartLineRow[]>(async (cartIds, { services }) => {
  const lines = await linesOf(services.db.manager, cartIds);
  const byCart = new Map<string, CartLineRow[]>(cartIds.map((cartId) => [cartId, []]));
  for (const line of lines) byCart.get(line.cartId)?.push(line);
  return cartIds.map((cartId) => byCart.get(cartId) ?? []);
});
