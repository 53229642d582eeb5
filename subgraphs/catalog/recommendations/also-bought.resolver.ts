/** "Customers also bought". */
import { Arg, Ctx, FieldResolver, Int, Resolver, Root } from 'type-graphql';
import { z } from 'zod';
import { validateArguments, wholeNumber } from '../../../platform/graph/validate';
import type { GraphContext } from '../../../platform/subgraph';
import { Product } from '../product.type';
import { alsoBoughtWith, MOST_ALSO_BOUGHT } from './also-bought.loaders';

const DEFAULT_FIRST = 10;
const alsoBoughtArguments = z.object({ first: wholeNumber(1, MOST_ALSO_BOUGHT).nullish() });

@Resolver(() => Product)
export class AlsoBoughtResolver {
  @FieldResolver(() => [Product], {
    nullable: true,
    description:
      'What confirmed orders hold together with it, most often first. An order counts a moment after it is confirmed, and no longer when it is cancelled.',
  })
  async alsoBought(
    @Root() product: Product,
    @Arg('first', () => Int, { nullable: true, description: 'How many, 1 to 20; default 10.' })
    first: number | null | undefined,
    @Ctx() context: GraphContext,
  ): Promise<Product[]> {
    const asked = validateArguments(alsoBoughtArguments, { first });
    return (await alsoBoughtWith(context).load(product.uuid)).slice(0, asked.first ?? DEFAULT_FIRST);
  }
}
