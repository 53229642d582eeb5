/** Reading orders: raw rows, because lists of them are hot. */
import type { EntityManager } from 'typeorm';
import type { Owner } from '../../platform/auth/principal';
import type { OrderStatus } from './messages';
import type { OrderPaymentStatus } from './payment-status.rules';

/** An order without its lines. Amounts in minor units; what is sealed is still sealed. */
export interface OrderRow extends Owner {
  /** Whose API client ordered it: the uuid of the partner's user; null: nobody's. */
  partnerId: string | null;
  id: string;
  number: string;
  status: OrderStatus;
  /** Sequence of its newest event: changes whenever anything of the order does. */
  version: number;
  paymentStatus: OrderPaymentStatus;
  currencyCode: string;
  subtotal: bigint;
  discount: bigint;
  shipping: bigint;
  tax: bigint;
  total: bigint;
  taxIncluded: boolean;
  shippingMethod: string;
  shippingAddress: string | null;
  billingAddress: string | null;
  email: string | null;
  note: string | null;
  token: string | null;
  tokenHash: string | null;
  /** Where the buyer must go while the payment waits for them, and until when. */
  nextAction: string | null;
  nextActionUntil: Date | null;
  /** Whether any unit has left. */
  shipped: boolean;
  /** Whether the total was taken. */
  captured: boolean;
  /** Whether it may be about to be taken: nobody can cancel until that is known. */
  capturing: boolean;
  placedAt: Date;
  updatedAt: Date;
}

/** Columns of {@link OrderRow}; the table is `orders o`. */
export const ORDER_COLUMNS = `o.id, o.number, o.owner_kind AS "ownerKind", o.owner_id AS "ownerId", o.partner_id AS "partnerId",
  o.status, o.version, o.payment_status AS "paymentStatus", o.currency_code AS "currencyCode", o.subtotal, o.discount, o.shipping, o.tax, o.total,
  o.tax_included AS "taxIncluded", o.shipping_method AS "shippingMethod", o.shipping_address AS "shippingAddress",
  o.billing_address AS "billingAddress", o.email, o.note, o.token, o.token_hash AS "tokenHash",
  o.next_action AS "nextAction", o.next_action_until AS "nextActionUntil", o.shipped,
  o.captured_at IS NOT NULL AS captured, coalesce(o.capturing_until > now(), false) AS capturing,
  o.placed_at AS "placedAt", o.updated_at AS "updatedAt"`;

type Amount = 'subtotal' | 'discount' | 'shipping' | 'tax' | 'total';

/** A row as the driver gives it: bigint columns are strings. */
export type RawOrderRow = Omit<OrderRow, Amount> & Record<Amount, string>;

/** From the driver's row. */
export function toOrderRow(raw: RawOrderRow): OrderRow {
  return {
    ...raw,
    subtotal: BigInt(raw.subtotal),
    discount: BigInt(raw.discount),
    shipping: BigInt(raw.shipping),
    tax: BigInt(raw.tax),
    total: BigInt(raw.total),
  };
}

/** Orders by id, in any order; unknown ones are absent. One statement. */
export async function ordersById(manager: EntityManager, ids: readonly string[]): Promise<OrderRow[]> {
  const rows: RawOrderRow[] = await manager.query(
    `SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.id = ANY($1::uuid[])`,
    [ids],
  );
  return rows.map(toOrderRow);
}

/** One order, or null. */
export async function orderById(manager: EntityManager, id: string): Promise<OrderRow | null> {
  const [row] = await ordersById(manager, [id]);
  return row ?? null;
}

/** One order by its number, upper case, or null. */
export async function orderByNumber(manager: EntityManager, number: string): Promise<OrderRow | null> {
  const rows: RawOrderRow[] = await manager.query(`SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.number = $1`, [
    number,
  ]);
  return rows[0] ? toOrderRow(rows[0]) : null;
}

/**
 * One order, locked until the transaction ends; null: there is none. Locks are always taken in this order: the caller's
 * idempotency key, orders, checkout, the checkout's idempotency key. Everything below an order is guarded by its row.
 */
export async function lockOrder(tx: EntityManager, id: string): Promise<OrderRow | null> {
  const rows: RawOrderRow[] = await tx.query(`SELECT ${ORDER_COLUMNS} FROM orders o WHERE o.id = $1 FOR UPDATE`, [id]);
  return rows[0] ? toOrderRow(rows[0]) : null;
}
