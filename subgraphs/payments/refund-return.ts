/** Refund of what a buyer has sent back; decided in orders, so all that is checked here is that the money is there. */
import type { z } from 'zod';
import type { refundReturn as command } from './messages';
import { lockPayment, type PaymentRow } from './payment.rows';
import type { PaymentServices } from './payment.services';
import { ProviderUnavailable } from './provider/provider';
import { executeRefund, insertRefund, promiseRefund, refundsBy, reportFailed, type RefundRow } from './refunds';

type Input = z.output<typeof command.input>;
type Output = z.output<typeof command.output>;

const OUTCOMES: Record<RefundRow['status'], Output['outcome']> = {
  SUCCEEDED: 'refunded',
  FAILED: 'failed',
  PENDING: 'pending',
};

/** The refund has the return's id, so the same return is refunded once. */
export async function refundReturn(services: PaymentServices, input: Input, cause: string): Promise<Output> {
  const { returnId } = input;
  const refused = await promise(services, input, cause);
  if (refused) reportFailed(services, returnId, refused);
  await executeRefund(services, returnId, cause).catch((error: unknown) => {
    if (!(error instanceof ProviderUnavailable)) throw error;
  });
  const [refund] = await refundsBy(services, 'id', [returnId]);
  return { outcome: refund ? OUTCOMES[refund.status] : 'failed' };
}

/** Notes the refund unless it is known. Gives the payment if there is not enough left of it: the refund is noted as FAILED then. */
async function promise(
  services: PaymentServices,
  { orderId, returnId, amount }: Input,
  cause: string,
): Promise<PaymentRow | null> {
  return services.db.transaction(async (tx) => {
    const payment = await lockPayment(tx, orderId);
    const known: unknown[] = await tx.query('SELECT 1 FROM refund WHERE id = $1', [returnId]);
    if (!payment || known.length > 0) return null;
    const refund = { id: returnId, amount, sealedReason: null, now: services.clock.now(), cause };
    const enough = amount <= payment.capturedAmount - payment.refundedAmount;
    // Remembered, also as FAILED: a late duplicate must not give back what support has given back in another way meanwhile.
    if (enough) await promiseRefund(tx, payment, refund);
    else await insertRefund(tx, payment, refund, 'FAILED');
    return enough ? null : payment;
  });
}
