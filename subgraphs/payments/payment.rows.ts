/** Payments as they lie in the database, and what may be said of them. */
import type { EntityManager } from 'typeorm';
import type { Owner } from '../../platform/auth/principal';
import type { PaymentSource } from './provider/provider';

/** Statuses of a payment, as clients see them. */
export const PAYMENT_STATUSES = ['PENDING', 'REQUIRES_ACTION', 'AUTHORIZED', 'CAPTURED', 'VOIDED', 'FAILED'] as const;
/** One of {@link PAYMENT_STATUSES}. */
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

/** One payment; amounts in minor units. */
export interface PaymentRow extends Owner {
  id: string;
  orderId: string;
  status: PaymentStatus;
  amount: bigint;
  capturedAmount: bigint;
  refundedAmount: bigint;
  currencyCode: string;
  provider: string;
  providerReference: string | null;
  method: string | null;
  declineReason: string | null;
  /** What is charged: `sealedToken` holds the token, or what the provider calls the saved card. */
  sourceKind: PaymentSource['kind'];
  sealedToken: string;
  /** Where the buyer must go, while REQUIRES_ACTION; sealed: who has the address can approve. */
  sealedAction: string | null;
  actionExpiresAt: Date | null;
  attemptedAt: Date | null;
  version: number;
  createdAt: Date;
}

type Raw = Record<'id' | 'order_id' | 'owner_id' | 'amount' | 'captured_amount' | 'refunded_amount', string> &
  Record<'currency_code' | 'provider' | 'sealed_token', string> &
  Record<'provider_reference' | 'method' | 'decline_reason' | 'sealed_action', string | null> & {
    owner_kind: Owner['ownerKind'];
    source_kind: PaymentSource['kind'];
    status: PaymentStatus;
    action_expires_at: Date | null;
    attempted_at: Date | null;
    version: number;
    created_at: Date;
  };

const fromRaw = (row: Raw): PaymentRow => ({
  id: row.id,
  orderId: row.order_id,
  ownerKind: row.owner_kind,
  ownerId: row.owner_id,
  status: row.status,
  amount: BigInt(row.amount),
  capturedAmount: BigInt(row.captured_amount),
  refundedAmount: BigInt(row.refunded_amount),
  currencyCode: row.currency_code,
  provider: row.provider,
  providerReference: row.provider_reference,
  method: row.method,
  declineReason: row.decline_reason,
  sourceKind: row.source_kind,
  sealedToken: row.sealed_token,
  sealedAction: row.sealed_action,
  actionExpiresAt: row.action_expires_at,
  attemptedAt: row.attempted_at,
  version: row.version,
  createdAt: row.created_at,
});

/** Whether the provider's last word on the authorization is still to come. */
export function isOpen({ status }: PaymentRow): boolean {
  return status === 'PENDING' || status === 'REQUIRES_ACTION';
}

/** Payments whose `column` is one of `values`, in one statement. */
export async function paymentsBy(
  manager: Pick<EntityManager, 'query'>,
  column: 'id' | 'order_id',
  values: readonly string[],
): Promise<PaymentRow[]> {
  const rows: Raw[] = await manager.query(`SELECT * FROM payment WHERE ${column} = ANY ($1::uuid[])`, [values]);
  return rows.map(fromRaw);
}

/** The order's payment, locked until the transaction ends. */
export async function lockPayment(tx: EntityManager, orderId: string): Promise<PaymentRow | null> {
  const [row]: Raw[] = await tx.query('SELECT * FROM payment WHERE order_id = $1 FOR UPDATE', [orderId]);
  return row ? fromRaw(row) : null;
}
