/** Refunds: promised in the database first, so that no two can promise the same money; then carried out at the provider. */
import { Counter } from 'prom-client';
import type { EntityManager } from 'typeorm';
import { newUuid } from '../../platform/ids';
import { noteAsked } from './look-up-payments';
import { paymentsBy, lockPayment, type PaymentRow } from './payment.rows';
import type { PaymentServices } from './payment.services';
import { ProviderUnavailable } from './provider/provider';
import { settle } from './settle-payment';

const failedRefunds = new Counter({
  name: 'souk_refunds_failed_total',
  help: 'Refunds that ended FAILED: refused by the provider, or more than was left.',
});

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

/** A refund to be noted. */
interface NewRefund {
  /** Absent: a new one. */
  id?: string;
  amount: bigint;
  sealedReason: string | null;
  now: Date;
}

/** Writes a refund's row and gives its id. */
export async function insertRefund(
  tx: EntityManager,
  payment: PaymentRow,
  refund: NewRefund,
  status: RefundRow['status'],
): Promise<string> {
  const { id = newUuid(), amount, sealedReason, now } = refund;
  await tx.query(
    'INSERT INTO refund (id, payment_id, amount, reason, status, created_at) VALUES ($1, $2, $3, $4, $5, $6)',
    [id, payment.id, amount, sealedReason, status, now],
  );
  return id;
}

/** Notes a refund of a locked payment and gives its id. The caller has checked the amount; a constraint guards it besides. */
export async function promiseRefund(
  tx: EntityManager,
  payment: PaymentRow,
  refund: NewRefund & { cause: string },
): Promise<string> {
  const id = await insertRefund(tx, payment, refund, 'PENDING');
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
    currencyCode: refund.currencyCode,
  });
  const changed = await db.transaction(async (tx) => {
    const locked = await lockPayment(tx, payment.orderId);
    if (!locked) return false;
    const [rows]: [unknown[], number] = await tx.query(
      `UPDATE refund SET status = $2 WHERE id = $1 AND status = 'PENDING' RETURNING 1`,
      [refundId, outcome === 'refunded' ? 'SUCCEEDED' : 'FAILED'],
    );
    if (rows.length === 0) return false;
    const now = clock.now();
    if (outcome === 'refunded') {
      await settle(tx, locked, { set: {}, posting: { kind: 'REFUND', amount: refund.amount }, now, cause });
    } else {
      // The money is the buyer's still: it can be promised again.
      await settle(tx, locked, { set: { refundedAmount: locked.refundedAmount - refund.amount }, now, cause });
      // Somebody may have given it back at the provider: what was promised here hid that.
      await noteAsked(tx, locked.orderId, now);
    }
    return true;
  });
  if (changed && outcome === 'failed') reportFailed(services, refundId, payment);
}

/** Promised to the buyer and not given back: somebody has to look at it. */
export function reportFailed({ log }: PaymentServices, refundId: string, { orderId }: PaymentRow): void {
  failedRefunds.inc();
  log.error({ refundId, orderId }, 'a refund failed');
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
