import { z } from 'zod';
import type { CommandMeta } from '../../platform/commands/command';
import { idOf, quantityNumber, validateInput } from '../../platform/graph/validate';
import type { Services } from '../../platform/subgraph';
import { tryAskPrices } from './ask-prices';
import { cartReference } from './cart-reference';
import type { CartState } from './cart-state';
import { changeCart } from './change-cart';
import { putLine } from './put-lines';

const addToCartInput = z.object({ ...cartReference, variantId: idOf('var'), quantity: quantityNumber });

/**
 * Puts units of a variant into a cart; makes the caller's cart if there is none and the input names none. Throws UserFault
 * VALIDATION_ERROR, NOT_FOUND, CONFLICT; Fault SERVICE_UNAVAILABLE while the catalog is down, unless the variant is in the cart already.
 */
export async function addToCart(services: Services, meta: CommandMeta, input: unknown): Promise<CartState> {
  const { variantId, quantity, ...reference } = validateInput(addToCartInput, input);
  // Before the transaction: while the catalog takes its time nobody waits for this cart.
  const prices = await tryAskPrices(services, [variantId], meta);
  return changeCart(
    services,
    { principal: meta.principal, reference, make: true, otherwise: ['cartId'], amountField: ['quantity'] },
    (state) => putLine(state, { variantId, quantity, path: [] }, prices),
  );
}
