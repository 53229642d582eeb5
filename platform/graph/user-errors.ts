/** What a user can do something about: the interface UserError and its kinds, and the wrapper that fills payloads. */
import { Directive, Field, Int, InterfaceType, ObjectType, registerEnumType } from 'type-graphql';
import {
  ERROR_CODES,
  ERROR_KINDS,
  PROMO_CODE_REASONS,
  UserFault,
  type ErrorCode,
  type ErrorDetails,
  type PromoCodeReason,
  type UserErrorValue,
} from '../errors';
import { JsonScalar } from './scalars';
import { Money } from './values';

const errorCodes = Object.fromEntries(ERROR_CODES.map((code) => [code, code]));
registerEnumType(errorCodes, {
  name: 'ErrorCode',
  description: 'What kind of error it is. Codes are only ever added: treat an unknown one as INTERNAL_ERROR.',
  valuesConfig: Object.fromEntries(ERROR_CODES.map((code) => [code, { description: ERROR_KINDS[code].message }])),
});

/** The enum `PromoCodeReason` of the graph. */
export const PromoCodeReasonEnum = Object.fromEntries(PROMO_CODE_REASONS.map((reason) => [reason, reason]));
registerEnumType(PromoCodeReasonEnum, {
  name: 'PromoCodeReason',
  description: 'Why a promotion code does not apply. Values may be added.',
  valuesConfig: {
    NOT_FOUND: { description: 'There is no such code, or no longer.' },
    NOT_STARTED: { description: 'Its time has not come yet.' },
    EXPIRED: { description: 'Its time is over.' },
    MINIMUM_SPEND: { description: 'What it is for does not come to enough yet.' },
    USAGE_LIMIT: { description: 'It has been used as often as it may be, by all together or by this buyer.' },
    NOT_APPLICABLE: {
      description:
        'Nothing in the cart is what it is for, or nothing is left to take off, or it is for signed-in buyers.',
    },
    NOT_COMBINABLE: { description: 'Another code of the cart stands alone.' },
  },
});

/** Common part of all kinds. */
@Directive('@tag(name: "partner")')
@InterfaceType({
  description: 'Something the user can do about it. Show `message`, decide by `code`, mark the input named by `field`.',
  resolveType: (value: UserError) => value.constructor.name,
})
export abstract class UserError {
  @Field(() => errorCodes, { description: 'What kind of error it is.' })
  code!: ErrorCode;

  @Field(() => String, { description: 'A sentence for people. It never repeats what was sent.' })
  message!: string;

  @Field(() => [String], {
    nullable: true,
    description: 'Path of the input field inside `input`, list positions as strings: `["lines","0","quantity"]`.',
  })
  field?: string[] | null;

  @Field(() => JsonScalar, { nullable: true, description: 'The limit or value meant, e.g. `{"maximum": 200}`.' })
  details?: ErrorDetails | null;
}

/** Everything that has no kind of its own. */
@Directive('@shareable')
@Directive('@tag(name: "partner")')
@ObjectType({ implements: UserError, description: 'An input or state that does not allow the operation.' })
export class InputError extends UserError {}

/** INSUFFICIENT_INVENTORY. */
@Directive('@shareable')
@Directive('@tag(name: "partner")')
@ObjectType({ implements: UserError, description: 'Not enough in stock; one for each short line.' })
export class InventoryError extends UserError {
  @Field(() => String, { description: 'The article that is short.' })
  sku!: string;

  @Field(() => Int, { description: 'How many can be ordered now.' })
  available!: number;
}

/** PRICE_CHANGED. */
@Directive('@shareable')
@Directive('@tag(name: "partner")')
@ObjectType({ implements: UserError, description: 'The total is not what the client expected; nothing was charged.' })
export class PriceChangedError extends UserError {
  @Field(() => Money, { description: 'What the order costs now.' })
  currentTotal!: Money;
}

/** PAYMENT_FAILED. */
@Directive('@shareable')
@Directive('@tag(name: "partner")')
@ObjectType({ implements: UserError, description: 'The payment did not go through; nothing was charged.' })
export class PaymentError extends UserError {
  @Field(() => String, { nullable: true, description: "The provider's reason, e.g. `insufficient_funds`." })
  declineReason?: string | null;
}

/** A promotion code that does not apply. */
@Directive('@shareable')
@Directive('@tag(name: "partner")')
@ObjectType({ implements: UserError, description: 'A promotion code that cannot be used; nothing was charged.' })
export class PromoCodeError extends UserError {
  @Field(() => PromoCodeReasonEnum, { description: 'Why not.' })
  reason!: PromoCodeReason;
}

/** Base of every mutation's payload. */
@ObjectType()
export abstract class Payload {
  @Field(() => [UserError], { description: 'What has to be mended; empty when it worked.' })
  userErrors!: UserError[];
}

/** An error of a use case as the graph's type for it. */
export function toUserError(value: UserErrorValue): UserError {
  // What clients decide by, also where a use case says nothing: the same again would be refused again.
  const details = value.code === 'CONFLICT' ? { retryable: false, ...value.details } : value.details;
  const common = { code: value.code, message: value.message, field: value.field, details };
  if (value.sku !== undefined) {
    return Object.assign(new InventoryError(), { ...common, sku: value.sku, available: value.available ?? 0 });
  }
  if (value.currentTotal !== undefined) {
    const { minor, currencyCode } = value.currentTotal;
    return Object.assign(new PriceChangedError(), { ...common, currentTotal: Money.of(minor, currencyCode) });
  }
  if (value.promoCodeReason !== undefined) {
    return Object.assign(new PromoCodeError(), { ...common, reason: value.promoCodeReason });
  }
  if (value.code === 'PAYMENT_FAILED') {
    return Object.assign(new PaymentError(), { ...common, declineReason: value.declineReason });
  }
  return Object.assign(new InputError(), common);
}

/**
 * Runs a use case for a mutation: its result under `key`, or null with `userErrors` if it threw a UserFault.
 * Anything else it throws stays a GraphQL error.
 */
export async function payload<Key extends string, Value>(
  key: Key,
  useCase: () => Promise<Value>,
): Promise<Record<Key, Value | null> & { userErrors: UserError[] }> {
  try {
    return shape(key, await useCase(), []);
  } catch (error) {
    if (!(error instanceof UserFault)) throw error;
    return shape<Key, Value | null>(key, null, error.errors.map(toUserError));
  }
}

function shape<Key extends string, Value>(
  key: Key,
  value: Value,
  userErrors: UserError[],
): Record<Key, Value> & { userErrors: UserError[] } {
  // A computed key widens to an index signature; this is the one place that says what it really is.
  return { [key]: value, userErrors } as Record<Key, Value> & { userErrors: UserError[] };
}
