/** Putting variants into a cart, by the limits. */
import { Fault, UserFault } from '../../platform/errors';
import type { PriceList } from './ask-prices';
import type { CartState } from './cart-state';
import { MAX_LINES, MAX_QUANTITY } from './change-cart';

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
  const line = state.lineOf(variantId);
  if (prices && !snapshot?.purchasable) {
    throw UserFault.of('NOT_FOUND', 'There is no such variant for sale.', [...path, 'variantId']);
  }
  if (line) {
    const sum = line.quantity + quantity;
    if (sum > MAX_QUANTITY) {
      throw UserFault.of('VALIDATION_ERROR', `A line holds at most ${MAX_QUANTITY}.`, [...path, 'quantity'], {
        maximum: MAX_QUANTITY,
      });
    }
    state.setQuantity(line, sum);
    if (prices) state.refresh(line, snapshot, prices.version);
    return;
  }
  if (!prices || !snapshot) throw new Fault('SERVICE_UNAVAILABLE');
  if (state.lines.length >= MAX_LINES) {
    throw UserFault.of('VALIDATION_ERROR', `A cart holds at most ${MAX_LINES} lines.`, [...path, 'variantId'], {
      maximum: MAX_LINES,
    });
  }
  state.add(snapshot, quantity, prices.version);
}
