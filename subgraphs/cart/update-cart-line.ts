import { z } from 'zod';
import type { CommandMeta } from '../../platform/commands/command';
import { UserFault } from '../../platform/errors';
import { idOf, quantityNumber, validateInput } from '../../platform/graph/validate';
import type { Services } from '../../platform/subgraph';
import { cartReference } from './cart-reference';
import type { CartState } from './cart-state';
import { changeCart } from './change-cart';
import type { CartLineRow } from './cart.entity';

const updateCartLineInput = z.object({ ...cartReference, lineId: idOf('line'), quantity: quantityNumber });

/**
 * Gives a line, be it a saved one, another quantity, at the price it has: works while the catalog is down. Throws UserFault
 * VALIDATION_ERROR, NOT_FOUND, CONFLICT.
 */
export async function updateCartLine(services: Services, meta: CommandMeta, input: unknown): Promise<CartState> {
  const { lineId, quantity, ...reference } = validateInput(updateCartLineInput, input);
  return changeCart(
    services,
    { principal: meta.principal, reference, make: false, otherwise: ['lineId'], amountField: ['quantity'] },
    (state) => state.setQuantity(requireLine(state, lineId), quantity),
  );
}

/** The cart's line of that uuid, be it a saved one; UserFault NOT_FOUND, also for a line of another cart. */
export function requireLine(state: CartState, lineId: string): CartLineRow {
  const line = state.allLines.find(({ id }) => id === lineId);
  if (!line) throw UserFault.of('NOT_FOUND', 'There is no such line in the cart.', ['lineId']);
  return line;
}
