/**
 * What API clients may use of the graph: schema/partner.graphql and nothing else. Their operations are held to it where those of
 * others are held to the whole schema, so to them all the rest was never there.
 */
import { buildSchema, type GraphQLSchema } from 'graphql';

/** For a gateway that was given no contract: API clients may do nothing. */
const NOTHING = 'type Query { nothing: Boolean }';

/** The schema of API clients. Throws when `sdl` is no schema. */
export function partnerContract(sdl: string = NOTHING): GraphQLSchema {
  return buildSchema(sdl);
}
