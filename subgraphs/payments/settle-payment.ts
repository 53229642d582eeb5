/** The only place that writes what became of a payment: state, ledger and event in one transaction. */
import type { EntityManager } from 'typeorm';
import { newUuid } from '../../platform/ids';
import { addToOutbox } from '../../platform/outbox/outbox';
import { paymentChanged } from './messages';
import type { PaymentRow } from './payment.rows';

/** Accounts of the ledger: the buyer's money, what is held for the shop, and the shop's. */
type Account = 'buyer' | 'held' | 'shop';

/** Which way money moves at each kind of posting. The two entries of a posting sum to zero. */
const POSTINGS: Record<'AUTHORIZE' | 'VOID' | 'CAPTURE' | 'REFUND', { from: Account; to: Account }> = {
  AUTHORIZE: { from: 'buyer', to: 'held' },
  VOID: { from: 'held', to: 'buyer' },
  CAPTURE: { from: 'held', to: 'shop' },
  REFUND: { from: 'shop', to: 'buyer' },
};

/** A change of a payment. */
export interface Settlement {
  /** Columns that change; the caller holds the row's lock. */
  set: Partial<
    Pick<PaymentRow, 'status' | 'capturedAmount' | 'refundedAmount' | 'providerReference' | 'method' | 'declineReason'>
  >;
  /** Money that moved, if any did. */
  posting?: { kind: keyof typeof POSTINGS; amount: bigint };
  now: Date;
  cause: string;
}

/** Writes the change and gives the payment as it is now. `payment` must be locked by this transaction. */
export async function settle(tx: EntityManager, payment: PaymentRow, settlement: Settlement): Promise<PaymentRow> {
  const { posting, now, cause } = settlement;
  const changed: PaymentRow = { ...payment, ...settlement.set, version: payment.version + 1 };
  await tx.query(
    `UPDATE payment SET status = $2, captured_amount = $3, refunded_amount = $4, provider_reference = $5, method = $6,
       decline_reason = $7, version = $8 WHERE id = $1`,
    [
      changed.id,
      changed.status,
      changed.capturedAmount,
      changed.refundedAmount,
      changed.providerReference,
      changed.method,
      changed.declineReason,
      changed.version,
    ],
  );
  if (posting) {
    const { from, to } = POSTINGS[posting.kind];
    await tx.query(
      `INSERT INTO ledger_entry (id, posting_id, payment_id, kind, account, amount, currency_code, created_at)
       VALUES ($1, $3, $4, $5, $6, -$8::bigint, $9, $10), ($2, $3, $4, $5, $7, $8::bigint, $9, $10)`,
      [newUuid(), newUuid(), newUuid(), payment.id, posting.kind, from, to, posting.amount, payment.currencyCode, now],
    );
  }
  await addToOutbox(tx, paymentChanged, {
    aggregateId: payment.id,
    aggregateVersion: changed.version,
    payload: { orderId: payment.orderId, paymentId: payment.id, status: summary(changed) },
    cause,
    time: now,
  });
  return changed;
}

/** The payment in the words of an order's paymentStatus. Refunds under way count: the money is promised. */
function summary(payment: PaymentRow) {
  if (payment.status === 'CAPTURED') {
    if (payment.refundedAmount === 0n) return 'PAID';
    return payment.refundedAmount < payment.capturedAmount ? 'PARTIALLY_REFUNDED' : 'REFUNDED';
  }
  return payment.status === 'REQUIRES_ACTION' ? 'PENDING' : payment.status;
}
