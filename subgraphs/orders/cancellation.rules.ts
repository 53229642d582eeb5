/** When an order can be cancelled. Pure. */
import { mayBecome } from './order-status.rules';
import type { OrderStatus } from './messages';

/** How long after placing its buyer may cancel, in hours. Staff may at any time. */
export const CANCELLABLE_HOURS = 24;

/** What the rules look at. */
interface Cancellable {
  status: OrderStatus;
  placedAt: Date;
  /** Whether any unit has left. */
  shipped: boolean;
}

/** Whether it can be cancelled at all. */
export function mayBeCancelled(order: Omit<Cancellable, 'placedAt'>): boolean {
  return mayBecome(order.status, 'CANCELLED') && !order.shipped;
}

/** Until when its buyer may cancel; null: not, or no longer. */
export function cancellableUntil(order: Cancellable, now: Date): Date | null {
  const until = new Date(order.placedAt.getTime() + CANCELLABLE_HOURS * 3_600_000);
  return mayBeCancelled(order) && now < until ? until : null;
}
