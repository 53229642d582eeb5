/**
 * Validation of what clients send. A schema describes a use case's input; problems become user errors that name the field
 * and the limit, never the value.
 */
import { GraphQLCountryCode, GraphQLEmailAddress } from 'graphql-scalars';
import { z } from 'zod';
import { Fault, UserFault, type ErrorDetails, type UserErrorValue } from '../errors';
import { fromId, type IdPrefix } from '../ids';
import { parseMajor, type AmountProblem } from '../money';

/** Decodes `input` by `schema`, or throws UserFault VALIDATION_ERROR with one error for each bad field, the first of its own. */
export function validateInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  // An empty text is also blank and no e-mail address: people need to read one of these.
  const byField = new Map(parsed.error.issues.toReversed().map((issue) => [issue.path.join('.'), issue]));
  throw new UserFault([...byField.values()].toReversed().slice(0, 20).map(toError));
}

/** The same for arguments of queries and subscriptions: the first problem becomes a GraphQL error. */
export function validateArguments<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0];
  if (!first) throw new Fault('VALIDATION_ERROR');
  const error = toError(first);
  throw new Fault('VALIDATION_ERROR', `${(error.field ?? []).join('.')}: ${error.message}`, {
    ...error.details,
    field: error.field,
  });
}

function toError(issue: z.core.$ZodIssue): UserErrorValue {
  return {
    code: 'VALIDATION_ERROR',
    message: issue.message,
    field: issue.path.map(String),
    details: detailsOf(issue),
  };
}

function detailsOf(issue: z.core.$ZodIssue): ErrorDetails | undefined {
  if (issue.code === 'too_big') return { maximum: Number(issue.maximum) };
  if (issue.code === 'too_small') return { minimum: Number(issue.minimum) };
  if (issue.code === 'custom' && issue.params !== undefined) return issue.params;
  return undefined;
}

/**
 * A text of `min` to `max` characters (UTF-16 code units). NUL and halves of surrogate pairs are refused: PostgreSQL cannot
 * store the one, nor the other in jsonb, and the statement would fail as our error instead of the client's.
 */
export function text(max: number, min = 1): z.ZodType<string> {
  return z
    .string()
    .min(min, min === 1 ? 'Must not be empty.' : `Must have at least ${min} characters.`)
    .max(max, `Must have at most ${max} characters.`)
    .refine((value) => !value.includes('\u0000'), 'Must not contain NUL.')
    .refine((value) => !/\p{Cs}/u.test(value), 'Must not contain half a surrogate pair.')
    .refine((value) => min === 0 || value.trim().length > 0, 'Must not be blank.');
}

/** A name: 1 to 200 characters. */
export const nameText = text(200);
/** Free text: up to 2,000 characters. */
export const freeText = text(2_000, 0);
/** A client's idempotency key: 1 to 255 characters. */
export const idempotencyKeyText = text(255);
/** A secret token a client hands back; bounded before it is hashed. */
export const tokenText = text(2_048);

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): z.ZodType<number> {
  return z
    .number()
    .int('Must be a whole number.')
    .min(min, `Must be at least ${min}.`)
    .max(max, `Must be at most ${max}.`);
}

/** Units in a cart or order line. */
export const quantityNumber = wholeNumber(1, 9_999);

/** A public id of one type; gives its uuid. Malformed or of another type is VALIDATION_ERROR (unknown: see the use case). */
export function idOf(prefix: IdPrefix): z.ZodType<string> {
  return z.string().transform((value, context) => {
    const uuid = fromId(prefix, value);
    if (uuid !== null) return uuid;
    context.addIssue({ code: 'custom', message: `Must be an id that starts with "${prefix}_".`, params: { prefix } });
    return z.NEVER;
  });
}

/** An e-mail address: at most 254 characters, not trimmed. */
export const emailText = text(254).refine(isEmail, 'Must be an e-mail address.');

function isEmail(value: string): boolean {
  try {
    GraphQLEmailAddress.parseValue(value);
    return true;
  } catch {
    return false;
  }
}

/** A country: ISO 3166-1 alpha-2, upper case. */
export const countryText = z.string().refine((value) => {
  try {
    return value === value.toUpperCase() && value.length === 2 && GraphQLCountryCode.parseValue(value) === value;
  } catch {
    return false;
  }
}, 'Must be a country code of ISO 3166-1 alpha-2, e.g. DE.');

/** A moment: ISO 8601 with a time zone. Gives a Date. */
export const momentText = z.string().transform((value, context) => {
  const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(value);
  const moment = new Date(value);
  if (iso && isDay(value.slice(0, 10)) && !Number.isNaN(moment.getTime())) return moment;
  context.addIssue({ code: 'custom', message: 'Must be a moment as ISO 8601 with a time zone.' });
  return z.NEVER;
});

/** Whether the calendar has the day: JavaScript takes 30 February for the first days of March. */
function isDay(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

const AMOUNT_MESSAGES: Record<AmountProblem, string> = {
  format: 'Must be a decimal number without sign or exponent, e.g. "29.99".',
  digits: 'Has more digits after the point than the currency.',
  range: 'Is too large.',
  currency: 'Must be a currency of ISO 4217.',
};

/** A decimal amount in major units of `currency`; gives minor units. */
export function decimalIn(currency: string): z.ZodType<bigint> {
  return z.string().transform((value, context) => {
    const minor = parseMajor(value, currency);
    if (typeof minor === 'bigint') return minor;
    context.addIssue({ code: 'custom', message: AMOUNT_MESSAGES[minor] });
    return z.NEVER;
  });
}

/** A MoneyInput in the shop's currency; gives minor units. */
export function moneyIn(currency: string): z.ZodType<bigint> {
  return z
    .object({
      amount: decimalIn(currency),
      currencyCode: z.string().refine((code) => code === currency, {
        message: `Must be the shop's currency, ${currency}.`,
        params: { currencyCode: currency },
      }),
    })
    .transform((money) => money.amount);
}

const optional = <T>(schema: z.ZodType<T>): z.ZodType<T | null> => schema.nullish().transform((value) => value ?? null);

/** An AddressInput. Empty optional parts become null. */
export const addressInput = z.object({
  name: nameText,
  line1: nameText,
  line2: optional(text(200, 0)),
  city: nameText,
  region: optional(text(200, 0)),
  postalCode: text(20),
  countryCode: countryText,
  phone: optional(text(40, 0)),
});
/** A validated address: what is sealed and stored. */
export type AddressValue = z.output<typeof addressInput>;
