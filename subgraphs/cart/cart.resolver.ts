/** Reading carts. */
import { Arg, Ctx, Directive, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { addressInput } from '../../platform/graph/validate';
import { Money } from '../../platform/graph/values';
import type { GraphContext } from '../../platform/subgraph';
import { CartLine } from './cart-line.type';
import { linesByCart } from './cart.loaders';
import { Cart, CartDelivery, ShippingOption } from './cart.type';
import { shippingOffers } from './pricing/shipping-table';
import { readCart } from './read-cart';
import { User } from './user.type';

async function linesOf({ row, lines }: Cart, context: GraphContext, saved: boolean): Promise<CartLine[]> {
  const known = lines ?? (await linesByCart(context).load(row.id));
  return known.filter((line) => line.saved === saved).map((line) => CartLine.of(line, row.currencyCode));
}

/** Query.cart, and the fields of a cart that are not on its row or are sealed there. */
@Resolver(() => Cart)
export class CartResolver {
  @Directive('@tag(name: "partner")')
  @Query(() => Cart, {
    nullable: true,
    description:
      "A cart: by `id` if it is yours, by `token` if it is a guest's (with `id` both must fit), with neither your own. Null if there is none, or none that you may see; a cart whose order has been placed is no longer there.",
  })
  async cart(
    @Arg('id', () => ID, { nullable: true, description: 'Id of the cart, `cart_…`.' }) id: string | null,
    @Arg('token', () => String, { nullable: true, description: "A guest cart's token." }) token: string | null,
    @Ctx() { services, principal }: GraphContext,
  ): Promise<Cart | null> {
    const row = await readCart(services, principal, { id, token });
    return row && Cart.of(row);
  }

  @FieldResolver(() => String, {
    nullable: true,
    description: "A guest cart's secret: keep it, it is the only way back to the cart. Null for a user's cart.",
  })
  token(@Root() { row }: Cart, @Ctx() { services }: GraphContext): string | null {
    // Whoever has come to see a guest cart had its token, or has just made it.
    return row.sealedToken && services.sealer.open(row.sealedToken);
  }

  @Directive('@listSize(assumedSize: 20)')
  @FieldResolver(() => [CartLine], {
    description: 'What is in it, in the order in which it was put in; at most 200 lines.',
  })
  lines(@Root() cart: Cart, @Ctx() context: GraphContext): Promise<CartLine[]> {
    return linesOf(cart, context, false);
  }

  @Directive('@listSize(assumedSize: 20)')
  @FieldResolver(() => [CartLine], {
    description:
      'What is saved for later: at present prices, without discounts, and part of nothing else here; at most 200 lines. When the cart is ordered they are in your next one; those of a guest cart are gone then.',
  })
  savedLines(@Root() cart: Cart, @Ctx() context: GraphContext): Promise<CartLine[]> {
    return linesOf(cart, context, true);
  }

  @FieldResolver(() => CartDelivery, {
    nullable: true,
    description: 'Where to and how it is to be shipped; null until something is set.',
  })
  delivery(@Root() { row }: Cart, @Ctx() { services }: GraphContext): CartDelivery | null {
    if (row.sealedAddress === null && row.shippingMethod === null) return null;
    const address = row.sealedAddress === null ? null : services.sealer.openJson(row.sealedAddress, addressInput);
    return { address, shippingMethod: row.shippingMethod };
  }

  @FieldResolver(() => [ShippingOption], {
    description: "Ways to ship it to its delivery address; while there is none, within the shop's own country.",
  })
  shippingOptions(@Root() { row }: Cart, @Ctx() { services }: GraphContext): ShippingOption[] {
    return shippingOffers(row.countryCode, row.currencyCode, services.clock.now()).map(({ price, ...offer }) => ({
      ...offer,
      price: Money.of(price, row.currencyCode),
    }));
  }

  @FieldResolver(() => User, { nullable: true, description: 'Whose it is; null for a guest cart.' })
  buyer(@Root() { row }: Cart): User | null {
    return row.ownerKind === 'user' ? User.of(row.ownerId) : null;
  }
}
