/** Captures an order's whole authorized total, once. */
import { Fault } from '../../platform/errors';
import { paymentOf } from './authorize-payment';
import { noteAsked } from './look-up-payments';
import { lockPayment } from './payment.rows';
import type { PaymentServices } from './payment.services';
import { ProviderUnavailable } from './provider/provider';
import { settle } from './settle-payment';

/** `failed`: the provider refused, or there is nothing to capture. Throws Fault SERVICE_UNAVAILABLE when it gave no answer. */
export async function capturePayment(
  services: PaymentServices,
  orderId: string,
  cause: string,
): Promise<{ outcome: 'captured' } | { outcome: 'failed'; reason: string | null }> {
  const { db, provider, clock } = services;
  const payment = await paymentOf(services, orderId);
  if (payment?.status === 'CAPTURED') return { outcome: 'captured' };
  if (payment?.status !== 'AUTHORIZED' || payment.providerReference === null)
    return { outcome: 'failed', reason: null };
  await noteAsked(db.manager, orderId, clock.now());
  // The provider decides between this and a void at the same time: it does only one of them.
  const answer = await provider.capture(payment.providerReference).catch((error: unknown) => {
    throw error instanceof ProviderUnavailable
      ? new Fault('SERVICE_UNAVAILABLE', undefined, undefined, { cause: error })
      : error;
  });
  if (answer.outcome === 'failed') return answer;
  await db.transaction(async (tx) => {
    const locked = await lockPayment(tx, orderId);
    if (locked?.status !== 'AUTHORIZED') return;
    await settle(tx, locked, {
      set: { status: 'CAPTURED', capturedAmount: locked.amount },
      posting: { kind: 'CAPTURE', amount: locked.amount },
      now: clock.now(),
      cause,
    });
  });
  return { outcome: 'captured' };
}
