import { z } from 'zod';
import type { CommandMeta } from '../../platform/commands/command';
import { idOf, validateInput } from '../../platform/graph/validate';
import type { Services } from '../../platform/subgraph';
import { cartReference } from './cart-reference';
import type { CartState } from './cart-state';
import { changeCart } from './change-cart';
import { requireLine } from './update-cart-line';

const removeCartLineInput = z.object({ ...cartReference, lineId: idOf('line') });

/** Takes a line out, be it a saved one; works while the catalog is down. Throws UserFault VALIDATION_ERROR, NOT_FOUND, CONFLICT. */
export async function removeCartLine(services: Services, meta: CommandMeta, input: unknown): Promise<CartState> {
  const { lineId, ...reference } = validateInput(removeCartLineInput, input);
  return changeCart(
    services,
    { principal: meta.principal, reference, make: false, otherwise: ['lineId'], amountField: [] },
    (state) => state.remove(requireLine(state, lineId)),
  );
}
