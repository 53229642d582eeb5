/** Variants as clients see them. */
import { Directive, Field, ID, ObjectType } from 'type-graphql';
import { Image, Money } from '../../platform/graph/values';
import { toId } from '../../platform/ids';
import type { NamedValue, StoredImage } from './product.entity';
import { imageOf, type Shop } from './shop';

/** What sets a variant apart. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'What sets a variant apart from its siblings, e.g. `Size: M`.' })
export class SelectedOption {
  @Field(() => String, { description: 'What is chosen, e.g. `Size`.' })
  name!: string;

  @Field(() => String, { description: 'What it is for this variant, e.g. `M`.' })
  value!: string;
}

/** A row as the loaders read it; see VARIANT_SQL. */
export interface VariantRow {
  id: string;
  product_id: string;
  sku: string;
  name: string;
  options: NamedValue[];
  image: StoredImage | null;
  amount: string;
  compare_at: string | null;
  on_hand: number;
  reserved: number;
  archived: boolean;
}

/** Selects {@link VariantRow}s with the price in currency `$1`; a WHERE clause follows. */
export const VARIANT_SQL = `
  SELECT v.id, v.product_id, v.sku, v.name, v.options, coalesce(v.image, p.images -> 0) AS image, price.amount,
         price.compare_at, s.on_hand, s.reserved, p.archived_at IS NOT NULL AS archived
  FROM variant v
  JOIN product p ON p.id = v.product_id
  JOIN variant_price price ON price.variant_id = v.id AND price.currency = $1
  JOIN stock_level s ON s.variant_id = v.id`;

/** A variant. */
@Directive('@key(fields: "id")')
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'What is put into a cart: a product in one size, colour, ….' })
export class ProductVariant {
  @Field(() => ID, { description: 'Global id, `var_…`.' })
  id!: string;

  @Field(() => String, { description: 'Article number, unique in the shop.' })
  sku!: string;

  @Field(() => String, { description: 'What it is called beside its siblings, e.g. `Blue / M`.' })
  name!: string;

  @Field(() => Money, { description: 'What one costs now.' })
  price!: Money;

  @Field(() => Money, { nullable: true, description: 'A former price to show struck through.' })
  compareAtPrice?: Money | null;

  @Field(() => Boolean, { description: 'Whether at least one can be bought now.' })
  availableForSale!: boolean;

  @Field(() => [SelectedOption], { description: 'What sets it apart from its siblings.' })
  options!: SelectedOption[];

  @Field(() => Image, { nullable: true, description: "Its picture, or else the product's main one." })
  image?: Image | null;

  uuid!: string;
  productUuid!: string;
  archived!: boolean;
  onHand!: number;
  reserved!: number;

  /** From its row. */
  static of(row: VariantRow, shop: Shop): ProductVariant {
    return Object.assign(new ProductVariant(), {
      id: toId('var', row.id),
      sku: row.sku,
      name: row.name,
      price: Money.of(BigInt(row.amount), shop.currency),
      compareAtPrice: row.compare_at === null ? null : Money.of(BigInt(row.compare_at), shop.currency),
      availableForSale: !row.archived && row.on_hand > row.reserved,
      options: row.options,
      image: row.image && imageOf(row.image, shop),
      uuid: row.id,
      productUuid: row.product_id,
      archived: row.archived,
      onHand: row.on_hand,
      reserved: row.reserved,
    });
  }
}
