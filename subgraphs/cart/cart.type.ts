/** A cart as clients see it. Fields that cost something to compute are in cart.resolver.ts. */
import { Directive, Field, ID, Int, ObjectType } from 'type-graphql';
import { DateTime } from '../../platform/graph/scalars';
import type { PromoCodeReason } from '../../platform/errors';
import { PromoCodeReasonEnum } from '../../platform/graph/user-errors';
import { Money, PostalAddress } from '../../platform/graph/values';
import { toId } from '../../platform/ids';
import type { CartLineRow, CartRow } from './cart.entity';

/** What it costs. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'What a cart costs, as computed when it was last changed.' })
export class CartCost {
  @Field(() => Money, { description: 'Sum of unit price times quantity, before discounts.' })
  subtotal!: Money;

  @Field(() => Money, {
    description: 'All discounts on lines together; what a code takes off shipping is already off `shipping`.',
  })
  discount!: Money;

  @Field(() => Money, {
    nullable: true,
    description:
      'Shipping to the delivery address, by standard shipping if none was chosen; null until the address is known.',
  })
  shipping?: Money | null;

  @Field(() => Money, {
    nullable: true,
    description: 'Tax on lines and shipping; null until the delivery address is known.',
  })
  tax?: Money | null;

  @Field(() => Money, {
    description: 'Subtotal less discount, plus shipping, plus tax unless it is included: of these, what is known.',
  })
  total!: Money;

  @Field(() => Boolean, { description: 'Whether prices already contain the tax.' })
  taxIncluded!: boolean;
}

/** Where to and how. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Where a cart is to be shipped to, and how.' })
export class CartDelivery {
  @Field(() => PostalAddress, { nullable: true, description: 'Where to; null until it is set.' })
  address?: PostalAddress | null;

  @Field(() => String, {
    nullable: true,
    description: '`method` of one of the shipping options; null until one is chosen: standard shipping then.',
  })
  shippingMethod?: string | null;
}

/** A way to ship. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'A way to ship a cart.' })
export class ShippingOption {
  @Field(() => String, { description: 'Code for `setCartDelivery` and `placeOrder`: `STANDARD`, `EXPRESS`.' })
  method!: string;

  @Field(() => String, { description: 'Name to show.' })
  name!: string;

  @Field(() => Money, { description: 'What it costs, before tax unless tax is included.' })
  price!: Money;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Day on which it arrives at the latest if it is ordered now, at midnight UTC.',
  })
  estimatedDelivery?: Date | null;
}

/** A promotion code. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'A promotion code of a cart, and what became of it when the cart was last changed.' })
export class CartPromoCode {
  @Field(() => String, { description: 'The code, in capitals.' })
  code!: string;

  @Field(() => Boolean, { description: 'Whether it counts.' })
  applied!: boolean;

  @Field(() => Money, {
    description: 'What it takes off lines or shipping; free shipping gives 0 until the address is known.',
  })
  discount!: Money;

  @Field(() => PromoCodeReasonEnum, { nullable: true, description: 'Why it does not count now; null if it does.' })
  reason?: PromoCodeReason | null;
}

/** The cart. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'A shopping cart, of a signed-in user or of a guest who holds its token.' })
export class Cart {
  @Field(() => ID, { description: 'Global id, `cart_…`.' })
  id!: string;

  @Field(() => Int, {
    description: 'Units of all `lines` together, for the badge on the cart; saved ones do not count.',
  })
  itemCount!: number;

  @Field(() => CartCost, { description: 'What it costs.' })
  cost!: CartCost;

  @Directive('@listSize(assumedSize: 10)')
  @Field(() => [CartPromoCode], {
    description: 'Its promotion codes, in the order in which they were given; at most 10.',
  })
  promoCodes!: CartPromoCode[];

  @Field(() => DateTime, { description: 'When somebody last changed it.' })
  updatedAt!: Date;

  /** What the resolvers of the other fields work with; not a field. */
  row!: CartRow;

  /** The lines, saved ones too, if they have been loaded already; not a field. */
  lines?: readonly CartLineRow[];

  /** From a row; with its lines, if they are at hand. */
  static of(row: CartRow, lines?: readonly CartLineRow[]): Cart {
    const money = (minor: bigint): Money => Money.of(minor, row.currencyCode);
    const cost: CartCost = {
      subtotal: money(row.subtotal),
      discount: money(row.discount),
      shipping: row.shipping === null ? null : money(row.shipping),
      tax: row.tax === null ? null : money(row.tax),
      total: money(row.total),
      taxIncluded: row.taxIncluded,
    };
    const promoCodes = row.promoCodes.map((code) => ({ ...code, discount: money(BigInt(code.discount)) }));
    const { itemCount, updatedAt } = row;
    return Object.assign(new Cart(), { id: toId('cart', row.id), itemCount, cost, promoCodes, updatedAt, row, lines });
  }
}
