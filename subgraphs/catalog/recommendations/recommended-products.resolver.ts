/** "For you". */
import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import { z } from 'zod';
import { validateArguments, wholeNumber } from '../../../platform/graph/validate';
import { fromId } from '../../../platform/ids';
import type { GraphContext } from '../../../platform/subgraph';
import { Product } from '../product.type';
import { User } from '../stubs';
import { MOST_RECOMMENDED, recommendedFor } from './recommended-products.loaders';

const DEFAULT_FIRST = 10;
const recommendedArguments = z.object({ first: wholeNumber(1, MOST_RECOMMENDED).nullish() });

@Resolver(() => User)
export class RecommendedProductsResolver {
  @FieldResolver(() => [Product], {
    nullable: true,
    description:
      'For you: what others bought together with what you bought, most often first, then what sells best; nothing from your last 200 orders. An order counts a moment after it is confirmed, and no longer when it is cancelled. Null for others than oneself.',
  })
  async recommendedProducts(
    @Root() user: User,
    @Arg('first', () => Int, { nullable: true, defaultValue: DEFAULT_FIRST, description: 'How many, 1 to 20.' })
    first: number | null | undefined,
    @Ctx() context: GraphContext,
  ): Promise<Product[] | null> {
    const { principal } = context;
    if (principal.kind !== 'user' || fromId('user', user.id) !== principal.id) return null;
    const asked = validateArguments(recommendedArguments, { first });
    return (await recommendedFor(context).load(principal.id)).slice(0, asked.first ?? DEFAULT_FIRST);
  }
}
