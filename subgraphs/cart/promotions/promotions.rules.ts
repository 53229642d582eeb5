/** Which codes of a cart apply, what each gives, and why the others do not. Pure, in minor units. */
import type { PromoCodeReason } from '../../../platform/errors';
import { allocate, multiplyHalfEven } from '../../../platform/money';
import type { PromotionValues } from './promotion.entity';

/** A promotion as one cart meets it. */
export interface Offer extends PromotionValues {
  /** How often the cart's owner has used it; null for a guest, who is nobody one could count. */
  usedByOwner: number | null;
  /** Whether the order that has claimed the cart holds a use already. */
  held: boolean;
}

/** A line as promotions see it. A cart has a variant on one line. */
export interface PricedLine {
  variantId: string;
  productId: string;
  unitPrice: bigint;
  quantity: number;
}

/** What the codes of a cart depend on. */
export interface PromotionInput {
  /** In capitals, in the order in which they were entered. */
  codes: readonly string[];
  /** Those of the codes that there are. */
  offers: readonly Offer[];
  lines: readonly PricedLine[];
  /** Null until the address is known. */
  shipping: bigint | null;
  currencyCode: string;
  now: Date;
}

/** What became of a code. */
export interface CodeResult {
  code: string;
  applied: boolean;
  discount: bigint;
  /** Why it does not apply; null if it does. */
  reason: PromoCodeReason | null;
}

/** What all codes together take off. */
export interface Reductions {
  /** Off the line of a variant. */
  lines: ReadonlyMap<string, bigint>;
  /** Off shipping: nothing or all of it. */
  shipping: bigint;
  /** In the order of the input. */
  codes: CodeResult[];
}

/** What is left to pay of a line. */
interface LeftLine extends PricedLine {
  left: bigint;
}

/** What one promotion takes off: by line, in the order of the basket; and off shipping. */
interface Gift {
  lines: readonly bigint[];
  shipping: boolean;
}

/**
 * Applies them by priority, then code: each to what the ones before have left. An exclusive one that applies stands alone, the first
 * of several. The order of lines makes no difference.
 */
export function applyPromotions(input: PromotionInput): Reductions {
  const { codes, offers, lines, shipping } = input;
  // By variant: a cent that goes to one of two equal shares goes to the same line, whichever was added first.
  const basket: LeftLine[] = [...lines]
    .sort((a, b) => compare(a.variantId, b.variantId))
    .map((line) => ({ ...line, left: grossOf(line) }));
  const results = new Map<string, Omit<CodeResult, 'code'>>();
  const refuse = (code: string, reason: PromoCodeReason): void =>
    void results.set(code, { applied: false, discount: 0n, reason });

  const eligible: Offer[] = [];
  for (const offer of [...offers].sort((a, b) => a.priority - b.priority || compare(a.code, b.code))) {
    const reason = obstacle(offer, input);
    if (reason === null) eligible.push(offer);
    else refuse(offer.code, reason);
  }
  const alone = eligible.find((offer) => offer.exclusive && giftOf(offer, basket) !== null);
  let shippingIsFree = false;
  for (const offer of eligible) {
    const gift = giftOf(offer, basket);
    if (alone !== undefined && offer !== alone) refuse(offer.code, 'NOT_COMBINABLE');
    else if (gift === null || (gift.shipping && shippingIsFree)) refuse(offer.code, 'NOT_APPLICABLE');
    else {
      basket.forEach((line, index) => (line.left -= gift.lines[index] ?? 0n));
      shippingIsFree ||= gift.shipping;
      const discount = gift.shipping ? (shipping ?? 0n) : sum(gift.lines);
      results.set(offer.code, { applied: true, discount, reason: null });
    }
  }
  return {
    lines: new Map(basket.map((line) => [line.variantId, grossOf(line) - line.left])),
    shipping: shippingIsFree ? (shipping ?? 0n) : 0n,
    codes: codes.map((code) => ({
      code,
      ...(results.get(code) ?? { applied: false, discount: 0n, reason: 'NOT_FOUND' }),
    })),
  };
}

