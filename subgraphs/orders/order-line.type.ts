/** Lines of an order as clients see them. */
import { Directive, Field, ID, Int, ObjectType } from 'type-graphql';
import { Image, Money } from '../../platform/graph/values';
import { toId } from '../../platform/ids';
import type { LineQuantity } from './line-units';
import type { LineDetails } from './order-details';
import { ProductVariant } from './stubs';

/** A line. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'What was bought, as it was then: names and prices never change any more.' })
export class OrderLine {
  @Field(() => ID, { description: 'Global id, `item_…`.' })
  id!: string;

  @Field(() => Int, { description: 'Units bought.' })
  quantity!: number;

  @Field(() => ProductVariant, { nullable: true, description: 'The variant as it is now.' })
  variant?: ProductVariant | null;

  @Field(() => String, { description: "The product's name when it was bought." })
  productName!: string;

  @Field(() => String, { description: "The variant's name when it was bought." })
  variantName!: string;

  @Field(() => String, { description: 'Article number.' })
  sku!: string;

  @Field(() => Image, { nullable: true, description: 'Its picture when it was bought.' })
  image?: Image | null;

  @Field(() => Money, { description: 'Price of one unit; net unless `cost.taxIncluded`.' })
  unitPrice!: Money;

  @Field(() => Money, { description: "What was taken off, with the line's share of order-wide discounts." })
  discount!: Money;

  @Field(() => Money, { description: '`unitPrice` × `quantity` − `discount`.' })
  total!: Money;

  @Field(() => Money, { description: 'Tax on the line.' })
  tax!: Money;

  @Field(() => Int, { description: 'Units that have left.' })
  shippedQuantity!: number;

  @Field(() => Int, { description: 'Units that have come back: of accepted returns.' })
  returnedQuantity!: number;

  /** From its row. */
  static of(row: LineDetails, currencyCode: string): OrderLine {
    const { id, variantId, unitPrice, discount, total, tax, ...rest } = row;
    const money = (minor: string): Money => Money.of(BigInt(minor), currencyCode);
    return Object.assign(new OrderLine(), {
      ...rest,
      id: toId('item', id),
      variant: Object.assign(new ProductVariant(), { id: toId('var', variantId) }),
      unitPrice: money(unitPrice),
      discount: money(discount),
      total: money(total),
      tax: money(tax),
    });
  }

  /** Units, each with the line of the order that they are of. */
  static quantities(
    units: readonly LineQuantity[],
    lines: readonly LineDetails[],
    currencyCode: string,
  ): { line: OrderLine; quantity: number }[] {
    return units.flatMap(({ lineId, quantity }) => {
      const line = lines.find(({ id }) => id === lineId);
      return line ? [{ line: OrderLine.of(line, currencyCode), quantity }] : [];
    });
  }
}
