/** What an order knows of its payment. Pure. */
import type { OrderStatus } from './messages';

/** Where an order's money stands, as orders knows it. */
export const ORDER_PAYMENT_STATUSES = [
  'PENDING', 'AUTHORIZED', 'PAID', 'PARTIALLY_REFUNDED', 'REFUNDED', 'VOIDED', 'FAILED',
] as const; // prettier-ignore
/** One of {@link ORDER_PAYMENT_STATUSES}. */
export type OrderPaymentStatus = (typeof ORDER_PAYMENT_STATUSES)[number];

/** What tells whether an order's payment waits for its buyer. */
interface Awaited {
  status: OrderStatus;
  paymentStatus: OrderPaymentStatus;
  /** Null: no limit is known. */
  nextActionUntil: Date | null;
}

/** Whether approving the payment still makes a difference to an order that has once asked for it. */
export function waitsForBuyer({ status, paymentStatus, nextActionUntil }: Awaited, now: Date): boolean {
  return status === 'PENDING' && paymentStatus === 'PENDING' && (nextActionUntil === null || now < nextActionUntil);
}

/** Money moves one way: hold, take, give back. */
const RANK: Record<OrderPaymentStatus, number> = {
  PENDING: 0,
  FAILED: 1,
  AUTHORIZED: 2,
  PAID: 3,
  VOIDED: 4,
  PARTIALLY_REFUNDED: 4,
  REFUNDED: 5,
};

/**
 * Whether what is learnt of a payment moves an order's payment status. Orders learns some things earlier by asking (authorized,
 * taken); the message about them comes later and must not take it back.
 */
export function paymentMoves(from: OrderPaymentStatus, to: OrderPaymentStatus): boolean {
  return RANK[to] > RANK[from];
}

/**
 * The same for news from payments, each newer than the last. Of money given back only they tell, so there the newest is right: a
 * refund that the provider has refused was none, and the money counts as taken again.
 */
export function newsMoves(from: OrderPaymentStatus, to: OrderPaymentStatus): boolean {
  if (paymentMoves(from, to)) return true;
  if (from === 'REFUNDED') return to === 'PAID' || to === 'PARTIALLY_REFUNDED';
  return from === 'PARTIALLY_REFUNDED' && to === 'PAID';
}
