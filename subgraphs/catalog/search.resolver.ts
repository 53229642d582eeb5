/** Suggestions, and who is asking. */
import { Arg, Ctx, Directive, Int, Query, Resolver } from 'type-graphql';
import type { GraphContext } from '../../platform/subgraph';
import { suggestSearches } from './search/suggest';
import { User } from './stubs';

@Resolver()
export class SearchResolver {
  @Directive('@tag(name: "partner")')
  @Query(() => [String], {
    nullable: true,
    description: 'Names of products that begin with what has been typed, best-selling first. For a search box.',
  })
  searchSuggestions(
    @Arg('query', () => String, { description: 'What has been typed; at most 200 characters.' }) query: string,
    @Arg('first', () => Int, { nullable: true, description: 'How many, 1 to 100; default 10.' })
    first: number | null | undefined,
    @Ctx() { services }: GraphContext,
  ): Promise<string[]> {
    return suggestSearches(services, { query, first });
  }

  @Directive('@shareable')
  @Query(() => User, { nullable: true })
  me(@Ctx() { principal }: GraphContext): User | null {
    return User.of(principal);
  }
}
