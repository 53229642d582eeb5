/** What placeOrder takes, and from whom. */
import { z } from 'zod';
import { requireScope } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import type { Config } from '../../platform/config';
import { Fault, UserFault } from '../../platform/errors';
import {
  addressInput,
  emailText,
  freeText,
  idempotencyKeyText,
  idOf,
  moneyIn,
  nameText,
  text,
  tokenText,
  validateInput,
} from '../../platform/graph/validate';
import type { PlaceOrderInput } from './order.inputs';

/** A checked request; what was not given is null. */
export type PlaceOrderRequest = z.output<ReturnType<typeof schemaFor>>;

/** Checks the input of whoever asks; UserFault with every problem. */
export function readInput(config: Config, principal: Principal, input: PlaceOrderInput): PlaceOrderRequest {
  const given = validateInput(schemaFor(config), input);
  if (principal.kind !== 'anonymous') return given;
  if (given.cartToken === null && given.cartId !== null) {
    throw UserFault.of('NOT_FOUND', 'There is no such cart.', ['cartId']);
  }
  for (const field of ['cartToken', 'email'] as const) {
    if (given[field] === null) throw UserFault.of('VALIDATION_ERROR', 'Guests have to give it.', [field]);
  }
  return given;
}

/** Buyers are customers and guests, admins for anybody, and partners through their API clients. Fault FORBIDDEN. */
export function assertMayBuy(principal: Principal): void {
  if (principal.kind === 'user' && (principal.role === 'SUPPORT' || principal.role === 'PARTNER'))
    throw new Fault('FORBIDDEN');
  requireScope(principal, 'orders:write');
}

function schemaFor(config: Config) {
  const maybe = <T>(schema: z.ZodType<T>) => schema.nullish().transform((value): T | null => value ?? null);
  const provider = z
    .string()
    .refine((name) => name === config.paymentProvider, 'This shop does not use that provider.');
  const payment = z
    .object({ methodId: maybe(idOf('pm')), token: maybe(text(255)), provider: maybe(provider) })
    .superRefine(({ methodId, token }, context) => {
      if ((methodId === null) !== (token === null)) return;
      const [path, message] =
        token === null
          ? ['token', 'Give it, or the methodId of a saved payment method.']
          : ['methodId', 'Give either a methodId or a token.'];
      context.addIssue({ code: 'custom', path: [path], message });
    });
  return z.object({
    cartId: maybe(idOf('cart')),
    cartToken: maybe(tokenText),
    email: maybe(emailText),
    shippingAddress: maybe(addressInput),
    billingAddress: maybe(addressInput),
    shippingMethod: maybe(nameText),
    payment,
    expectedTotal: maybe(moneyIn(config.currency)),
    note: maybe(freeText),
    idempotencyKey: idempotencyKeyText,
  });
}