/** Why a promotion is not for this cart, whatever else applies; null if nothing speaks against it. */
function obstacle(offer: Offer, { lines, currencyCode, now }: PromotionInput): PromoCodeReason | null {
  const { startsAt, endsAt, totalLimit, perUserLimit, minimumSpend, usedByOwner } = offer;
  if (!offer.active) return 'NOT_FOUND';
  if (startsAt !== null && now < startsAt) return 'NOT_STARTED';
  if (endsAt !== null && now >= endsAt) return 'EXPIRED';
  if (!offer.held && totalLimit !== null && offer.used >= totalLimit) return 'USAGE_LIMIT';
  if (perUserLimit !== null && usedByOwner === null) return 'NOT_APPLICABLE';
  if (!offer.held && perUserLimit !== null && (usedByOwner ?? 0) >= perUserLimit) return 'USAGE_LIMIT';
  const meant = lines.filter((line) => isFor(offer, line));
  if (meant.length === 0 || offer.currencyCode !== currencyCode) return 'NOT_APPLICABLE';
  return minimumSpend !== null && sum(meant.map(grossOf)) < minimumSpend ? 'MINIMUM_SPEND' : null;
}

/** What a promotion takes off what is left; null: nothing. */
function giftOf(offer: Offer, basket: readonly LeftLine[]): Gift | null {
  if (offer.kind === 'FREE_SHIPPING') return { lines: [], shipping: true };
  const lines = offer.kind === 'BUY_X_GET_Y' ? freeUnits(offer, basket) : share(offer, basket);
  return lines.some((amount) => amount > 0n) ? { lines, shipping: false } : null;
}

/** PERCENTAGE, rounded half to even once, and FIXED_AMOUNT: spread over the lines they are for by largest remainder. */
function share(offer: Offer, basket: readonly LeftLine[]): bigint[] {
  const weights = basket.map((line) => (isFor(offer, line) ? line.left : 0n));
  const left = sum(weights);
  const wanted =
    offer.kind === 'PERCENTAGE' ? multiplyHalfEven(left, BigInt(offer.percentage ?? 0), 100n) : (offer.amount ?? 0n);
  return allocate(wanted < left ? wanted : left, weights);
}

/** BUY_X_GET_Y: of every X + Y units Y are free, the cheapest of all. A unit is worth its part of what is left of its line. */
function freeUnits(offer: Offer, basket: readonly LeftLine[]): bigint[] {
  const { buyQuantity, getQuantity } = offer;
  if (buyQuantity === null || getQuantity === null) return [];
  const meant = basket.filter((line) => isFor(offer, line));
  const units = meant.reduce((count, line) => count + line.quantity, 0);
  let free = Math.floor(units / (buyQuantity + getQuantity)) * getQuantity;
  const taken = new Map<string, bigint>();
  for (const line of meant.toSorted((a, b) => compare(a.unitPrice, b.unitPrice))) {
    const count = Math.min(free, line.quantity);
    free -= count;
    taken.set(line.variantId, multiplyHalfEven(line.left, BigInt(count), BigInt(line.quantity)));
  }
  return basket.map((line) => taken.get(line.variantId) ?? 0n);
}

function isFor({ productIds, variantIds }: Offer, { productId, variantId }: PricedLine): boolean {
  if (productIds.length === 0 && variantIds.length === 0) return true;
  return productIds.includes(productId) || variantIds.includes(variantId);
}

function grossOf({ unitPrice, quantity }: PricedLine): bigint {
  return unitPrice * BigInt(quantity);
}

function sum(amounts: readonly bigint[]): bigint {
  return amounts.reduce((a, b) => a + b, 0n);
}

function compare<Value extends string | bigint>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
