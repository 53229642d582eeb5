/** Inputs of the cart's mutations. Limits are checked by the use cases, which name the field. */
import { Directive, Field, ID, InputType, Int } from 'type-graphql';
import { AddressInput } from '../../platform/graph/values';

@InputType()
abstract class CartReferenceInput {
  @Field(() => ID, {
    nullable: true,
    description: 'The cart; a guest gives its `token` too. Without both: your own cart.',
  })
  cartId?: string | null;

  @Field(() => String, { nullable: true, description: "A guest cart's token." })
  token?: string | null;
}

/** A line of {@link CreateCartInput}. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'A variant and how many of it.' })
export class CartLineInput {
  @Field(() => ID, { description: 'The variant, `var_…`.' })
  variantId!: string;

  @Field(() => Int, { defaultValue: 1, description: 'Units, 1 to 9,999.' })
  quantity!: number;
}

/** Of createCart. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'What a new cart begins with.' })
export class CreateCartInput {
  @Field(() => [CartLineInput], {
    nullable: true,
    description: 'What to put in, at most 200 lines; a variant given twice adds up.',
  })
  lines?: CartLineInput[] | null;
}

/** Of addToCart. */
@Directive('@tag(name: "partner")')
@InputType({
  description: 'What to put into which cart. Without `cartId` and `token` your cart is made if you have none.',
})
export class AddToCartInput extends CartReferenceInput {
  @Field(() => ID, { description: 'The variant, `var_…`.' })
  variantId!: string;

  @Field(() => Int, {
    defaultValue: 1,
    description: 'Units, 1 to 9,999; added to what the cart already holds, which must not get beyond 9,999 either.',
  })
  quantity!: number;
}

/** Of updateCartLine. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'How many of a line, in the cart or saved, there shall be.' })
export class UpdateCartLineInput extends CartReferenceInput {
  @Field(() => ID, { description: 'The line, `line_…`.' })
  lineId!: string;

  @Field(() => Int, { description: 'Units from now on, 1 to 9,999; to take the line out use `removeCartLine`.' })
  quantity!: number;
}

/** Of removeCartLine. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'Which line, in the cart or saved, to take out.' })
export class RemoveCartLineInput extends CartReferenceInput {
  @Field(() => ID, { description: 'The line, `line_…`.' })
  lineId!: string;
}

/** Of saveForLater. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'Which line to save for later.' })
export class SaveForLaterInput extends CartReferenceInput {
  @Field(() => ID, { description: "One of the cart's `lines`, `line_…`." })
  lineId!: string;
}

/** Of moveToCart. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'Which saved line to put into the cart.' })
export class MoveToCartInput extends CartReferenceInput {
  @Field(() => ID, { description: "One of the cart's `savedLines`, `line_…`." })
  lineId!: string;
}

/** Of setCartDelivery. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'Where to and how to ship a cart; what is left out stays as it is.' })
export class SetCartDeliveryInput extends CartReferenceInput {
  @Field(() => AddressInput, { nullable: true, description: 'Where to. Tax and shipping follow from it.' })
  address?: AddressInput | null;

  @Field(() => String, { nullable: true, description: "`method` of one of the cart's `shippingOptions`." })
  shippingMethod?: string | null;
}

/** Of applyPromoCode. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'A promotion code for a cart.' })
export class ApplyPromoCodeInput extends CartReferenceInput {
  @Field(() => String, { description: 'The code, compared without case; at most 40 characters.' })
  code!: string;
}

/** Of removePromoCode. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'Which promotion code to take out.' })
export class RemovePromoCodeInput extends CartReferenceInput {
  @Field(() => String, { description: "One of the cart's `promoCodes`, compared without case; at most 40 characters." })
  code!: string;
}

/** Of mergeCart. */
@InputType({ description: 'Which guest cart to merge into your own.' })
export class MergeCartInput {
  @Field(() => String, { description: "The guest cart's token." })
  token!: string;
}
