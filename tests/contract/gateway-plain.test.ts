/** A gateway for somebody else's supergraph, with what federation offers beyond the shop's own use of it. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, GraphQLError, parse } from 'graphql';
import { pino } from 'pino';
import { createPlainGateway } from '../../gateway/plain';
import { systemClock } from '../../platform/clock';

const FEDERATION = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3",
  import: ["@key", "@shareable", "@external", "@requires", "@provides", "@override", "@interfaceObject"])\n`;

interface Reference {
  sku: string;
  brand: string;
  weight?: number;
}

/** Three subgraphs: schema and resolvers. */
const SUBGRAPHS = {
  products: {
    typeDefs: `
      type Query { products: [Product!]!  product(sku: ID!, brand: String!): Product  media: [Media!]!  broken: String }
      type Product @key(fields: "sku brand") { sku: ID!  brand: String!  weight: Int!  name: String! @shareable }
      interface Media @key(fields: "id") { id: ID!  title: String! }
      type Book implements Media @key(fields: "id") { id: ID!  title: String!  pages: Int! }
      type Film implements Media @key(fields: "id") { id: ID!  title: String!  minutes: Int! }`,
    resolvers: {
      Query: {
        products: () => [product('1', 'a'), product('1', 'b')],
        product: (_: unknown, { sku, brand }: Reference) => (brand === 'none' ? null : product(sku, brand)),
        media: () => [MEDIA.book, MEDIA.film],
        broken: () => {
          throw new GraphQLError('no');
        },
      },
      Product: { __resolveReference: ({ sku, brand }: Reference) => product(sku, brand) },
      Media: {
        __resolveType: ({ kind }: { kind: string }) => kind,
        __resolveReference: ({ id }: { id: string }) => (id === 'b1' ? MEDIA.book : MEDIA.film),
      },
      Book: { __resolveReference: () => MEDIA.book },
      Film: { __resolveReference: () => MEDIA.film },
    },
  },
  shipping: {
    typeDefs: `
      type Product @key(fields: "sku brand") { sku: ID!  brand: String!  weight: Int! @external
        shipping: Int! @requires(fields: "weight")  stock: Int! @override(from: "reviews") }`,
    resolvers: {
      Product: {
        __resolveReference: (reference: Reference) => reference,
        shipping: ({ weight }: Reference) => (weight ?? -1) * 10,
        stock: ({ brand }: Reference) => (brand === 'a' ? 1 : 2),
      },
    },
  },
  reviews: {
    typeDefs: `
      type Query { reviews: [Review!]!  top: [Media!]! }
      type Review { text: String!  product: Product! @provides(fields: "name") }
      type Product @key(fields: "sku brand") { sku: ID!  brand: String!  name: String! @external  stock: Int!  reviews: [Review!]! }
      type Media @interfaceObject @key(fields: "id") { id: ID!  rating: Float! }`,
    resolvers: {
      Query: {
        reviews: () => [{ text: 'good', product: { sku: '1', brand: 'a', name: 'as provided' } }],
        top: () => [{ id: 'f1' }],
      },
      Product: {
        __resolveReference: (reference: Reference) => reference,
        stock: () => -1,
        reviews: ({ brand }: Reference) => [{ text: `of ${brand}`, product: { sku: '1', brand } }],
      },
      Media: {
        __resolveReference: (reference: object) => reference,
        rating: ({ id }: { id: string }) => (id === 'b1' ? 4.5 : 3),
      },
    },
  },
} as const;
type Name = keyof typeof SUBGRAPHS;
const NAMES = Object.keys(SUBGRAPHS) as Name[];

const MEDIA = {
  book: { kind: 'Book', id: 'b1', title: 'A book', pages: 100 },
  film: { kind: 'Film', id: 'f1', title: 'A film', minutes: 90 },
};

function product(sku: string, brand: string): object {
  return { sku, brand, weight: brand === 'a' ? 3 : 5, name: `Product ${sku}${brand}` };
}

const servers: Server[] = [];
const asked: Record<Name, number> = { products: 0, shipping: 0, reviews: 0 };
let gateway: Awaited<ReturnType<typeof createPlainGateway>>;
let url: string;

