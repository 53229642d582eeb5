/** Shipping by method and zone. Every country is in a zone, and every zone has every method. */
import { currencyDigits, multiplyHalfEven } from '../../../platform/money';

type Zone = 'HOME' | 'NEAR' | 'EUROPE' | 'WORLD';

/** Where the shop ships from; its prices are offered while there is no address. */
const HOME_COUNTRY = 'US';

const NEAR = new Set(['CA', 'MX']);
const EUROPE = new Set(
  (
    'AD AL AT AX BA BE BG CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD ME MK MT NL NO ' +
    'PL PT RO RS SE SI SK SM UA VA XK'
  ).split(' '),
);

/** Ways to ship. */
export const SHIPPING_METHODS = ['STANDARD', 'EXPRESS'] as const;
/** One of {@link SHIPPING_METHODS}. */
export type ShippingMethod = (typeof SHIPPING_METHODS)[number];

/** What an order is shipped by when nobody chose. */
export const DEFAULT_METHOD: ShippingMethod = 'STANDARD';

const NAMES: Record<ShippingMethod, string> = { STANDARD: 'Standard shipping', EXPRESS: 'Express shipping' };

/** Price in hundredths of the currency's major unit, and days until it arrives. */
const RATES: Record<Zone, Record<ShippingMethod, { price: bigint; days: number }>> = {
  HOME: { STANDARD: { price: 599n, days: 5 }, EXPRESS: { price: 1_499n, days: 2 } },
  NEAR: { STANDARD: { price: 1_299n, days: 8 }, EXPRESS: { price: 2_999n, days: 3 } },
  EUROPE: { STANDARD: { price: 1_499n, days: 10 }, EXPRESS: { price: 3_499n, days: 4 } },
  WORLD: { STANDARD: { price: 1_999n, days: 15 }, EXPRESS: { price: 4_999n, days: 6 } },
};

const DAY_MS = 24 * 60 * 60 * 1_000;

/** A way to ship to some place. */
export interface ShippingOffer {
  method: ShippingMethod;
  name: string;
  /** In minor units. */
  price: bigint;
  /** The day on which it arrives at the latest, at midnight UTC. */
  estimatedDelivery: Date;
}

/** Whether a text is the code of a method. */
export function isShippingMethod(method: string): method is ShippingMethod {
  return SHIPPING_METHODS.some((known) => known === method);
}

/** What a method costs to a country, in minor units of the currency. */
export function shippingPrice(countryCode: string, method: ShippingMethod, currencyCode: string): bigint {
  const digits = currencyDigits(currencyCode) ?? 2;
  return multiplyHalfEven(RATES[zoneOf(countryCode)][method].price, 10n ** BigInt(digits), 100n);
}

/** The methods for a country, cheapest first; null: no address yet, the shop's own country. */
export function shippingOffers(countryCode: string | null, currencyCode: string, now: Date): ShippingOffer[] {
  const country = countryCode ?? HOME_COUNTRY;
  // Whole days: asked again a second later, it still arrives on the same day.
  const today = Math.floor(now.getTime() / DAY_MS);
  return SHIPPING_METHODS.map((method) => ({
    method,
    name: NAMES[method],
    price: shippingPrice(country, method, currencyCode),
    estimatedDelivery: new Date((today + RATES[zoneOf(country)][method].days) * DAY_MS),
  }));
}

function zoneOf(countryCode: string): Zone {
  if (countryCode === HOME_COUNTRY) return 'HOME';
  if (NEAR.has(countryCode)) return 'NEAR';
  return EUROPE.has(countryCode) ? 'EUROPE' : 'WORLD';
}
