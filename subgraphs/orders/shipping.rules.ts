/** Carriers and times of delivery. Pure. */
import type { LineQuantity } from './line-units';

/** Where each carrier shows a parcel; the tracking number is put at the end. Names are compared without case and spaces. */
const TRACKING: ReadonlyMap<string, string> = new Map([
  ['dhl', 'https://www.dhl.com/en/express/tracking.html?AWB='],
  ['dpd', 'https://tracking.dpd.de/status/en_US/parcel/'],
  ['fedex', 'https://www.fedex.com/fedextrack/?trknbr='],
  ['gls', 'https://gls-group.com/track/'],
  ['ups', 'https://www.ups.com/track?tracknum='],
  ['usps', 'https://tools.usps.com/go/TrackConfirmAction?tLabels='],
]);

/** Days from the carrier's door to the buyer's, by shipping method. */
const DAYS: ReadonlyMap<string, number> = new Map([
  ['STANDARD', 5],
  ['EXPRESS', 2],
]);

const DAY_MS = 86_400_000;

/** Page on which the carrier shows the parcel; null for a carrier we do not know. */
export function trackingUrl(carrier: string, trackingNumber: string): string | null {
  const base = TRACKING.get(carrier.toLowerCase().replaceAll(' ', ''));
  return base === undefined ? null : base + encodeURIComponent(trackingNumber);
}

/** When a parcel handed over at `shippedAt` is expected; null for a method without a promise. */
export function estimatedDelivery(shippingMethod: string, shippedAt: Date): Date | null {
  const days = DAYS.get(shippingMethod);
  return days === undefined ? null : new Date(shippedAt.getTime() + days * DAY_MS);
}

/** Units of a line. */
export interface LineUnits {
  id: string;
  quantity: number;
  shippedQuantity: number;
}

/** Everything that has not left yet. */
export function unitsLeft(lines: readonly LineUnits[]): LineQuantity[] {
  return lines
    .map((line) => ({ lineId: line.id, quantity: line.quantity - line.shippedQuantity }))
    .filter(({ quantity }) => quantity > 0);
}

/** Whether nothing is left once this parcel has gone. */
export function isLastParcel(lines: readonly LineUnits[], parcel: readonly LineQuantity[]): boolean {
  const left = unitsLeft(lines).reduce((sum, { quantity }) => sum + quantity, 0);
  return left === parcel.reduce((sum, { quantity }) => sum + quantity, 0);
}
