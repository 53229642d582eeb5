/**
 * What the engine of subscriptions takes from the gateway library without a promise of its makers. When an update of
 * @apollo/gateway, @apollo/query-planner or @apollo/federation-internals breaks one of these, look at
 * gateway/subscriptions/plan.ts, answer-event.ts and gateway/apollo.ts before anything else.
 */
import { composeServices } from '@apollo/composition';
import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import {
  ApolloGateway,
  buildOperationContext,
  executeQueryPlan,
  LocalGraphQLDataSource,
  type GraphQLDataSource,
  type SupergraphSdlUpdateFunction,
} from '@apollo/gateway';
import { QueryPlanner, type FetchNode, type PlanNode, type QueryPlan } from '@apollo/query-planner';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse, print } from 'graphql';
import { disableApolloTelemetry } from '../../platform/config';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])\n';
const TYPE_DEFS: Record<string, string> = {
  news: `${LINK} type Query { ping: String } type Subscription { news(topic: String): News }
    type News { place: Place } type Place @key(fields: "id") { id: ID! }`,
  places: `${LINK} type Query { places: Int } type Place @key(fields: "id") { id: ID!  name(short: Boolean): String }`,
};
const QUERY = 'subscription N($t: String, $s: Boolean) { it: news(topic: $t) { place { label: name(short: $s) } } }';

function composed(more = ''): string {
  const services = Object.entries(TYPE_DEFS).map(([name, typeDefs]) => ({ name, typeDefs: parse(typeDefs + more) }));
  const { supergraphSdl } = composeServices(services);
  if (supergraphSdl === undefined) throw new Error('It does not compose.');
  return supergraphSdl;
}

const supergraph = Supergraph.build(composed(), { validateSupergraph: false });
const apiSchema = supergraph.apiSchema();
const schema = apiSchema.toGraphQLJSSchema();
const document = parse(QUERY);
const plan = new QueryPlanner(supergraph, { exposeDocumentNodeInFetchNode: true }).buildQueryPlan(
  operationFromDocument(apiSchema, document, { operationName: 'N' }),
);

function parts(): { primary: FetchNode; rest: PlanNode } {
  if (plan.node?.kind !== 'Subscription' || !plan.node.rest)
    throw new Error('The plan of a subscription has another shape.');
  return { primary: plan.node.primary, rest: plan.node.rest };
}

test('Supergraph.subgraphsMetadata names the subgraphs', () => {
  expect(supergraph.subgraphsMetadata().map(({ name }) => name)).toEqual(['news', 'places']);
});

test('QueryPlanner plans a subscription as { kind, primary, rest }, with parsed documents', () => {
  const { primary, rest } = parts();
  expect(plan.kind).toBe('QueryPlan');
  expect(primary).toMatchObject({
    kind: 'Fetch',
    serviceName: 'news',
    operationKind: 'subscription',
    variableUsages: ['t'],
  });
  expect(print(parse(primary.operation))).toBe(print(primary.operationDocumentNode!));
  expect(rest).toMatchObject({
    kind: 'Sequence',
    nodes: [
      {
        kind: 'Flatten',
        path: ['it', 'place'],
        node: { kind: 'Fetch', serviceName: 'places', variableUsages: ['s'] },
      },
    ],
  });
});

test('buildOperationContext gives schema, operation and fragments', () => {
  const context = buildOperationContext({ schema, operationDocument: document, operationName: 'N' });
  expect(context).toMatchObject({ schema, operation: { operation: 'subscription' }, fragments: {} });
});

type Fetched = Parameters<GraphQLDataSource['process']>[0];

async function run(query: QueryPlan, context: unknown = {}): Promise<{ result: unknown; fetched: Fetched[] }> {
  const fetched: Fetched[] = [];
  const source = (data: Record<string, unknown>): GraphQLDataSource => ({
    process: async (fetch) => {
      fetched.push(fetch);
      return { data };
    },
  });
  const operationContext = buildOperationContext({ schema, operationDocument: document, operationName: 'N' });
  const request = { query: QUERY, operationName: 'N', variables: { t: 'a', s: true } };
  const requestContext = { request, operation: operationContext.operation, context, metrics: {} };
  const sources = {
    news: source({ it: { place: { __typename: 'Place', id: '1' } } }),
    places: source({ _entities: [{ label: 'Rome' }] }),
  };
  // As the engine does: the executor reads no more than this.
  const whole = requestContext as unknown as Parameters<typeof executeQueryPlan>[2];
  const schemaOfAll = supergraph.schema.toGraphQLJSSchema();
  const result = await executeQueryPlan(query, sources, whole, operationContext, schemaOfAll, apiSchema);
  return { result: JSON.parse(JSON.stringify(result)) as unknown, fetched };
}

test('executeQueryPlan runs a subscription as a sequence of its parts, and hands on context and documents', async () => {
  const { primary, rest } = parts();
  const context = { mine: true };
  const { result, fetched } = await run(
    { kind: 'QueryPlan', node: { kind: 'Sequence', nodes: [primary, rest] } },
    context,
  );
  expect(result).toMatchObject({ data: { it: { place: { label: 'Rome' } } } });
  expect(fetched).toMatchObject([
    { context, request: { variables: { t: 'a' } }, document: { kind: 'Document' } },
    {
      context,
      request: { variables: { s: true, representations: [{ __typename: 'Place', id: '1' }] } },
      document: { kind: 'Document' },
      incomingRequestContext: { operation: { operation: 'subscription' } },
    },
  ]);
});

test('executeQueryPlan does not run subscriptions itself', async () => {
  await expect(run(plan)).rejects.toThrow();
});

test('ApolloGateway takes a supergraph from a function, and others through its `update`, which throws for what is none', async () => {
  disableApolloTelemetry();
  let update: SupergraphSdlUpdateFunction = () => undefined;
  const gateway = new ApolloGateway({
    supergraphSdl: async (library) => {
      ({ update } = library);
      return { supergraphSdl: composed() };
    },
    buildService: ({ name }) => new LocalGraphQLDataSource(buildSubgraphSchema({ typeDefs: parse(TYPE_DEFS[name]!) })),
    logger: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  const seen: string[] = [];
  gateway.onSchemaLoadOrUpdate(({ apiSchema: loaded }) =>
    seen.push(
      Object.keys(loaded.getQueryType()?.getFields() ?? {})
        .sort()
        .join(),
    ),
  );
  await gateway.load();
  expect(() => update('type Query { a: Int }')).toThrow();
  update(composed(' extend type Query { fresh: Int @shareable }'));
  expect(seen).toEqual(['ping,places', 'fresh,ping,places']);
  await gateway.stop();
});
