/** Whose order it becomes. Pure. */
import type { Owner } from '../../../platform/auth/principal';

/** Who ordered. */
interface Buyer {
  /** The user's or client's uuid; null for a guest. */
  buyerId: string | null;
  /** An API client ordered: the uuid of its partner's user. Null: somebody else did. */
  partnerId: string | null;
}

/** The cart's owner; but whoever is signed in and orders a guest's cart, by its token, makes it their own. */
export function ownerOf(cart: Owner, { buyerId, partnerId }: Buyer): Owner {
  if (cart.ownerKind !== 'guest' || buyerId === null) return { ownerKind: cart.ownerKind, ownerId: cart.ownerId };
  return { ownerKind: partnerId === null ? 'user' : 'client', ownerId: buyerId };
}
