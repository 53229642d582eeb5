/** The engine over a graph that is not the shop's: `@requires`, fragments, aliases, variables, lists, and paths of errors. */
import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, GraphQLError, parse, subscribe, type ExecutionResult } from 'graphql';
import { pino } from 'pino';
import type { Authenticator } from '../../gateway/authenticator';
import { EndpointDataSource } from '../../gateway/data-source';
import { createErrorFormatter } from '../../gateway/format-error';
import type { OperationRules } from '../../gateway/operation-rules';
import { partnerContract } from '../../gateway/partner-contract';
import { SharedFetches } from '../../gateway/shared-fetches';
import { SubgraphHealth } from '../../gateway/subgraph-health';
import { SubscriptionEngine } from '../../gateway/subscriptions/engine';
import { ANONYMOUS } from '../../platform/auth/principal';
import { systemClock } from '../../platform/clock';
import type { SubgraphEndpoint, SubgraphResult } from '../../platform/graph/endpoint';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@requires", "@external"])\n';
type Resolvers = Record<string, Record<string, unknown>>;

/** Flights are followed by one subgraph, aircraft described by another, delays told by a third that needs both. */
const SUBGRAPHS: Record<string, { typeDefs: string; resolvers: Resolvers }> = {
  flights: {
    typeDefs: `type Query { flights: Int }
      type Subscription { moved(airline: String!, from: Int = 1): Move! }
      type Move { at: Int!  flight: Flight  others: [Flight!]! }
      type Flight @key(fields: "airline number") { airline: String!  number: Int!  aircraft: Aircraft }
      type Aircraft @key(fields: "id") { id: ID! }`,
    resolvers: {
      Subscription: {
        moved: {
          subscribe: async function* (_: unknown, { from }: { from: number }) {
            yield from;
            yield from + 1;
          },
          resolve: (at: number, { airline }: { airline: string }) => {
            const flight = (number: number) => ({ airline, number, aircraft: { id: `a${number}` } });
            return { at, flight: flight(at), others: [flight(7), flight(13), flight(8)] };
          },
        },
      },
    },
  },
  aircraft: {
    typeDefs: `type Query { aircraft: Int }
      type Aircraft @key(fields: "id") { id: ID!  seats(class: String): Int }
      type Flight @key(fields: "airline number") { airline: String!  number: Int!  weight: Int }`,
    resolvers: {
      Aircraft: {
        __resolveReference: async (key: object) => key,
        seats: ({ id }: { id: string }, { class: of }: { class?: string }) => {
          if (id === 'a13') throw new GraphQLError('No seats.', { extensions: { code: 'NOT_FOUND' } });
          return (of ?? '').length + Number(id.slice(1));
        },
      },
      Flight: {
        __resolveReference: async (key: object) => key,
        weight: ({ number }: { number: number }) => number * 100,
      },
    },
  },
  delays: {
    typeDefs: `type Query { delays: Int }
      type Flight @key(fields: "airline number") { airline: String!  number: Int!  weight: Int @external
        minutes: Int @requires(fields: "weight") }`,
    resolvers: {
      Flight: {
        __resolveReference: async (key: object) => key,
        minutes: ({ weight }: { weight: number }) => {
          if (weight === 1300) throw new GraphQLError('Never.', { extensions: { code: 'CONFLICT' } });
          return weight / 10;
        },
      },
    },
  },
};

function engine(): SubscriptionEngine {
  const { supergraphSdl, errors } = composeServices(
    Object.entries(SUBGRAPHS).map(([name, { typeDefs }]) => ({ name, typeDefs: parse(LINK + typeDefs) })),
  );
  if (supergraphSdl === undefined) throw new Error(String(errors));
  const endpoints = new Map<string, SubgraphEndpoint>();
  for (const [name, { typeDefs, resolvers }] of Object.entries(SUBGRAPHS)) {
    const schema = buildSubgraphSchema({ typeDefs: parse(LINK + typeDefs), resolvers: resolvers as never });
    endpoints.set(name, {
      execute: async ({ query, variables }) =>
        await execute({ schema, document: parse(query), variableValues: variables }),
      subscribe: async ({ query, variables }) =>
        (await subscribe({ schema, document: parse(query), variableValues: variables })) as SubgraphResult,
    });
  }
  const nobody = async (): Promise<never> => Promise.reject(new Error('Nobody signs in here.'));
  const authenticator: Authenticator = { authenticate: nobody, authenticateSession: nobody, verify: nobody };
  const services = { authenticator, health: new SubgraphHealth(), shared: new SharedFetches() };
  const dataSources = new Map(
    [...endpoints].map(([name, endpoint]) => [name, new EndpointDataSource({ name, endpoint }, services)] as const),
  );
  const log = pino({ level: 'silent' });
  const formatError = createErrorFormatter({ clock: systemClock, log, hideSchema: false });
  const rules: OperationRules = {
    introspection: 'all',
    contract: partnerContract(),
    costs: () => made.costs,
    maximumCost: 1_000,
  };
  const made = new SubscriptionEngine({ supergraphSdl, endpoints, dataSources, rules, formatError });
  return made;
}

async function all(source: string, variables: Record<string, unknown>): Promise<ExecutionResult[]> {
  const document = parse(source);
  const request = { source, document, operationName: undefined, variables, principal: ANONYMOUS, requestId: 'test' };
  const answers: ExecutionResult[] = [];
  for await (const answer of engine().subscribe(request))
    answers.push(JSON.parse(JSON.stringify(answer)) as ExecutionResult);
  return answers;
}

test('fields of three subgraphs, one of them by @requires, under aliases, in fragments and with variables', async () => {
  const answers = await all(
    `subscription S($airline: String!, $class: String, $plain: Boolean!) {
      news: moved(airline: $airline, from: 3) { when: at ...Who }
    }
    fragment Who on Move { who: flight { no: number late: minutes weight @skip(if: $plain) ...Craft } }
    fragment Craft on Flight { craft: aircraft { ... on Aircraft { chairs: seats(class: $class) __typename } } }`,
    { airline: 'LH', class: 'first', plain: true },
  );
  expect(answers).toEqual(
    [3, 4].map((at) => ({
      data: {
        news: { when: at, who: { no: at, late: at * 10, craft: { chairs: 5 + at, __typename: 'Aircraft' } } },
      },
    })),
  );
});

test('errors of later fetches are at the places they belong to, by alias and position, and the rest is there', async () => {
  const [answer] = await all(
    'subscription { it: moved(airline: "LH") { rest: others { n: number late: minutes craft: aircraft { chairs: seats } } } }',
    {},
  );
  const stamp: unknown = expect.any(String);
  expect(answer).toEqual({
    data: {
      it: {
        rest: [
          { n: 7, late: 70, craft: { chairs: 7 } },
          { n: 13, late: null, craft: { chairs: null } },
          { n: 8, late: 80, craft: { chairs: 8 } },
        ],
      },
    },
    errors: expect.arrayContaining([
      expect.objectContaining({
        message: 'No seats.',
        path: ['it', 'rest', 1, 'craft', 'chairs'],
        extensions: expect.objectContaining({ code: 'NOT_FOUND', timestamp: stamp }) as unknown,
      }),
      expect.objectContaining({
        message: 'Never.',
        path: ['it', 'rest', 1, 'late'],
        extensions: expect.objectContaining({ code: 'CONFLICT', timestamp: stamp }) as unknown,
      }),
    ]) as unknown,
  });
  expect(answer?.errors).toHaveLength(2);
});
