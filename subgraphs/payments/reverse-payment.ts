/** Undoes an order's payment, whatever state it is in: voids what is held, refunds what was taken. */
import { paymentOf } from './authorize-payment';
import { noteAsked } from './look-up-payments';
import { isOpen, lockPayment, type PaymentRow } from './payment.rows';
import type { PaymentServices } from './payment.services';
import { ProviderUnavailable } from './provider/provider';
import { executeRefund, promiseRefund } from './refunds';
import { settle } from './settle-payment';

/** How long a provider may still take up what it was asked, in milliseconds: far longer than we wait for its answer. */
const LATE_MS = 30_000;

/** `pending`: the provider gave no answer; ask again. After this no payment is authorized for the order any more. */
export async function reversePayment(
  services: PaymentServices,
  orderId: string,
  cause: string,
): Promise<{ outcome: 'reversed' | 'pending' }> {
  try {
    await forbid(services, orderId);
    const payment = await paymentOf(services, orderId);
    if (payment && mayHold(payment)) await letGo(services, payment, cause);
    // Read again: it may have been captured meanwhile, or all along.
    const now = await paymentOf(services, orderId);
    // Authorized while the provider was being asked: what it holds is let go of when we are asked again.
    if (now && mayHold(now)) return { outcome: 'pending' };
    if (now?.status === 'CAPTURED' && now.refundedAmount < now.capturedAmount) await giveBack(services, orderId, cause);
    return { outcome: 'reversed' };
  } catch (error) {
    if (error instanceof ProviderUnavailable) return { outcome: 'pending' };
    throw error;
  }
}

const mayHold = (payment: PaymentRow): boolean => isOpen(payment) || payment.status === 'AUTHORIZED';

async function forbid({ db, clock }: PaymentServices, orderId: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [orderId]);
    await tx.query('INSERT INTO reversed_order (order_id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
      orderId,
      clock.now(),
    ]);
    await noteAsked(tx, orderId, clock.now());
  });
}

/** Voids at the provider first: a crash after it finds the void done, a crash before it finds nothing changed. */
async function letGo(
  services: PaymentServices,
  { orderId, status, attemptedAt }: PaymentRow,
  cause: string,
): Promise<void> {
  const { db, provider, clock } = services;
  const known = attemptedAt ? await provider.find(orderId) : null;
  // Called void now, what it takes up after this would be held for ever: nobody asks about a payment that is over.
  if (attemptedAt && !known && clock.now().getTime() - attemptedAt.getTime() < LATE_MS) throw new ProviderUnavailable();
  const holds = known !== null && known.state !== 'DECLINED';
  const captured = holds && (await provider.void(known.reference)).outcome === 'captured';
  await db.transaction(async (tx) => {
    const payment = await lockPayment(tx, orderId);
    // Changed meanwhile: the caller looks again.
    if (!payment || payment.status !== status || payment.attemptedAt?.getTime() !== attemptedAt?.getTime()) return;
    if (captured) {
      await settle(tx, payment, {
        set: { status: 'CAPTURED', capturedAmount: payment.amount },
        posting: { kind: 'CAPTURE', amount: payment.amount },
        now: clock.now(),
        cause,
      });
      return;
    }
    await settle(tx, payment, {
      set: { status: 'VOIDED' },
      posting: status === 'AUTHORIZED' ? { kind: 'VOID', amount: payment.amount } : undefined,
      now: clock.now(),
      cause,
    });
  });
}

async function giveBack(services: PaymentServices, orderId: string, cause: string): Promise<void> {
  const refundId = await services.db.transaction(async (tx) => {
    const payment = await lockPayment(tx, orderId);
    if (!payment || payment.refundedAmount === payment.capturedAmount) return null;
    const amount = payment.capturedAmount - payment.refundedAmount;
    return promiseRefund(tx, payment, { amount, sealedReason: null, now: services.clock.now(), cause });
  });
  if (refundId !== null) await executeRefund(services, refundId, cause);
}