async function serve(name: Name): Promise<string> {
  const { typeDefs, resolvers } = SUBGRAPHS[name];
  const schema = buildSubgraphSchema({ typeDefs: parse(FEDERATION + typeDefs), resolvers: resolvers });
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      asked[name] += 1;
      const { query, variables } = JSON.parse(body) as { query: string; variables?: Record<string, unknown> };
      const answer = await graphql({ schema, source: query, variableValues: variables });
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/any/path`;
}

beforeAll(async () => {
  const services = [];
  for (const name of NAMES)
    services.push({ name, url: await serve(name), typeDefs: parse(FEDERATION + SUBGRAPHS[name].typeDefs) });
  const { supergraphSdl, errors } = composeServices(services);
  if (supergraphSdl === undefined) throw new Error(String(errors));
  gateway = await createPlainGateway({
    config: { host: '127.0.0.1', port: 0 },
    log: pino({ level: 'silent' }),
    clock: systemClock,
    supergraphSdl,
  });
  ({ url } = await gateway.listen());
});
afterAll(async () => {
  await gateway.stop();
  for (const server of servers) server.close();
});

async function ask(query: string, variables?: object): Promise<{ data?: unknown; errors?: { message: string }[] }> {
  for (const name of NAMES) asked[name] = 0;
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as { data?: unknown };
}

test('it is ready', async () => {
  const response = await fetch(`${url}/health/ready`);
  expect({ status: response.status, body: await response.json() }).toEqual({
    status: 200,
    body: { status: 'ready', down: [] },
  });
});

test('keys of several fields, @requires and @override: by both fields, from the weight, from the new owner', async () => {
  expect(await ask('{ products { name shipping stock reviews { text } } }')).toEqual({
    data: {
      products: [
        { name: 'Product 1a', shipping: 30, stock: 1, reviews: [{ text: 'of a' }] },
        { name: 'Product 1b', shipping: 50, stock: 2, reviews: [{ text: 'of b' }] },
      ],
    },
  });
  expect(asked).toEqual({ products: 1, shipping: 1, reviews: 1 });
});

test('@provides and @shareable: no detour to the owner', async () => {
  expect(await ask('{ reviews { text product { sku name } } }')).toEqual({
    data: { reviews: [{ text: 'good', product: { sku: '1', name: 'as provided' } }] },
  });
  expect(asked).toEqual({ products: 0, shipping: 0, reviews: 1 });
});

test('@interfaceObject, from either side', async () => {
  expect(await ask('{ media { __typename title rating ... on Book { pages } ... on Film { minutes } } }')).toEqual({
    data: {
      media: [
        { __typename: 'Book', title: 'A book', rating: 4.5, pages: 100 },
        { __typename: 'Film', title: 'A film', rating: 3, minutes: 90 },
      ],
    },
  });
  expect(await ask('{ top { rating title ... on Film { minutes } } }')).toEqual({
    data: { top: [{ rating: 3, title: 'A film', minutes: 90 }] },
  });
});

test('variables, null, @include, introspection, and no limit of the shop', async () => {
  const query = `query ($brand: String!, $more: Boolean!) {
    product(sku: "1", brand: $brand) { name shipping @include(if: $more) } }`;
  expect(await ask(query, { brand: 'b', more: false })).toEqual({ data: { product: { name: 'Product 1b' } } });
  expect(await ask(query, { brand: 'none', more: true })).toEqual({ data: { product: null } });
  expect(await ask('{ __type(name: "Media") { kind } }')).toEqual({ data: { __type: { kind: 'INTERFACE' } } });
  const aliases = Array.from({ length: 60 }, (_, index) => `a${index}: product(sku: "1", brand: "a") { sku }`);
  expect(Object.keys((await ask(`{ ${aliases.join(' ')} }`)).data as object)).toHaveLength(60);
});

test('errors leave the rest of the answer alone', async () => {
  const partly = await ask('{ broken products { sku } }');
  expect(partly).toMatchObject({ data: { broken: null, products: [{ sku: '1' }, { sku: '1' }] } });
  expect(partly.errors).toHaveLength(1);
  expect((await ask('{ nothing }')).errors).toHaveLength(1);
  servers[1]!.close();
  servers[1]!.closeAllConnections();
  const without = await ask('{ product(sku: "1", brand: "a") { name } reviews { product { shipping } } }');
  expect(without.errors).not.toEqual([]);
});
