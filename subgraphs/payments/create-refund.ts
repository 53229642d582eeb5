/** Refund by support: part or all of what is left of a captured payment. */
import { z } from 'zod';
import { recordAudit } from '../../platform/audit';
import { requireStaff } from '../../platform/auth/guard';
import { idempotently } from '../../platform/db/idempotency';
import { Fault, UserFault } from '../../platform/errors';
import { freeText, idempotencyKeyText, idOf, moneyIn, validateInput } from '../../platform/graph/validate';
import { toId } from '../../platform/ids';
import { formatMinor } from '../../platform/money';
import type { GraphContext } from '../../platform/subgraph';
import { lockPayment } from './payment.rows';
import type { PaymentServices } from './payment.services';
import { ProviderUnavailable } from './provider/provider';
import { executeRefund, promiseRefund, refundsBy, type RefundRow } from './refunds';

const inputOf = (currency: string) =>
  z.object({
    orderId: idOf('ord'),
    amount: moneyIn(currency).nullish(),
    reason: freeText.nullish(),
    idempotencyKey: idempotencyKeyText,
  });

/** Staff only. A provider that gives no answer leaves the refund PENDING; it is carried out later. */
export async function createRefund(context: GraphContext<PaymentServices>, rawInput: unknown): Promise<RefundRow> {
  const { services, principal, requestId } = context;
  const staff = requireStaff(principal);
  const input = validateInput(inputOf(services.config.currency), rawInput);
  const key = { actor: `user:${staff.id}`, mutation: 'createRefund', key: input.idempotencyKey, input };
  const refundId = await idempotently(services.db, key, async (tx) => {
    const payment = await lockPayment(tx, input.orderId);
    if (!payment) throw UserFault.of('NOT_FOUND', 'There is no such order.', ['orderId']);
    if (payment.status !== 'CAPTURED') {
      throw UserFault.of('CONFLICT', 'Nothing has been captured for this order yet.', ['orderId'], {
        retryable: false,
      });
    }
    const left = payment.capturedAmount - payment.refundedAmount;
    const amount = input.amount ?? left;
    if (left === 0n) throw UserFault.of('CONFLICT', 'Everything has been refunded.', ['orderId'], { retryable: false });
    if (amount < 1n || amount > left) {
      const maximum = formatMinor(left, payment.currencyCode);
      throw UserFault.of('VALIDATION_ERROR', `Must be more than 0 and at most ${maximum}.`, ['amount', 'amount'], {
        maximum,
      });
    }
    const now = services.clock.now();
    const id = await promiseRefund(tx, payment, {
      amount,
      sealedReason: input.reason ? services.sealer.seal(input.reason) : null,
      now,
      cause: requestId,
    });
    const target = toId('rfnd', id);
    await recordAudit(tx, services, { actor: staff, action: 'createRefund', targetUuid: id, target, requestId });
    return id;
  });
  await executeRefund(services, refundId, requestId).catch((error: unknown) => {
    if (!(error instanceof ProviderUnavailable)) throw error;
  });
  const [refund] = await refundsBy(services, 'id', [refundId]);
  if (!refund) throw new Fault('INTERNAL_ERROR');
  return refund;
}
