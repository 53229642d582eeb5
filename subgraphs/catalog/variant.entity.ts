import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { NamedValue, StoredImage } from './product.entity';

/** What is bought: a product in one size, colour, …; at most 100 of a product. */
@Entity('variant')
export class VariantEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column({ name: 'product_id', type: 'uuid' })
  productId!: string;

  @Column('text')
  sku!: string;

  @Column('text')
  name!: string;

  @Column('jsonb')
  options!: NamedValue[];

  /** Null: the product's first picture. */
  @Column({ type: 'jsonb', nullable: true })
  image!: StoredImage | null;

  /** Place among the product's variants, from 0. */
  @Column('integer')
  position!: number;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;
}

/** Price of a variant in one currency, in minor units (bigint columns are strings here). */
@Entity('variant_price')
export class VariantPriceEntity {
  @PrimaryColumn({ name: 'variant_id', type: 'uuid' })
  variantId!: string;

  @PrimaryColumn('text')
  currency!: string;

  @Column('bigint')
  amount!: string;

  /** Former price shown struck through. */
  @Column({ name: 'compare_at', type: 'bigint', nullable: true })
  compareAt!: string | null;
}
