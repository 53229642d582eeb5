/** The frame of every change a client makes to a cart: lock, check, change, price, write, in one transaction. */
import type { EntityManager } from 'typeorm';
import type { Principal } from '../../platform/auth/principal';
import { UserFault } from '../../platform/errors';
import { formatMinor, MAX_MINOR } from '../../platform/money';
import type { Services } from '../../platform/subgraph';
import { cartNotFound, keyOf, ownerOf, type CartReference } from './cart-reference';
import { CartState } from './cart-state';
import { findCart } from './cart.rows';
import { lockOwnCart, makeGuestCart } from './make-cart';
import { findOffers } from './promotions/find-offers';

/** Lines a cart holds at most, and as many saved for later. */
export const MAX_LINES = 200;
/** Units a line holds at most. */
export const MAX_QUANTITY = 9_999;
/** Promotion codes a cart holds at most. */
export const MAX_CODES = 10;

/** Who changes which cart. */
export interface ChangeOptions {
  principal: Principal;
  /** Where to look; a signed-in caller's own cart, or a new guest cart, when it says nothing. */
  reference: CartReference;
  /** Whether a caller who named no cart and has none gets a new one. */
  make: boolean;
  /** Input field that is at fault when no cart was named and there is none. */
  otherwise: string[];
  /** Input field that is at fault when the total gets too large. */
  amountField: string[];
  /** Looks at the cart when it has been priced, before it is written; throws to refuse the change. */
  check?: (state: CartState) => void;
}

/**
 * Runs `change` on the cart and writes it. The cart's row is the first thing locked, so changes of one cart happen one after the
 * other, each on what the one before left. Throws UserFault NOT_FOUND, CONFLICT (an order has claimed it; retryable),
 * VALIDATION_ERROR (total too large). `change` works in memory only: it runs again after a deadlock.
 */
export async function changeCart(
  services: Services,
  options: ChangeOptions,
  change: (state: CartState) => void,
): Promise<CartState> {
  return services.db.transaction(async (tx) => {
    const state = await lockCart(tx, services, options);
    refuseClaimed(state);
    change(state);
    const now = services.clock.now();
    if (!state.price(await findOffers(tx, [state.cart], now))) throw tooMuch(state, options.amountField);
    options.check?.(state);
    state.cart.updatedAt = now;
    await state.store(tx);
    return state;
  });
}

async function lockCart(tx: EntityManager, services: Services, options: ChangeOptions): Promise<CartState> {
  const { principal, reference, make } = options;
  const key = keyOf(principal, reference);
  const find = () => key && findCart(tx, key, { lock: true });
  // Again: while it was waited for, an order may have spent it and put what was saved into the owner's next one.
  const found = (await find()) ?? (await find());
  if (found) return CartState.load(tx, found);
  const named = reference.cartId != null || reference.token != null;
  if (named || !make) throw cartNotFound(reference, options.otherwise);
  const owner = ownerOf(principal);
  if (!owner || owner.ownerKind === 'guest') return new CartState(await makeGuestCart(tx, services), []);
  return CartState.load(tx, await lockOwnCart(tx, services, owner));
}

/** Throws CONFLICT if an order that is being placed holds the cart. */
export function refuseClaimed(state: CartState): void {
  if (state.cart.status !== 'CLAIMED') return;
  throw UserFault.of('CONFLICT', 'An order is being placed with this cart. Try again in a moment.', undefined, {
    retryable: true,
  });
}

/** VALIDATION_ERROR: the cart comes to more than an amount may be. */
export function tooMuch(state: CartState, field: string[]): UserFault {
  const maximum = formatMinor(MAX_MINOR, state.cart.currencyCode);
  return UserFault.of('VALIDATION_ERROR', `The cart may come to at most ${maximum}.`, field, { maximum });
}
