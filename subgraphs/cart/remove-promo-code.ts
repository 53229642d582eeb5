import { z } from 'zod';
import type { CommandMeta } from '../../platform/commands/command';
import { UserFault } from '../../platform/errors';
import { validateInput } from '../../platform/graph/validate';
import type { Services } from '../../platform/subgraph';
import { promoCodeText } from './apply-promo-code';
import { cartReference } from './cart-reference';
import type { CartState } from './cart-state';
import { changeCart } from './change-cart';

const removePromoCodeInput = z.object({ ...cartReference, code: promoCodeText });

/** Takes a code out. Throws UserFault VALIDATION_ERROR, NOT_FOUND, CONFLICT. */
export async function removePromoCode(services: Services, meta: CommandMeta, input: unknown): Promise<CartState> {
  const { code, ...reference } = validateInput(removePromoCodeInput, input);
  return changeCart(
    services,
    { principal: meta.principal, reference, make: false, otherwise: ['code'], amountField: ['code'] },
    ({ cart }) => {
      const rest = cart.promoCodes.filter((known) => known.code !== code);
      if (rest.length === cart.promoCodes.length) {
        throw UserFault.of('NOT_FOUND', 'There is no such code in the cart.', ['code']);
      }
      cart.promoCodes = rest;
    },
  );
}
