/** Refunds: promised in the database first, so that no two can promise the same money; then carried out at the provider. */
import type { EntityManager } from 'typeorm';
import { newUuid } from '../../platform/ids';
import { paymentsBy, lockPayment, type PaymentRow } from './payment.rows';
import type { PaymentServices } from './payment.services';
import { ProviderUnavailable } from './provider/provider';
import { settle } from './settle-payment';

/** Statuses of a refund. */
export const REFUND_STATUSES = ['PENDING', 'SUCCEEDED', 'FAILED'] as const;

/** One refund; the amount in minor units. */
export interface RefundRow {
  id: string;
  paymentId: string;
  amount: bigint;
  currencyCode: string;
  /** In clear; sealed in its column, since staff may write of people. */
  reason: string | null;
  status: (typeof REFUND_STATUSES)[number];
  createdAt: Date;
}

interface Raw {
  id: string;
  payment_id: string;
  amount: string;
  currency_code: string;
  reason: string | null;
  status: RefundRow['status'];
  created_at: Date;
}

/** Refunds whose `column` is one of `values`, oldest first, in one statement. */
export async function refundsBy(
  { db, sealer }: Pick<PaymentServices, 'db' | 'sealer'>,
  column: 'id' | 'payment_id',
  values: readonly string[],
): Promise<RefundRow[]> {
  const rows = await db.rows<Raw>(
    `SELECT r.id, r.payment_id, r.amount, p.currency_code, r.reason, r.status, r.created_at
     FROM refund r JOIN payment p ON p.id = r.payment_id WHERE r.${column} = ANY ($1::uuid[]) ORDER BY r.created_at, r.id`,
    [values],
  );
  return rows.map((row) => ({
    id: row.id,
    paymentId: row.payment_id,
    amount: BigInt(row.amount),
    currencyCode: row.currency_code,
    reason: row.reason === null ? null : sealer.open(row.reason),
    status: row.status,
    createdAt: row.created_at,
  }));
}

/** Notes a refund of a locked payment and gives its id. The caller has checked the amount; a constraint guards it besides. */
export async function promiseRefund(
  tx: EntityManager,
  payment: PaymentRow,
  refund: { amount: bigint; sealedReason: string | null; now: Date; cause: string },
): Promise<string> {
  const id = newUuid();
  await tx.query(
    `INSERT INTO refund (id, payment_id, amount, reason, status, created_at) VALUES ($1, $2, $3, $4, 'PENDING', $5)`,
    [id, payment.id, refund.amount, refund.sealedReason, refund.now],
  );
  await settle(tx, payment, {
    set: { refundedAmount: payment.refundedAmount + refund.amount },
    now: refund.now,
    cause: refund.cause,
  });
  return id;
}

/** Carries a promised refund out. Throws ProviderUnavailable when the provider gave no answer; the job tries again. */
export async function executeRefund(services: PaymentServices, refundId: string, cause: string): Promise<void> {
  const { db, provider, clock } = services;
  const [refund] = await refundsBy(services, 'id', [refundId]);
  const [payment] = refund ? await paymentsBy(db.manager, 'id', [refund.paymentId]) : [];
  if (refund?.status !== 'PENDING' || !payment?.providerReference) return;
  const { outcome } = await provider.refund({
    key: refundId,
    reference: payment.providerReference,
    amount: refund.amount,
  });
  // Promised to the buyer and refused by the provider: somebody has to look at it.
  if (outcome === 'failed') services.log.error({ refundId, orderId: payment.orderId }, 'the provider refused a refund');
  await db.transaction(async (tx) => {
    const locked = await lockPayment(tx, payment.orderId);
    if (!locked) return;
    const [rows]: [unknown[], number] = await tx.query(
      `UPDATE refund SET status = $2 WHERE id = $1 AND status = 'PENDING' RETURNING 1`,
      [refundId, outcome === 'refunded' ? 'SUCCEEDED' : 'FAILED'],
    );
    if (rows.length === 0) return;
    const now = clock.now();
    if (outcome === 'refunded') {
      await settle(tx, locked, { set: {}, posting: { kind: 'REFUND', amount: refund.amount }, now, cause });
    } else {
      await settle(tx, locked, { set: { refundedAmount: locked.refundedAmount - refund.amount }, now, cause });
    }
  });
}

/** A job: carries out what an outage or a crash left behind. */
export async function retryRefunds(services: PaymentServices): Promise<void> {
  const pending = await services.db.rows<{ id: string }>(
    `SELECT id FROM refund WHERE status = 'PENDING' AND created_at < $1 ORDER BY created_at LIMIT 100`,
    [new Date(services.clock.now().getTime() - RETRY_AFTER_MS)],
  );
  for (const { id } of pending) {
    try {
      await executeRefund(services, id, `job:retry-refunds`);
    } catch (error) {
      if (error instanceof ProviderUnavailable) return; // the provider is down: the others would fail as well
      // One that can not be carried out must not keep those behind it waiting.
      services.log.error({ err: error, refundId: id }, 'a refund could not be carried out');
    }
  }
}

/** Age at which a refund under way counts as left behind, in milliseconds. */
const RETRY_AFTER_MS = 5_000;
