/** Changing carts. Each mutation is one use case. */
import { Arg, Ctx, Directive, Mutation, Resolver } from 'type-graphql';
import type { CommandMeta } from '../../platform/commands/command';
import { payload } from '../../platform/graph/user-errors';
import type { GraphContext, Services } from '../../platform/subgraph';
import { addToCart } from './add-to-cart';
import { applyPromoCode } from './apply-promo-code';
import type { CartState } from './cart-state';
import {
  AddToCartInput,
  ApplyPromoCodeInput,
  CreateCartInput,
  MergeCartInput,
  MoveToCartInput,
  RemoveCartLineInput,
  RemovePromoCodeInput,
  SaveForLaterInput,
  SetCartDeliveryInput,
  UpdateCartLineInput,
} from './cart.inputs';
import {
  AddToCartPayload,
  ApplyPromoCodePayload,
  CreateCartPayload,
  MergeCartPayload,
  MoveToCartPayload,
  RemoveCartLinePayload,
  RemovePromoCodePayload,
  SaveForLaterPayload,
  SetCartDeliveryPayload,
  UpdateCartLinePayload,
} from './cart.payloads';
import { Cart } from './cart.type';
import { createCart } from './create-cart';
import { mergeCart } from './merge-cart';
import { removeCartLine } from './remove-cart-line';
import { removePromoCode } from './remove-promo-code';
import { moveToCart, saveForLater } from './save-for-later';
import { setCartDelivery } from './set-cart-delivery';
import { updateCartLine } from './update-cart-line';

type UseCase = (services: Services, meta: CommandMeta, input: unknown) => Promise<CartState>;

function run(useCase: UseCase, { services, principal, requestId }: GraphContext, input: unknown) {
  return payload('cart', async () => {
    const { cart, allLines } = await useCase(services, { principal, requestId }, input);
    return Cart.of(cart, allLines);
  });
}

/** Mutations of carts. */
@Resolver()
export class CartMutationsResolver {
  @Directive('@tag(name: "partner")')
  @Mutation(() => CreateCartPayload, {
    nullable: true,
    description:
      'Makes a guest cart, whose `token` is in the answer. If you are signed in you have one cart: it is made if missing, and the lines are added.',
  })
  createCart(
    @Arg('input', () => CreateCartInput, { nullable: true, description: 'What it begins with; may be left out.' })
    input: CreateCartInput | null,
    @Ctx() context: GraphContext,
  ): Promise<CreateCartPayload> {
    return run(createCart, context, input);
  }

  @Directive('@tag(name: "partner")')
  @Mutation(() => AddToCartPayload, {
    nullable: true,
    description: 'Puts units of a variant into a cart. A guest without a cart gets a new one: keep its `token`.',
  })
  addToCart(
    @Arg('input', () => AddToCartInput, { description: 'What to put into which cart.' }) input: AddToCartInput,
    @Ctx() context: GraphContext,
  ): Promise<AddToCartPayload> {
    return run(addToCart, context, input);
  }

  @Directive('@tag(name: "partner")')
  @Mutation(() => UpdateCartLinePayload, {
    nullable: true,
    description: 'Gives a line of a cart, in it or saved, another quantity.',
  })
  updateCartLine(
    @Arg('input', () => UpdateCartLineInput, { description: 'Which line, and how many.' }) input: UpdateCartLineInput,
    @Ctx() context: GraphContext,
  ): Promise<UpdateCartLinePayload> {
    return run(updateCartLine, context, input);
  }

  @Directive('@tag(name: "partner")')
  @Mutation(() => RemoveCartLinePayload, {
    nullable: true,
    description: 'Takes a line out of a cart, or a saved one away.',
  })
  removeCartLine(
    @Arg('input', () => RemoveCartLineInput, { description: 'Which line.' }) input: RemoveCartLineInput,
    @Ctx() context: GraphContext,
  ): Promise<RemoveCartLinePayload> {
    return run(removeCartLine, context, input);
  }

  @Directive('@tag(name: "partner")')
  @Mutation(() => SaveForLaterPayload, {
    nullable: true,
    description:
      'Takes a line out of a cart and keeps it in `savedLines`, where it costs nothing. If its variant is saved already, the units join that line and this one is gone.',
  })
  saveForLater(
    @Arg('input', () => SaveForLaterInput, { description: 'Which line.' }) input: SaveForLaterInput,
    @Ctx() context: GraphContext,
  ): Promise<SaveForLaterPayload> {
    return run(saveForLater, context, input);
  }

  @Directive('@tag(name: "partner")')
  @Mutation(() => MoveToCartPayload, {
    nullable: true,
    description:
      'Puts a saved line back into the cart. If its variant is there already, the units join that line and this one is gone.',
  })
  moveToCart(
    @Arg('input', () => MoveToCartInput, { description: 'Which saved line.' }) input: MoveToCartInput,
    @Ctx() context: GraphContext,
  ): Promise<MoveToCartPayload> {
    return run(moveToCart, context, input);
  }

  @Directive('@tag(name: "partner")')
  @Mutation(() => SetCartDeliveryPayload, {
    nullable: true,
    description: 'Sets where to and how a cart is to be shipped. From then on its cost is what will be charged.',
  })
  setCartDelivery(
    @Arg('input', () => SetCartDeliveryInput, { description: 'Where to and how.' }) input: SetCartDeliveryInput,
    @Ctx() context: GraphContext,
  ): Promise<SetCartDeliveryPayload> {
    return run(setCartDelivery, context, input);
  }

  @Directive('@tag(name: "partner")')
  @Mutation(() => ApplyPromoCodePayload, {
    nullable: true,
    description:
      'Gives a cart a promotion code, at most 10. Refused with a PromoCodeError if there is no such code, its time is not now or it is used up; a code that only does not fit the cart as it is stays there, with its `reason`, and counts as soon as it fits.',
  })
  applyPromoCode(
    @Arg('input', () => ApplyPromoCodeInput, { description: 'Which code, for which cart.' }) input: ApplyPromoCodeInput,
    @Ctx() context: GraphContext,
  ): Promise<ApplyPromoCodePayload> {
    return run(applyPromoCode, context, input);
  }

  @Directive('@tag(name: "partner")')
  @Mutation(() => RemovePromoCodePayload, { nullable: true, description: 'Takes a promotion code out of a cart.' })
  removePromoCode(
    @Arg('input', () => RemovePromoCodeInput, { description: 'Which code, of which cart.' })
    input: RemovePromoCodeInput,
    @Ctx() context: GraphContext,
  ): Promise<RemovePromoCodePayload> {
    return run(removePromoCode, context, input);
  }

  @Mutation(() => MergeCartPayload, {
    nullable: true,
    description:
      "Moves a guest cart's lines, saved ones too, and promotion codes into your own cart. Quantities of a variant in both add up, to at most 9,999; lines beyond the 200th (of those saved as well) and codes beyond the 10th are left out.",
  })
  mergeCart(
    @Arg('input', () => MergeCartInput, { description: 'Which guest cart.' }) input: MergeCartInput,
    @Ctx() context: GraphContext,
  ): Promise<MergeCartPayload> {
    return run(mergeCart, context, input);
  }
}
