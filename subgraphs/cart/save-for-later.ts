import { z } from 'zod';
import type { CommandMeta } from '../../platform/commands/command';
import { idOf, validateInput } from '../../platform/graph/validate';
import type { Services } from '../../platform/subgraph';
import { cartReference } from './cart-reference';
import type { CartState } from './cart-state';
import { changeCart } from './change-cart';
import { moveLine } from './put-lines';

const moveLineInput = z.object({ ...cartReference, lineId: idOf('line') });

/**
 * Takes a line out of the cart without losing it; works while the catalog is down. Throws UserFault VALIDATION_ERROR, NOT_FOUND,
 * CONFLICT.
 */
export function saveForLater(services: Services, meta: CommandMeta, input: unknown): Promise<CartState> {
  return move(services, meta, input, true);
}

/** Puts a saved line back. Otherwise like {@link saveForLater}. */
export function moveToCart(services: Services, meta: CommandMeta, input: unknown): Promise<CartState> {
  return move(services, meta, input, false);
}

async function move(services: Services, meta: CommandMeta, input: unknown, saved: boolean): Promise<CartState> {
  const { lineId, ...reference } = validateInput(moveLineInput, input);
  return changeCart(
    services,
    { principal: meta.principal, reference, make: false, otherwise: ['lineId'], amountField: ['lineId'] },
    (state) => moveLine(state, lineId, saved),
  );
}
