/** A user's cart. */
import { Ctx, Directive, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import { fromId } from '../../platform/ids';
import type { GraphContext } from '../../platform/subgraph';
import { Cart } from './cart.type';
import { readCart } from './read-cart';
import { User } from './user.type';

/** Resolves a user by public id, for what the cart contributes; what may be seen of it is decided by each field. */
export async function resolveUser(id: string): Promise<User | null> {
  const uuid = fromId('user', id);
  return uuid === null ? null : User.of(uuid);
}

/** Query.me and User.cart. */
@Resolver(() => User)
export class UserResolver {
  @Directive('@shareable')
  @Query(() => User, { nullable: true, description: 'Who is signed in; null for nobody.' })
  me(@Ctx() { principal }: GraphContext): User | null {
    return principal.kind === 'user' ? User.of(principal.id) : null;
  }

  @FieldResolver(() => Cart, {
    nullable: true,
    description:
      "The user's cart, which is the same on every device. Null for others than oneself, and while there is none.",
  })
  async cart(@Root() user: User, @Ctx() { services, principal }: GraphContext): Promise<Cart | null> {
    if (principal.kind !== 'user' || fromId('user', user.id) !== principal.id) return null;
    const row = await readCart(services, principal, {});
    return row && Cart.of(row);
  }
}
