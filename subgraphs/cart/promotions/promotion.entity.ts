/** Promotions: what a code gives, to whom, when and how often. */
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintColumn } from '../cart.entity';

/** Kinds of promotions. */
export const PROMOTION_KINDS = ['PERCENTAGE', 'FIXED_AMOUNT', 'FREE_SHIPPING', 'BUY_X_GET_Y'] as const;
/** One of {@link PROMOTION_KINDS}. */
export type PromotionKind = (typeof PROMOTION_KINDS)[number];

/** A promotion. Code and kind never change: carts and orders hold the one, and the other would make it another promotion. */
@Entity('promotion')
export class PromotionRow {
  @PrimaryColumn('uuid')
  id!: string;

  /** In capitals: codes are compared without case. */
  @Column('text')
  code!: string;

  /** For staff. */
  @Column('text')
  name!: string;

  @Column('text')
  kind!: PromotionKind;

  /** PERCENTAGE: 1 to 100. */
  @Column({ type: 'integer', nullable: true })
  percentage!: number | null;

  /** FIXED_AMOUNT: minor units. */
  @Column({ type: 'bigint', nullable: true, transformer: bigintColumn })
  amount!: bigint | null;

  /** BUY_X_GET_Y: of so many units … */
  @Column({ name: 'buy_quantity', type: 'integer', nullable: true })
  buyQuantity!: number | null;

  /** … and so many more, these are free. */
  @Column({ name: 'get_quantity', type: 'integer', nullable: true })
  getQuantity!: number | null;

  /** Of `amount` and `minimumSpend`; carts in another currency get nothing. */
  @Column({ name: 'currency_code', type: 'text' })
  currencyCode!: string;

  /** What the lines it is for must come to, before discounts. */
  @Column({ name: 'minimum_spend', type: 'bigint', nullable: true, transformer: bigintColumn })
  minimumSpend!: bigint | null;

  /** Products and variants it is for; both empty: all. */
  @Column({ name: 'product_ids', type: 'uuid', array: true })
  productIds!: string[];

  @Column({ name: 'variant_ids', type: 'uuid', array: true })
  variantIds!: string[];

  /** Applies from then on; null: at once. */
  @Column({ name: 'starts_at', type: 'timestamptz', precision: 3, nullable: true })
  startsAt!: Date | null;

  /** No longer applies from then on; null: until it is made inactive. */
  @Column({ name: 'ends_at', type: 'timestamptz', precision: 3, nullable: true })
  endsAt!: Date | null;

  @Column({ name: 'per_user_limit', type: 'integer', nullable: true })
  perUserLimit!: number | null;

  @Column({ name: 'total_limit', type: 'integer', nullable: true })
  totalLimit!: number | null;

  /** The lower goes first. */
  @Column('integer')
  priority!: number;

  /** Where it applies it stands alone. */
  @Column('boolean')
  exclusive!: boolean;

  @Column('boolean')
  active!: boolean;

  /** Uses that orders hold; changed by claim-uses.ts only. */
  @Column('integer')
  used!: number;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;
}

/** A promotion as it is handed around: values, not an instance. */
export type PromotionValues = Pick<PromotionRow, keyof PromotionRow>;
