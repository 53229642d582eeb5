/** Putting variants into a cart and lines aside, by the limits. */
import { Fault, UserFault } from '../../platform/errors';
import type { PriceList } from './ask-prices';
import type { CartState } from './cart-state';
import type { CartLineRow } from './cart.entity';
import { MAX_LINES, MAX_QUANTITY } from './change-cart';
import { requireLine } from './update-cart-line';

/** So many units of a variant, and where in the input they stand. */
export interface WantedLine {
  variantId: string;
  quantity: number;
  /** Path of the object with `variantId` and `quantity` inside `input`. */
  path: string[];
}

/**
 * Adds one; a line that is already there grows. `prices` null: the catalog is down, and only what is already in the cart can
 * grow, at the price it has; else Fault SERVICE_UNAVAILABLE. Throws UserFault NOT_FOUND (unknown, or not for sale any more) and
 * VALIDATION_ERROR (more units or lines than allowed).
 */
export function putLine(state: CartState, { variantId, quantity, path }: WantedLine, prices: PriceList | null): void {
  const snapshot = prices?.variants.get(variantId);
  const line = state.lineOf(variantId, false);
  if (prices && !snapshot?.purchasable) {
    throw UserFault.of('NOT_FOUND', 'There is no such variant for sale.', [...path, 'variantId']);
  }
  if (line) {
    grow(state, line, quantity, [...path, 'quantity']);
    if (prices) state.refresh(line, snapshot, prices.version);
    return;
  }
  if (!prices || !snapshot) throw new Fault('SERVICE_UNAVAILABLE');
  requireRoom(state, false, [...path, 'variantId']);
  state.add(snapshot, quantity, prices.version);
}

/**
 * Saves a line for later (`saved`) or puts a saved one into the cart, at the price it has; one that is there already stays as it is. If
 * its variant is there, that line takes its units, and it is gone. Throws UserFault NOT_FOUND, VALIDATION_ERROR (more units or lines
 * than allowed).
 */
export function moveLine(state: CartState, lineId: string, saved: boolean): void {
  const line = requireLine(state, lineId);
  if (line.saved === saved) return;
  const there = state.lineOf(line.variantId, saved);
  if (there) {
    grow(state, there, line.quantity, ['lineId']);
    state.refresh(there, line, line.priceVersion);
    state.remove(line);
    return;
  }
  requireRoom(state, saved, ['lineId']);
  state.setSaved(line, saved);
}

function grow(state: CartState, line: CartLineRow, quantity: number, field: string[]): void {
  const sum = line.quantity + quantity;
  if (sum > MAX_QUANTITY) {
    throw UserFault.of('VALIDATION_ERROR', `A line holds at most ${MAX_QUANTITY}.`, field, { maximum: MAX_QUANTITY });
  }
  state.setQuantity(line, sum);
}

function requireRoom(state: CartState, saved: boolean, field: string[]): void {
  if (state.linesThat(saved).length < MAX_LINES) return;
  const message = saved ? `At most ${MAX_LINES} lines can be saved.` : `A cart holds at most ${MAX_LINES} lines.`;
  throw UserFault.of('VALIDATION_ERROR', message, field, { maximum: MAX_LINES });
}
