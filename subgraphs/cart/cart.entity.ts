/** Tables of the cart: carts, their lines, and what was quoted for orders. */
import { Column, Entity, PrimaryColumn, type ValueTransformer } from 'typeorm';
import type { Owner } from '../../platform/auth/principal';
import type { PromoCodeReason } from '../../platform/errors';
import type { VariantSnapshot } from '../catalog/messages';

/** pg hands bigint over as text, because it may not fit a number. */
export const bigintColumn: ValueTransformer = {
  to: (value: bigint | null | undefined) => (typeof value === 'bigint' ? value.toString() : value),
  from: (text: string | null | undefined) => (typeof text === 'string' ? BigInt(text) : text),
};

/**
 * Where a cart is in its life. ACTIVE and CLAIMED (by an order being placed) are its owner's cart; SPENT (by an order) and MERGED
 * (into a user's cart) are over and nobody sees them any more.
 */
export type CartStatus = 'ACTIVE' | 'CLAIMED' | 'SPENT' | 'MERGED';

/** A promotion code of a cart, and what became of it when the cart was last written. */
export interface PromoCode {
  /** In capitals. */
  code: string;
  applied: boolean;
  /** Minor units, as text: it is stored as JSON. */
  discount: string;
  /** Why it does not apply; null if it does. */
  reason: PromoCodeReason | null;
}

/** A cart with its totals in minor units, as computed when it was last written. */
@Entity('cart')
export class CartRow {
  @PrimaryColumn('uuid')
  id!: string;

  @Column({ name: 'owner_kind', type: 'text' })
  ownerKind!: Owner['ownerKind'];

  /** The user's or client's uuid; a guest cart belongs to itself. */
  @Column({ name: 'owner_id', type: 'uuid' })
  ownerId!: string;

  @Column('text')
  status!: CartStatus;

  /** The order that claims or has spent it. */
  @Column({ name: 'order_id', type: 'uuid', nullable: true })
  orderId!: string | null;

  /** The user's cart that a MERGED one went into. */
  @Column({ name: 'merged_into', type: 'uuid', nullable: true })
  mergedInto!: string | null;

  /** Guest carts: what the token is looked up by. */
  @Column({ name: 'token_hash', type: 'text', nullable: true })
  tokenHash!: string | null;

  /** Guest carts: the token itself, to show it to its holder again. */
  @Column({ name: 'sealed_token', type: 'text', nullable: true })
  sealedToken!: string | null;

  @Column({ name: 'currency_code', type: 'text' })
  currencyCode!: string;

  @Column({ name: 'tax_included', type: 'boolean' })
  taxIncluded!: boolean;

  @Column({ name: 'line_count', type: 'integer' })
  lineCount!: number;

  /** Units of all lines. */
  @Column({ name: 'item_count', type: 'integer' })
  itemCount!: number;

  @Column({ type: 'bigint', transformer: bigintColumn })
  subtotal!: bigint;

  @Column({ type: 'bigint', transformer: bigintColumn })
  discount!: bigint;

  /** Null until the address is known; so is `tax`. */
  @Column({ type: 'bigint', nullable: true, transformer: bigintColumn })
  shipping!: bigint | null;

  @Column({ type: 'bigint', nullable: true, transformer: bigintColumn })
  tax!: bigint | null;

  @Column({ type: 'bigint', transformer: bigintColumn })
  total!: bigint;

  /** The newest price version among what its lines were priced with; see ask-prices.ts. */
  @Column({ name: 'price_version', type: 'bigint', transformer: bigintColumn })
  priceVersion!: bigint;

  /** Country and tax region of the address, in clear, since totals depend on them. */
  @Column({ name: 'country_code', type: 'text', nullable: true })
  countryCode!: string | null;

  /** A code of the tax table, never what was typed. */
  @Column({ name: 'tax_region', type: 'text', nullable: true })
  taxRegion!: string | null;

  /** The delivery address (AddressValue as JSON), sealed. */
  @Column({ name: 'sealed_address', type: 'text', nullable: true })
  sealedAddress!: string | null;

  @Column({ name: 'shipping_method', type: 'text', nullable: true })
  shippingMethod!: string | null;

  /** In the order in which they were entered. */
  @Column({ name: 'promo_codes', type: 'jsonb' })
  promoCodes!: PromoCode[];

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  /** When somebody last changed it; new prices do not count, or an abandoned cart would never be pruned. */
  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}

/** A line: a variant, how many, and the variant as it was when it was last priced. Lines exist for live carts only. */
@Entity('cart_line')
export class CartLineRow {
  /** UUIDv7: lines are shown in the order in which they were added. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column({ name: 'cart_id', type: 'uuid' })
  cartId!: string;

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
  image!: VariantSnapshot['image'];

  @Column('integer')
  quantity!: number;

  /** Saved for later: shown and priced with the cart, but counted in nothing. */
  @Column('boolean')
  saved!: boolean;

  @Column({ name: 'unit_price', type: 'bigint', transformer: bigintColumn })
  unitPrice!: bigint;

  @Column({ type: 'bigint', transformer: bigintColumn })
  discount!: bigint;

  @Column({ type: 'bigint', transformer: bigintColumn })
  total!: bigint;

  @Column({ name: 'price_version', type: 'bigint', transformer: bigintColumn })
  priceVersion!: bigint;
}

/** What became of an order's claim on a cart. */
export type QuoteState = 'CLAIMED' | 'RELEASED' | 'SPENT';

/** An order's claim. Kept when it is over, so that a command that comes late or twice finds its answer. */
@Entity('quote')
export class QuoteRow {
  @PrimaryColumn({ name: 'order_id', type: 'uuid' })
  orderId!: string;

  /** Null: the order was released before it claimed a cart. */
  @Column({ name: 'cart_id', type: 'uuid', nullable: true })
  cartId!: string | null;

  @Column('text')
  state!: QuoteState;

  /** The answer of quoteCart, as it goes over the wire; its address is sealed. */
  @Column({ type: 'jsonb', nullable: true })
  answer!: object | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;
}
