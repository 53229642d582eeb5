import { z } from 'zod';
import type { CommandMeta } from '../../platform/commands/command';
import { UserFault, type PromoCodeReason } from '../../platform/errors';
import { text, validateInput } from '../../platform/graph/validate';
import type { Services } from '../../platform/subgraph';
import { cartReference } from './cart-reference';
import type { CartState } from './cart-state';
import { changeCart, MAX_CODES } from './change-cart';

/** A code as somebody types it: compared without case. */
export const promoCodeText = text(40).transform((code) => code.toUpperCase());

const applyPromoCodeInput = z.object({ ...cartReference, code: promoCodeText });

/** What nothing the buyer does to the cart can mend: such a code does not get in. */
const REFUSED: Partial<Record<PromoCodeReason, string>> = {
  NOT_FOUND: 'There is no such code.',
  NOT_STARTED: 'This code can not be used yet.',
  EXPIRED: 'This code can no longer be used.',
  USAGE_LIMIT: 'This code has been used as often as it may be.',
};

/**
 * Gives a cart a code; one it already has changes nothing but is looked at again. Throws UserFault VALIDATION_ERROR (with the reason if
 * the code can not be used now, whatever is in the cart), NOT_FOUND, CONFLICT.
 */
export async function applyPromoCode(services: Services, meta: CommandMeta, input: unknown): Promise<CartState> {
  const { code, ...reference } = validateInput(applyPromoCodeInput, input);
  let added = false;
  return changeCart(
    services,
    {
      ...{ principal: meta.principal, reference, make: true, otherwise: ['cartId'], amountField: ['code'] },
      check: ({ cart }) => {
        if (added) refuseUseless(cart.promoCodes.find((known) => known.code === code)?.reason ?? null);
      },
    },
    ({ cart }) => {
      added = cart.promoCodes.every((known) => known.code !== code);
      if (!added) return;
      if (cart.promoCodes.length >= MAX_CODES) {
        throw UserFault.of('VALIDATION_ERROR', `A cart holds at most ${MAX_CODES} codes.`, ['code'], {
          maximum: MAX_CODES,
        });
      }
      cart.promoCodes = [...cart.promoCodes, { code, applied: false, discount: '0', reason: null }];
    },
  );
}

function refuseUseless(reason: PromoCodeReason | null): void {
  const message = reason === null ? undefined : REFUSED[reason];
  if (reason === null || message === undefined) return;
  throw new UserFault([{ code: 'VALIDATION_ERROR', message, field: ['code'], promoCodeReason: reason }]);
}
