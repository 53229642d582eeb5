/** What an order knows of its payment. Pure. */

/** Where an order's money stands, as orders knows it. */
export const ORDER_PAYMENT_STATUSES = [
  'PENDING', 'AUTHORIZED', 'PAID', 'PARTIALLY_REFUNDED', 'REFUNDED', 'VOIDED', 'FAILED',
] as const; // prettier-ignore
/** One of {@link ORDER_PAYMENT_STATUSES}. */
export type OrderPaymentStatus = (typeof ORDER_PAYMENT_STATUSES)[number];

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
 * Whether news of a payment move an order's payment status. Orders learns some things earlier by asking (authorized, taken);
 * the message about them comes later and must not take it back.
 */
export function paymentMoves(from: OrderPaymentStatus, to: OrderPaymentStatus): boolean {
  return RANK[to] > RANK[from];
}
