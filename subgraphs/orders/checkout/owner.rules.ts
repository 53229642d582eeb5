/** Whose order it becomes. Pure. */
import type { Owner } from '../../../platform/auth/principal';
import type { ActorKind } from '../order-event.entity';

/** The cart's owner; but whoever is signed in and orders a guest's cart, by its token, makes it their own. */
export function ownerOf(cart: Owner, buyer: { buyerKind: ActorKind; buyerId: string | null }): Owner {
  if (cart.ownerKind !== 'guest' || buyer.buyerId === null) return { ownerKind: cart.ownerKind, ownerId: cart.ownerId };
  return { ownerKind: buyer.buyerKind === 'PARTNER' ? 'client' : 'user', ownerId: buyer.buyerId };
}
