/**
 * A guest cart's lines, saved ones too, and its codes go into a user's cart, in one transaction: at login, at registration, or when asked
 * for.
 */
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { requireUser } from '../../platform/auth/guard';
import { hashSecretToken } from '../../platform/auth/secret-token';
import type { CommandMeta } from '../../platform/commands/command';
import { UserFault } from '../../platform/errors';
import { tokenText, validateInput } from '../../platform/graph/validate';
import type { Services } from '../../platform/subgraph';
import { CartState } from './cart-state';
import type { CartLineRow, CartRow } from './cart.entity';
import { findCart, linesOf, lockCarts } from './cart.rows';
import { MAX_CODES, MAX_LINES, MAX_QUANTITY, refuseClaimed, tooMuch } from './change-cart';
import { lockOwnCart } from './make-cart';
import { findOffers } from './promotions/find-offers';

const mergeCartInput = z.object({ token: tokenText });

/**
 * Merges the guest cart of the input's token into the caller's cart. Once merged, the same token again changes nothing. Throws Fault
 * UNAUTHENTICATED; UserFault VALIDATION_ERROR, NOT_FOUND, CONFLICT (either cart is claimed by an order; retryable).
 */
export async function mergeCart(services: Services, meta: CommandMeta, input: unknown): Promise<CartState> {
  const user = requireUser(meta.principal);
  const { token } = validateInput(mergeCartInput, input);
  return mergeInto(services, user.id, token);
}

/** Merges for a user who is logging in; a cart that cannot be merged now must not keep anybody out, so it gives false. */
export async function mergeGuestCartFor(services: Services, userId: string, token: string): Promise<boolean> {
  try {
    await mergeInto(services, userId, token);
    return true;
  } catch (error) {
    if (error instanceof UserFault) return false;
    throw error;
  }
}

function mergeInto(services: Services, userId: string, token: string): Promise<CartState> {
  return services.db.transaction(async (tx) => {
    // Looked at without a lock, to learn the ids: both are then locked in the order of their ids, as everywhere.
    const seen = await findCart(tx, { by: 'token', tokenHash: hashSecretToken(token) }, { over: true });
    if (!seen) throw noSuchGuestCart();
    const { guest, own } = await lockBoth(tx, services, seen.id, userId);
    if (guest.cart.status === 'MERGED' && guest.cart.mergedInto === own.cart.id) return own;
    if (guest.cart.status === 'MERGED' || guest.cart.status === 'SPENT') throw noSuchGuestCart();
    refuseClaimed(guest);
    refuseClaimed(own);
    takeLines(own, guest.allLines);
    takeDelivery(own.cart, guest.cart);
    takeCodes(own.cart, guest.cart);
    const now = services.clock.now();
    const offers = await findOffers(tx, [own.cart], now);
    if (!own.price(offers)) throw tooMuch(own, ['token']);
    for (const line of [...guest.allLines]) guest.remove(line);
    guest.price(offers);
    guest.cart.status = 'MERGED';
    guest.cart.mergedInto = own.cart.id;
    own.cart.updatedAt = guest.cart.updatedAt = now;
    await guest.store(tx);
    await own.store(tx);
    return own;
  });
}

async function lockBoth(
  tx: EntityManager,
  services: Services,
  guestId: string,
  userId: string,
): Promise<{ guest: CartState; own: CartState }> {
  const owner = { ownerKind: 'user', ownerId: userId } as const;
  const seen = await findCart(tx, { by: 'owner', owner });
  // A cart made here and now is nobody else's yet: that it is locked first does no harm.
  const ownId = seen?.id ?? (await lockOwnCart(tx, services, owner)).id;
  const carts = await lockCarts(tx, [guestId, ownId]);
  const lines = await linesOf(tx, [guestId, ownId]);
  const state = (id: string): CartState => {
    const cart = carts.find((row) => row.id === id);
    if (!cart) throw noSuchGuestCart();
    return new CartState(
      cart,
      lines.filter((line) => line.cartId === id),
    );
  };
  const own = state(ownId);
  // Spent between look and lock. What the client has to do is the same as while it was claimed.
  if (own.cart.status === 'SPENT') throw UserFault.of('CONFLICT', undefined, undefined, { retryable: true });
  return { guest: state(guestId), own };
}

/** Units add up to the limit of a line; lines beyond the limit of a cart are left out. What is saved stays saved. */
function takeLines(own: CartState, lines: readonly CartLineRow[]): void {
  for (const line of lines) {
    const existing = own.lineOf(line.variantId, line.saved);
    if (existing) {
      own.setQuantity(existing, Math.min(existing.quantity + line.quantity, MAX_QUANTITY));
      own.refresh(existing, line, line.priceVersion);
    } else if (own.linesThat(line.saved).length < MAX_LINES) {
      own.add(line, line.quantity, line.priceVersion, line.saved);
    }
  }
}

function takeDelivery(own: CartRow, guest: CartRow): void {
  own.shippingMethod ??= guest.shippingMethod;
  if (own.sealedAddress !== null) return;
  own.sealedAddress = guest.sealedAddress;
  own.countryCode = guest.countryCode;
  own.taxRegion = guest.taxRegion;
}

/** One's own come first; those beyond the limit are left out. */
function takeCodes(own: CartRow, guest: CartRow): void {
  const known = new Set(own.promoCodes.map(({ code }) => code));
  const more = guest.promoCodes.filter(({ code }) => !known.has(code));
  own.promoCodes = [...own.promoCodes, ...more].slice(0, MAX_CODES);
  guest.promoCodes = [];
}

function noSuchGuestCart(): UserFault {
  return UserFault.of('NOT_FOUND', 'There is no such guest cart.', ['token']);
}
