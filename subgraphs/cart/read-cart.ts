import type { Principal } from '../../platform/auth/principal';
import { fromId } from '../../platform/ids';
import type { Services } from '../../platform/subgraph';
import { keyOf } from './cart-reference';
import type { CartRow } from './cart.entity';
import { findCart } from './cart.rows';

/** Longest token that is looked up; a token is 43 characters. */
const MAX_TOKEN = 2_048;

/**
 * The cart a client may see: by public id (with the token, or as its owner), by token, or the caller's own. Null: there is none, it
 * may not be seen, or it is over. One local statement.
 */
export async function readCart(
  services: Services,
  principal: Principal,
  { id, token }: { id?: string | null; token?: string | null },
): Promise<CartRow | null> {
  const cartId = id == null ? null : fromId('cart', id);
  if (id != null && cartId === null) return null;
  if (token != null && token.length > MAX_TOKEN) return null;
  const key = keyOf(principal, { cartId, token });
  return key && findCart(services.db.manager, key);
}
