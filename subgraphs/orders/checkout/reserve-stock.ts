/** Steps: reserve the stock, pin it, and give it back. */
import { pinReservation as pin, releaseReservation as undo, reserveStock as command } from '../../catalog/messages';
import { SYSTEM } from '../order-access';
import { lockOrder } from '../read-orders';
import { transition } from '../record-event';
import { ask } from './ask';
import { advance, refuse, type CheckoutRun } from './checkout-run';
import { LeaseLost, saveProgress } from './checkout-store';

/** do: every line or none. Again when the last reservation has lapsed. */
export async function reserveStock(run: CheckoutRun): Promise<void> {
  const { quote, orderId, stock } = run.checkout;
  if (!quote) throw new Error('stock is reserved for a quote');
  if (stock === 'reserved') await advance(run, { stock: 'asked', reservedUntil: null });
  const lines = quote.lines.map(({ variantId, quantity }) => ({ variantId, quantity }));
  const answer = await ask(run, command, { orderId, lines }, { step: 'reserve' });
  if (!answer) return void run.blocked.add('reserve');
  if (answer.outcome === 'short') {
    const errors = answer.lines.map(({ sku, available }) => ({
      code: 'INSUFFICIENT_INVENTORY' as const,
      message: 'Not enough in stock.',
      sku,
      available,
    }));
    return refuse(run, { errors, reason: 'Out of stock.' }, { stock: 'released' });
  }
  const { payment } = run.checkout;
  await advance(run, {
    stock: 'reserved',
    reservedUntil: answer.expiresAt,
    payment: payment === 'none' ? 'asked' : payment,
  });
}

/** undo, of reserving and of pinning. */
export async function releaseStock(run: CheckoutRun): Promise<void> {
  const answer = await ask(run, undo, { orderId: run.checkout.orderId }, { step: 'release stock' });
  if (!answer) return void run.blocked.add('release stock');
  return advance(run, { stock: 'released', reservedUntil: null });
}

/** do: the stock is the order's for good, and the order CONFIRMED. Lapsed: reserve again. */
export async function pinStock(run: CheckoutRun): Promise<void> {
  const { services, checkout } = run;
  const answer = await ask(run, pin, { orderId: checkout.orderId }, { step: 'pin' });
  if (!answer) return void run.blocked.add('pin');
  if (answer.outcome === 'expired') {
    return advance(run, { stock: 'asked', reservedUntil: null });
  }
  const now = services.clock.now();
  run.checkout = await services.db.transaction(async (tx) => {
    const order = await lockOrder(tx, checkout.orderId);
    // Cancelled meanwhile: whoever did so has taken over the checkout.
    if (order?.status !== 'PENDING') throw new LeaseLost();
    const paymentStatus = order.paymentStatus === 'PENDING' ? ('AUTHORIZED' as const) : undefined;
    await transition(tx, services.sealer, order, 'CONFIRMED', {
      actor: SYSTEM,
      at: now,
      cause: checkout.requestId,
      paymentStatus,
    });
    return saveProgress(tx, checkout, { stock: 'pinned', reservedUntil: null }, now);
  });
  services.eventLog.wake();
}
