/** When units can be sent back, and what is given back for them. Pure. */
import type { LineQuantity } from '../line-units';
import type { OrderStatus } from '../messages';
import { mayBecome } from '../order-status.rules';

/** Days after the last parcel's arrival (until it has arrived, its leaving) in which a buyer may ask. Staff may at any time. */
export const RETURN_DAYS = 30;
/** Returns of an order at most: units of a rejected one can be asked for again. */
export const MAX_RETURNS = 50;

/** Statuses of a return. */
export const RETURN_STATUSES = ['REQUESTED', 'ACCEPTED', 'REJECTED'] as const;
/** One of {@link RETURN_STATUSES}. */
export type ReturnStatus = (typeof RETURN_STATUSES)[number];

/** Where the money for a return stands. */
export const RETURN_REFUND_STATUSES = ['PENDING', 'SUCCEEDED', 'FAILED'] as const;
/** One of {@link RETURN_REFUND_STATUSES}. */
export type ReturnRefundStatus = (typeof RETURN_REFUND_STATUSES)[number];

/** Units of a line. */
interface ReturnableLine {
  id: string;
  shippedQuantity: number;
  /** In returns that are not decided yet. */
  requestedQuantity: number;
  returnedQuantity: number;
}

/** Units of each line that are with the buyer and in no open return. */
export function returnableUnits(lines: readonly ReturnableLine[]): LineQuantity[] {
  return lines.map((line) => ({
    lineId: line.id,
    quantity: line.shippedQuantity - line.requestedQuantity - line.returnedQuantity,
  }));
}

/** A parcel's times. */
interface Arrival {
  shippedAt: Date;
  deliveredAt: Date | null;
}

/** Until when its buyer may ask for a return; null: not, or no longer. */
export function returnableUntil(order: { status: OrderStatus; parcels: readonly Arrival[] }, now: Date): Date | null {
  if (!mayBecome(order.status, 'RETURNED')) return null;
  const last = Math.max(...order.parcels.map(({ shippedAt, deliveredAt }) => (deliveredAt ?? shippedAt).getTime()));
  const until = new Date(last + RETURN_DAYS * 86_400_000);
  return now < until ? until : null;
}

/** Units of a line that come back. Amounts in minor units. */
export interface ReturnedUnits {
  /** Units that come back now, those that came back before, and all that were bought. */
  quantity: number;
  returnedQuantity: number;
  boughtQuantity: number;
  total: bigint;
  tax: bigint;
}

/** What the units have cost, without shipping; the parts of a line that comes back bit by bit sum exactly to what it cost. */
export function costOf(lines: readonly ReturnedUnits[], taxIncluded: boolean): bigint {
  return lines.reduce((sum, { quantity, returnedQuantity, boughtQuantity, total, tax }) => {
    const cost = taxIncluded ? total : total + tax;
    const before = costOfFirst(returnedQuantity, boughtQuantity, cost);
    return sum + costOfFirst(returnedQuantity + quantity, boughtQuantity, cost) - before;
  }, 0n);
}

/** Largest remainder over units of equal weight: what cannot be divided goes to the first ones, one minor unit each. */
function costOfFirst(units: number, of: number, cost: bigint): bigint {
  const [count, all] = [BigInt(units), BigInt(of)];
  const remainder = cost % all;
  return (cost / all) * count + (count < remainder ? count : remainder);
}
