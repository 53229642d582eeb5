/** What the terms of a promotion may be: each by itself as an input, and all together. */
import { z } from 'zod';
import { UserFault, type UserErrorValue } from '../../../platform/errors';
import { idOf, momentText, moneyIn, nameText, wholeNumber } from '../../../platform/graph/validate';
import type { PromotionKind, PromotionValues } from './promotion.entity';

/** Products, or variants, that a promotion is for, at most. */
const MAX_RESTRICTIONS = 100;

type Parameter = 'percentage' | 'amount' | 'buyQuantity' | 'getQuantity';

/** What each kind needs, and no other kind may have. */
const PARAMETERS: Record<PromotionKind, readonly Parameter[]> = {
  PERCENTAGE: ['percentage'],
  FIXED_AMOUNT: ['amount'],
  FREE_SHIPPING: [],
  BUY_X_GET_Y: ['buyQuantity', 'getQuantity'],
};

/** Terms as inputs give them, by their limits; amounts in the shop's currency. */
export function termsInput(currency: string) {
  const amount = moneyIn(currency).refine((minor) => minor > 0n, 'Must be more than 0.');
  const units = wholeNumber(1, 9_999);
  const ids = (prefix: 'prod' | 'var') =>
    z.array(idOf(prefix)).max(MAX_RESTRICTIONS, `Must have at most ${MAX_RESTRICTIONS}.`);
  return z.object({
    name: nameText.nullish(),
    percentage: wholeNumber(1, 100).nullish(),
    amount: amount.nullish(),
    buyQuantity: units.nullish(),
    getQuantity: units.nullish(),
    minimumSpend: amount.nullish(),
    productIds: ids('prod').nullish(),
    variantIds: ids('var').nullish(),
    startsAt: momentText.nullish(),
    endsAt: momentText.nullish(),
    perUserLimit: wholeNumber(1, 1_000_000).nullish(),
    totalLimit: wholeNumber(1, 1_000_000_000).nullish(),
    priority: wholeNumber(0, 1_000).nullish(),
    exclusive: z.boolean().nullish(),
    active: z.boolean().nullish(),
  });
}

/** The promotion with the terms that were given. Null takes away what a promotion can do without; of the rest it changes nothing. */
export function withTerms(row: PromotionValues, given: z.output<ReturnType<typeof termsInput>>): PromotionValues {
  const or = <Value>(value: Value | undefined, kept: Value): Value => (value === undefined ? kept : value);
  return {
    ...row,
    name: given.name ?? row.name,
    percentage: given.percentage ?? row.percentage,
    amount: given.amount ?? row.amount,
    buyQuantity: given.buyQuantity ?? row.buyQuantity,
    getQuantity: given.getQuantity ?? row.getQuantity,
    minimumSpend: or(given.minimumSpend, row.minimumSpend),
    productIds: or(given.productIds, row.productIds) ?? [],
    variantIds: or(given.variantIds, row.variantIds) ?? [],
    startsAt: or(given.startsAt, row.startsAt),
    endsAt: or(given.endsAt, row.endsAt),
    perUserLimit: or(given.perUserLimit, row.perUserLimit),
    totalLimit: or(given.totalLimit, row.totalLimit),
    priority: given.priority ?? row.priority,
    exclusive: given.exclusive ?? row.exclusive,
    active: given.active ?? row.active,
  };
}

/** Throws UserFault VALIDATION_ERROR, one error for each field that does not go with the others. */
export function refuseBadTerms(row: PromotionValues): void {
  const { kind, startsAt, endsAt, totalLimit, used } = row;
  const errors: UserErrorValue[] = [];
  const add = (field: string, message: string, details?: UserErrorValue['details']): void =>
    void errors.push({ code: 'VALIDATION_ERROR', message, field: [field], details });
  for (const parameter of Object.values(PARAMETERS).flat()) {
    const needed = PARAMETERS[kind].includes(parameter);
    if (needed && row[parameter] === null) add(parameter, 'This kind of promotion needs it.');
    if (!needed && row[parameter] !== null) add(parameter, 'This kind of promotion does not have it.');
  }
  if (startsAt !== null && endsAt !== null && endsAt <= startsAt) add('endsAt', 'Must be later than startsAt.');
  if (totalLimit !== null && totalLimit < used) {
    add('totalLimit', 'Must not be less than the uses there are.', { minimum: used });
  }
  if (errors.length > 0) throw new UserFault(errors);
}
