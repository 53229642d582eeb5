import { z } from 'zod';
import type { CommandMeta } from '../../platform/commands/command';
import { idOf, quantityNumber, validateInput } from '../../platform/graph/validate';
import type { Services } from '../../platform/subgraph';
import { askPrices } from './ask-prices';
import type { CartState } from './cart-state';
import { changeCart, MAX_LINES } from './change-cart';
import { putLine } from './put-lines';

const createCartInput = z.object({
  lines: z
    .array(z.object({ variantId: idOf('var'), quantity: quantityNumber }))
    .max(MAX_LINES, `A cart holds at most ${MAX_LINES} lines.`)
    .nullish(),
});

/**
 * A new guest cart, or a signed-in caller's own one (there is only one), with the lines added. Throws UserFault VALIDATION_ERROR,
 * NOT_FOUND, CONFLICT; Fault SERVICE_UNAVAILABLE when there are lines and the catalog is down.
 */
export async function createCart(services: Services, meta: CommandMeta, input: unknown): Promise<CartState> {
  const lines = validateInput(createCartInput, input ?? {}).lines ?? [];
  const variantIds = lines.map(({ variantId }) => variantId);
  const prices = lines.length === 0 ? null : await askPrices(services, variantIds, meta);
  return changeCart(
    services,
    { principal: meta.principal, reference: {}, make: true, otherwise: [], amountField: ['lines'] },
    (state) => {
      lines.forEach((line, index) => putLine(state, { ...line, path: ['lines', String(index)] }, prices));
    },
  );
}
