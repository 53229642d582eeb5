/**
 * The arithmetic of a cart: from unit prices to the total. Pure, in minor units.
 * line total = unit price x quantity - discount; sum of line totals = subtotal - discount;
 * total = subtotal - discount + shipping, + tax unless it is included.
 */
import { MAX_MINOR, multiplyHalfEven } from '../../../platform/money';

/** Tax rates are integers in 1/100,000: 7,250 is 7.25 %. */
export const RATE_SCALE = 100_000n;

/** What a line brings. */
export interface LinePrice {
  unitPrice: bigint;
  quantity: number;
  /** Off this line; more than the line costs counts as all of it. */
  discount: bigint;
}

/** What totals depend on. */
export interface TotalsInput {
  lines: readonly LinePrice[];
  /** What shipping costs and what share tax is; null until the address is known. */
  delivery: { shipping: bigint; taxRate: bigint } | null;
  /** Whether prices and shipping contain their tax. */
  taxIncluded: boolean;
}

/** A line's share of the totals. */
export interface LineTotals {
  discount: bigint;
  total: bigint;
  /** On, or contained in, `total`; null until the address is known. */
  tax: bigint | null;
}

/** The totals. */
export interface Totals {
  lines: LineTotals[];
  subtotal: bigint;
  discount: bigint;
  shipping: bigint | null;
  /** Of all lines and of shipping. */
  tax: bigint | null;
  total: bigint;
}

/** Computes them. Tax is rounded half to even, once for each line and once for shipping. */
export function computeTotals(input: TotalsInput): Totals {
  const { delivery, taxIncluded } = input;
  const lines = input.lines.map((line): LineTotals => {
    const gross = grossOf(line);
    const discount = line.discount < gross ? line.discount : gross;
    const total = gross - discount;
    return { discount, total, tax: delivery && taxOf(total, delivery.taxRate, taxIncluded) };
  });
  const subtotal = sum(input.lines.map(grossOf));
  const discount = sum(lines.map((line) => line.discount));
  const shipping = delivery && delivery.shipping;
  const tax =
    delivery && sum(lines.map((line) => line.tax ?? 0n)) + taxOf(delivery.shipping, delivery.taxRate, taxIncluded);
  const total = subtotal - discount + (shipping ?? 0n) + (taxIncluded ? 0n : (tax ?? 0n));
  return { lines, subtotal, discount, shipping, tax, total };
}

/** Tax on a net amount, or the tax that a gross amount contains. */
function taxOf(amount: bigint, rate: bigint, included: boolean): bigint {
  return multiplyHalfEven(amount, rate, included ? RATE_SCALE + rate : RATE_SCALE);
}

/** Whether the totals are beyond what a cart may come to (10^12 minor units). */
export function isTooMuch(totals: Pick<Totals, 'subtotal' | 'total'>): boolean {
  return totals.subtotal > MAX_MINOR || totals.total > MAX_MINOR;
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((a, b) => a + b, 0n);
}

function grossOf({ unitPrice, quantity }: LinePrice): bigint {
  return unitPrice * BigInt(quantity);
}
