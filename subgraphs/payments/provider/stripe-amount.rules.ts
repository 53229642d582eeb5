/**
 * Amounts as Stripe counts them (https://docs.stripe.com/currencies): mostly in the minor units of ISO 4217, with exceptions,
 * and not every amount can be charged. Pure.
 */
import { currencyDigits } from '../../../platform/money';

/** How many decimals Stripe gives a currency where that differs from ISO 4217. */
const DECIMALS: Record<string, number> = { ISK: 2, UGX: 2, MGA: 0 };
/** Last digit that has to be 0: card networks know two decimals of these currencies. */
const ROUNDED_TO_TEN = 3;

function decimalsOf(currencyCode: string): { iso: number; stripe: number } {
  const iso = currencyDigits(currencyCode) ?? 2;
  return { iso, stripe: DECIMALS[currencyCode] ?? iso };
}

/** Minor units as Stripe counts them; null: Stripe can not charge exactly this amount. */
export function toStripe(amount: bigint, currencyCode: string): number | null {
  const { iso, stripe } = decimalsOf(currencyCode);
  const scaled = amount * 10n ** BigInt(Math.max(0, stripe - iso));
  const divisor = 10n ** BigInt(Math.max(0, iso - stripe));
  if (scaled % divisor !== 0n || (stripe >= ROUNDED_TO_TEN && scaled % 10n !== 0n)) return null;
  const counted = Number(scaled / divisor);
  return Number.isSafeInteger(counted) ? counted : null;
}

/** The way back. `currency` as Stripe writes it, in lower case. */
export function fromStripe(amount: number, currency: string): bigint {
  const { iso, stripe } = decimalsOf(currency.toUpperCase());
  return (BigInt(amount) * 10n ** BigInt(Math.max(0, iso - stripe))) / 10n ** BigInt(Math.max(0, stripe - iso));
}
