/** An order and its lines as they are written. They are read with SQL of their own: see read-orders.ts. */
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Owner } from '../../platform/auth/principal';
import type { OrderStatus } from './messages';
import type { OrderPaymentStatus } from './payment-status.rules';

/** A placed order. An attempt that failed has none: it is a checkout and nothing else. Amounts in minor units. */
@Entity('orders')
export class OrderEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  number!: string;

  @Column({ name: 'owner_kind', type: 'text' })
  ownerKind!: Owner['ownerKind'];

  @Column({ name: 'owner_id', type: 'uuid' })
  ownerId!: string;

  /** The uuid of the partner's user, if an API client ordered, else null: the partner sees it too. */
  @Column({ name: 'partner_id', type: 'uuid', nullable: true })
  partnerId!: string | null;

  @Column('text')
  status!: OrderStatus;

  /** Sequence of its newest event. */
  @Column('integer')
  version!: number;

  @Column({ name: 'payment_status', type: 'text' })
  paymentStatus!: OrderPaymentStatus;

  @Column({ name: 'currency_code', type: 'text' })
  currencyCode!: string;

  @Column('bigint')
  subtotal!: bigint;

  @Column('bigint')
  discount!: bigint;

  @Column('bigint')
  shipping!: bigint;

  @Column('bigint')
  tax!: bigint;

  @Column('bigint')
  total!: bigint;

  @Column({ name: 'tax_included', type: 'boolean' })
  taxIncluded!: boolean;

  @Column({ name: 'shipping_method', type: 'text' })
  shippingMethod!: string;

  /** Sealed, as are the next four. */
  @Column({ name: 'shipping_address', type: 'text', nullable: true })
  shippingAddress!: string | null;

  /** Null: the shipping address. */
  @Column({ name: 'billing_address', type: 'text', nullable: true })
  billingAddress!: string | null;

  /** A guest's; a user's is known to accounts. */
  @Column({ type: 'text', nullable: true })
  email!: string | null;

  @Column({ type: 'text', nullable: true })
  note!: string | null;

  /** What a guest sees the order by; null for others. */
  @Column({ type: 'text', nullable: true })
  token!: string | null;

  @Column({ name: 'token_hash', type: 'text', nullable: true })
  tokenHash!: string | null;

  /** Where the buyer must go to approve the payment; sealed. Kept when it is over: whether it is needed, the order says. */
  @Column({ name: 'next_action', type: 'text', nullable: true })
  nextAction!: string | null;

  @Column({ name: 'next_action_until', type: 'timestamptz', precision: 3, nullable: true })
  nextActionUntil!: Date | null;

  @Column({ name: 'placed_at', type: 'timestamptz', precision: 3 })
  placedAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}

/** What was bought: a snapshot kept for ever, whatever becomes of the product. */
@Entity('order_line')
export class OrderLineEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column({ name: 'order_id', type: 'uuid' })
  orderId!: string;

  @Column('smallint')
  position!: number;

  @Column({ name: 'variant_id', type: 'uuid' })
  variantId!: string;

  @Column({ name: 'product_id', type: 'uuid' })
  productId!: string;

  @Column('text')
  sku!: string;

  @Column({ name: 'product_name', type: 'text' })
  productName!: string;

  @Column({ name: 'variant_name', type: 'text' })
  variantName!: string;

  @Column({ type: 'jsonb', nullable: true })
  image!: object | null;

  @Column('integer')
  quantity!: number;

  @Column({ name: 'unit_price', type: 'bigint' })
  unitPrice!: bigint;

  @Column('bigint')
  discount!: bigint;

  @Column('bigint')
  total!: bigint;

  @Column('bigint')
  tax!: bigint;
}
