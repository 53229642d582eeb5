/** What the cart's mutations answer. */
import { Directive, Field, ObjectType } from 'type-graphql';
import { Payload } from '../../platform/graph/user-errors';
import { Cart } from './cart.type';

@ObjectType()
abstract class CartPayload extends Payload {
  @Field(() => Cart, { nullable: true, description: 'The cart as it is now; null when nothing happened.' })
  cart?: Cart | null;
}

/** Of createCart. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Result of `createCart`.' })
export class CreateCartPayload extends CartPayload {}

/** Of addToCart. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Result of `addToCart`.' })
export class AddToCartPayload extends CartPayload {}

/** Of updateCartLine. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Result of `updateCartLine`.' })
export class UpdateCartLinePayload extends CartPayload {}

/** Of removeCartLine. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Result of `removeCartLine`.' })
export class RemoveCartLinePayload extends CartPayload {}

/** Of saveForLater. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Result of `saveForLater`.' })
export class SaveForLaterPayload extends CartPayload {}

/** Of moveToCart. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Result of `moveToCart`.' })
export class MoveToCartPayload extends CartPayload {}

/** Of setCartDelivery. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Result of `setCartDelivery`.' })
export class SetCartDeliveryPayload extends CartPayload {}

/** Of applyPromoCode. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Result of `applyPromoCode`.' })
export class ApplyPromoCodePayload extends CartPayload {}

/** Of removePromoCode. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Result of `removePromoCode`.' })
export class RemovePromoCodePayload extends CartPayload {}

/** Of mergeCart. */
@ObjectType({ description: 'Result of `mergeCart`.' })
export class MergeCartPayload extends CartPayload {}
