/** How clients say which cart they mean, and who may. */
import { requireScope } from '../../platform/auth/guard';
import type { Owner, Principal } from '../../platform/auth/principal';
import { hashSecretToken } from '../../platform/auth/secret-token';
import { UserFault } from '../../platform/errors';
import { idOf, tokenText } from '../../platform/graph/validate';
import type { CartKey } from './cart.rows';

/** A cart's uuid, a guest cart's token, or neither: the caller's own. */
export interface CartReference {
  cartId?: string | null;
  token?: string | null;
}

/** The part that every cart input has. */
export const cartReference = { cartId: idOf('cart').nullish(), token: tokenText.nullish() };

/**
 * Who owns what the principal makes; null for somebody without an identity, whose carts belong to whoever holds the token.
 * Fault FORBIDDEN for an API client that may not order.
 */
export function ownerOf(principal: Principal): Owner | null {
  if (principal.kind === 'anonymous' || principal.kind === 'service') return null;
  requireScope(principal, 'orders:write');
  return { ownerKind: principal.kind, ownerId: principal.id };
}

/** What to look for; null: an anonymous caller who named no cart, and so has none. */
export function keyOf(principal: Principal, { cartId, token }: CartReference): CartKey | null {
  const tokenHash = token == null ? null : hashSecretToken(token);
  const owner = ownerOf(principal);
  if (cartId != null) return { by: 'id', id: cartId, tokenHash, owner };
  if (tokenHash !== null) return { by: 'token', tokenHash };
  return owner && { by: 'owner', owner };
}

/** NOT_FOUND at the field that names the cart, or at `otherwise` when none does. */
export function cartNotFound({ cartId, token }: CartReference, otherwise: string[]): UserFault {
  const field = cartId != null ? ['cartId'] : token != null ? ['token'] : otherwise;
  return UserFault.of('NOT_FOUND', 'There is no such cart.', field);
}
