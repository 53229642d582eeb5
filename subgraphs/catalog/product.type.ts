/** Products as clients see them. */
import { Directive, Field, ID, ObjectType } from 'type-graphql';
import { connectionType } from '../../platform/graph/connection';
import { Image, Money } from '../../platform/graph/values';
import { toId } from '../../platform/ids';
import type { Shop } from './shop';
import { imageOf } from './shop';
import type { NamedValue, StoredImage } from './product.entity';

/** A property of a product. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'A property of a product, e.g. `material: Linen`. A name may come several times.' })
export class Attribute {
  @Field(() => String, { description: 'What the property is; goes unchanged into AttributeFilter.' })
  name!: string;

  @Field(() => String, { description: 'Its value; goes unchanged into AttributeFilter.' })
  value!: string;
}

/** Lowest and highest price of a product. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: "Lowest and highest price among a product's variants." })
export class PriceRange {
  @Field(() => Money, { description: 'Price of the cheapest variant.' })
  min!: Money;

  @Field(() => Money, { description: 'Price of the dearest variant.' })
  max!: Money;
}

/** A row of the product table as lists and loaders read it; see PRODUCT_COLUMNS. */
export interface ProductRow {
  id: string;
  slug: string;
  name: string;
  description: string | null;
  category_id: string | null;
  attributes: NamedValue[];
  images: StoredImage[];
  min_price: string;
  max_price: string;
  available: boolean;
  archived: boolean;
  created_at: Date;
}

/** The columns of {@link ProductRow} of a product named `p`. */
export const PRODUCT_COLUMNS = `p.id, p.slug, p.name, p.description, p.category_id, p.attributes, p.images, p.min_price,
  p.max_price, p.available, p.archived_at IS NOT NULL AS archived, p.created_at`;

/** A product. */
@Directive('@key(fields: "id")')
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Something the shop sells, in one or more variants.' })
export class Product {
  @Field(() => ID, { description: 'Id, `prod_…`.' })
  id!: string;

  @Field(() => String, { description: 'Readable name for the address of its page; unique.' })
  slug!: string;

  @Field(() => String, { description: 'What it is called.' })
  name!: string;

  @Field(() => String, { nullable: true, description: 'Plain text about it.' })
  description?: string | null;

  @Field(() => [Attribute], { description: 'Its properties, at most 50; what lists can be filtered by.' })
  attributes!: Attribute[];

  @Field(() => [Image], { description: 'Its pictures, the main one first; at most 20.' })
  images!: Image[];

  @Field(() => PriceRange, { description: "Lowest and highest price of its variants, in the shop's currency." })
  priceRange!: PriceRange;

  @Field(() => Boolean, { description: 'Whether at least one variant can be bought now.' })
  availableForSale!: boolean;

  @Field(() => Date, { description: 'Since when the shop has it.' })
  createdAt!: Date;

  uuid!: string;
  categoryUuid!: string | null;
  /** No longer sold: only orders and carts that refer to it still show it. */
  archived!: boolean;

  /** From its row. */
  static of(row: ProductRow, shop: Shop): Product {
    return Object.assign(new Product(), {
      id: toId('prod', row.id),
      slug: row.slug,
      name: row.name,
      description: row.description,
      attributes: row.attributes,
      images: row.images.map((image) => imageOf(image, shop)),
      priceRange: {
        min: Money.of(BigInt(row.min_price), shop.currency),
        max: Money.of(BigInt(row.max_price), shop.currency),
      },
      availableForSale: row.available && !row.archived,
      createdAt: row.created_at,
      uuid: row.id,
      categoryUuid: row.category_id,
      archived: row.archived,
    });
  }
}

/** A page of products; `facets` is added by the resolver. */
export const ProductConnection = connectionType(Product, 'Product', 'products', 'partner');
