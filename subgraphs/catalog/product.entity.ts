import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A name and its value: an attribute of a product or an option of a variant. */
export interface NamedValue {
  name: string;
  value: string;
}

/** A picture as it is stored. */
export interface StoredImage {
  /** Path below the shop's public URL, `/images/…`. */
  path: string;
  altText: string | null;
  width: number | null;
  height: number | null;
}

/**
 * A product as writers see it. Not here, because settle-product.ts and stock/ keep them by SQL: search text, lowest and
 * highest price, availability, units sold.
 */
@Entity('product')
export class ProductEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  slug!: string;

  @Column('text')
  name!: string;

  /** See nameKey in product.rules.ts. */
  @Column({ name: 'name_key', type: 'text' })
  nameKey!: string;

  @Column({ type: 'text', nullable: true })
  description!: string | null;

  @Column({ name: 'category_id', type: 'uuid', nullable: true })
  categoryId!: string | null;

  @Column('jsonb')
  attributes!: NamedValue[];

  /** See tagsOf in product.rules.ts. */
  @Column({ type: 'text', array: true })
  tags!: string[];

  @Column('jsonb')
  images!: StoredImage[];

  /** Rises with each change that others are told of. */
  @Column({ type: 'integer', default: 1 })
  version!: number;

  /** Set: in no list, cannot be bought, but still resolves for orders and carts that refer to it. */
  @Column({ name: 'archived_at', type: 'timestamptz', precision: 3, nullable: true })
  archivedAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;
}
