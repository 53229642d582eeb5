/**
 * Money: integers in minor units (bigint) inside, decimal strings in major units outside. Never floats.
 */
import { data } from 'currency-codes';

/** Largest amount accepted from outside, in minor units. */
export const MAX_MINOR = 1_000_000_000_000n;

const digitsByCode = new Map(data.map(({ code, digits }) => [code, digits]));

/** Digits after the decimal point (ISO 4217), or null if there is no such currency. "usd" is none: codes are compared. */
export function currencyDigits(currencyCode: string): number | null {
  return digitsByCode.get(currencyCode) ?? null;
}

/** `formatMinor(2999n, 'USD')` gives "29.99"; negative amounts carry a leading "-". */
export function formatMinor(minor: bigint, currencyCode: string): string {
  const digits = currencyDigits(currencyCode) ?? 2;
  const sign = minor < 0n ? '-' : '';
  const text = (minor < 0n ? -minor : minor).toString().padStart(digits + 1, '0');
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

/** Why an amount from outside was refused. */
export type AmountProblem = 'format' | 'digits' | 'range' | 'currency';

/**
 * Reads a decimal string in major units ("29.99", "30", "0.5"). Signs, exponents, more digits than the currency has,
 * and more than {@link MAX_MINOR} are refused with the problem's name.
 */
export function parseMajor(text: string, currencyCode: string): bigint | AmountProblem {
  const digits = currencyDigits(currencyCode);
  if (digits === null) return 'currency';
  const match = /^(\d{1,20})(?:\.(\d{1,20}))?$/.exec(text);
  if (!match) return 'format';
  const fraction = match[2] ?? '';
  if (fraction.length > digits) return 'digits';
  const minor = BigInt((match[1] ?? '') + fraction.padEnd(digits, '0'));
  return minor > MAX_MINOR ? 'range' : minor;
}

/** `amount * numerator / denominator`, rounded half to even (ISO 80000-1 B.3, "banker's rounding"). denominator > 0. */
export function multiplyHalfEven(amount: bigint, numerator: bigint, denominator: bigint): bigint {
  const product = amount * numerator;
  const negative = product < 0n;
  const absolute = negative ? -product : product;
  const quotient = absolute / denominator;
  const twice = (absolute % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  const rounded = up ? quotient + 1n : quotient;
  return negative ? -rounded : rounded;
}

/**
 * Splits `total` over `weights` in proportion, by largest remainder (Hamilton's method): the parts sum exactly to
 * `total`; equal remainders go to the earlier part. All weights 0 gives everything to the first. A negative total is
 * split like its opposite; weights must be 0 or more.
 */
export function allocate(total: bigint, weights: readonly bigint[]): bigint[] {
  if (weights.length === 0) return [];
  if (total < 0n) return allocate(-total, weights).map((part) => -part);
  const sum = weights.reduce((a, b) => a + b, 0n);
  if (sum === 0n) return weights.map((_, index) => (index === 0 ? total : 0n));
  const parts = weights.map((weight) => (total * weight) / sum);
  const byRemainder = weights
    .map((weight, index) => ({ index, remainder: (total * weight) % sum }))
    .sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1));
  let left = total - parts.reduce((a, b) => a + b, 0n);
  for (const { index } of byRemainder) {
    if (left <= 0n) break;
    parts[index] = (parts[index] ?? 0n) + 1n;
    left -= 1n;
  }
  return parts;
}
