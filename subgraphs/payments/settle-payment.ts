/** The only place that writes what became of a payment: state, ledger and event in one transaction. */
import { Histogram } from 'prom-client';
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

/** A provider that answers takes less, in seconds; a payment that takes longer was in doubt. */
const PROMPT_SECONDS = 1;

const doubts = new Histogram({
  name: 'souk_payment_doubt_seconds',
  help: 'Time from the first attempt of a payment until its outcome was known, of those that were not answered within 1 s.',
  buckets: [1, 2, 5, 10, 20, 30, 60, 300, 3_600],
});

/** A change of a payment. */
export interface Settlement {
  /** Columns that change; the caller holds the row's lock. */
  set: Partial<
    Pick<
      PaymentRow,
      | 'status'
      | 'capturedAmount'
      | 'refundedAmount'
      | 'providerReference'
      | 'method'
      | 'declineReason'
      | 'sealedAction'
      | 'actionExpiresAt'
    >
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
  // Nobody is to go there any more.
  if (changed.status !== 'REQUIRES_ACTION') Object.assign(changed, { sealedAction: null, actionExpiresAt: null });
  await tx.query(
    `UPDATE payment SET status = $2, captured_amount = $3, refunded_amount = $4, provider_reference = $5, method = $6,
       decline_reason = $7, version = $8, sealed_action = $9, action_expires_at = $10, look_up_at = NULL, look_ups = 0
     WHERE id = $1`,
    [
      changed.id,
      changed.status,
      changed.capturedAmount,
      changed.refundedAmount,
      changed.providerReference,
      changed.method,
      changed.declineReason,
      changed.version,
      changed.sealedAction,
      changed.actionExpiresAt,
    ],
  );
  if (payment.status === 'PENDING' && changed.status !== 'PENDING' && payment.attemptedAt) {
    const seconds = (now.getTime() - payment.createdAt.getTime()) / 1_000;
    if (seconds > PROMPT_SECONDS) doubts.observe(seconds);
  }
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
