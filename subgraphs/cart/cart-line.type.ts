import { Directive, Field, ID, Int, ObjectType } from 'type-graphql';
import { Image, Money } from '../../platform/graph/values';
import { toId } from '../../platform/ids';
import type { CartLineRow } from './cart.entity';
import { ProductVariant } from './stubs';

/** A line as clients see it: the variant as it was when it was last priced, and a way to the live one. */
@Directive('@tag(name: "partner")')
@ObjectType({
  description:
    'A variant in a cart or saved for later, and how many of it. There is one line of a variant in a cart, and one saved.',
})
export class CartLine {
  @Field(() => ID, { description: 'Global id, `line_…`.' })
  id!: string;

  @Field(() => Int, { description: 'Units, 1 to 9,999.' })
  quantity!: number;

  @Field(() => ProductVariant, {
    nullable: true,
    description: 'The variant as it is now in the catalogue; null while the catalogue cannot be reached.',
  })
  variant?: ProductVariant | null;

  @Field(() => String, { description: 'Name of the product.' })
  productName!: string;

  @Field(() => String, { description: 'Name of the variant.' })
  variantName!: string;

  @Field(() => String, { description: 'Stock keeping unit of the variant.' })
  sku!: string;

  @Field(() => Image, { nullable: true, description: 'Picture of the variant, or else of its product.' })
  image?: Image | null;

  @Field(() => Money, { description: 'Price of one unit.' })
  unitPrice!: Money;

  @Field(() => Money, {
    description: "The line's discount, with its share of discounts on the whole cart; 0 while saved.",
  })
  discount!: Money;

  @Field(() => Money, { description: 'Unit price times quantity, less discount.' })
  total!: Money;

  /** From a row. */
  static of(line: CartLineRow, currencyCode: string): CartLine {
    const money = (minor: bigint): Money => Money.of(minor, currencyCode);
    return Object.assign(new CartLine(), {
      id: toId('line', line.id),
      quantity: line.quantity,
      variant: Object.assign(new ProductVariant(), { id: toId('var', line.variantId) }),
      productName: line.productName,
      variantName: line.variantName,
      sku: line.sku,
      image: line.image,
      unitPrice: money(line.unitPrice),
      discount: money(line.discount),
      total: money(line.total),
    });
  }
}
