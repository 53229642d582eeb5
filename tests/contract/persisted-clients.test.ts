/** Persisted operations as real clients ask for them: Apollo's with a generated manifest, urql's, and plain requests. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ApolloClient, gql, HttpLink, InMemoryCache, type TypedDocumentNode } from '@apollo/client/core';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { generatePersistedQueryIdsFromManifest } from '@apollo/persisted-query-lists';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery } from 'graphql';
import { CostTable } from '../../gateway/limits/cost';
import { checkManifest } from '../../ops/operations/check-manifest';
import { readManifest } from '../../ops/operations/read-manifest';
import { PROJECT_ROOT } from '../../platform/root';
import { eventually } from '../support/eventually';
import { startTestGateway, type TestGateway } from '../support/gateway';

let shop: TestGateway;
/** Bodies of all requests to the gateway. */
const sent: Record<string, unknown>[] = [];
/** The application's folder; inside the project, because the generator looks for its packages from there. */
const folder = path.join(PROJECT_ROOT, 'tests', 'generated', 'manifest');

const recording: typeof fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  sent.push(
    typeof init?.body === 'string'
      ? (JSON.parse(init.body) as Record<string, unknown>)
      : Object.fromEntries(url.searchParams),
  );
  return fetch(input, init);
};

beforeAll(async () => {
  shop = await startTestGateway();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await shop.gateway.stop();
});
beforeEach(() => {
  sent.length = 0;
});

const SOURCE = 'query ShelfOfApp($first: Int) { products(first: $first) { id name } }';
type Shelf = TypedDocumentNode<{ products: object[] }>;
const PRODUCTS = [
  { id: '1', name: 'Product 1' },
  { id: '2', name: 'Product 2' },
];

/** The manifest of an application whose only source is SOURCE, made by Apollo's generator. */
function generateManifest(): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, 'src'), { recursive: true });
  writeFileSync(path.join(folder, 'src', 'shelf.graphql'), SOURCE);
  writeFileSync(
    path.join(folder, 'config.json'),
    JSON.stringify({ documents: ['src/*.graphql'], output: 'manifest.json' }),
  );
  const generator = path.join(PROJECT_ROOT, 'node_modules', '.bin', 'generate-persisted-query-manifest');
  const { status, stderr } = spawnSync(generator, ['--config', 'config.json'], { cwd: folder, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return readFileSync(path.join(folder, 'manifest.json'), 'utf8');
}

test("@apollo/client with a generated manifest sends ids only, and the registry's text runs", async () => {
  const manifest = generateManifest();
  const introspection = await shop.post({ query: getIntrospectionQuery() });
  const schema = buildClientSchema(introspection.body.data as unknown as IntrospectionQuery);
  const rules = { schema, costs: new CostTable('type Query { a: Int }', schema), maximumCost: 1_000 };
  const { operations, problems } = checkManifest(readManifest(manifest), rules);
  expect(problems).toEqual([]);
  expect(operations).toMatchObject([{ name: 'ShelfOfApp', type: 'query' }]);
  for (const { id, body } of operations) await shop.operations.register(body, { ids: [id], clients: ['app'] });

  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: new PersistedQueryLink(
      generatePersistedQueryIdsFromManifest({ loadManifest: async () => JSON.parse(manifest) as never }),
    ).concat(new HttpLink({ uri: `${shop.url}/graphql`, fetch: recording })),
  });
  const shelf: Shelf = gql(SOURCE);
  const { data } = await client.query({ query: shelf, variables: { first: 2 } });
  expect(data?.products).toEqual(PRODUCTS.map((product) => ({ __typename: 'Product', ...product })));
  expect(sent).toEqual([
    {
      operationName: 'ShelfOfApp',
      variables: { first: 2 },
      extensions: expect.objectContaining({ persistedQuery: { version: 1, sha256Hash: operations[0]?.id } }) as object,
    },
  ]);
  client.stop();
});

test.each([false, true])('@apollo/client with automatic ones, by GET: %s', async (useGETForHashedQueries) => {
  const { createHash } = await import('node:crypto');
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const query: Shelf = gql(`query Automatic${String(useGETForHashedQueries)} { products { id name } }`);
  const ask = async (): Promise<unknown> => {
    const client = new ApolloClient({
      cache: new InMemoryCache(),
      link: new PersistedQueryLink({ sha256, useGETForHashedQueries }).concat(
        new HttpLink({
          uri: `${shop.url}/graphql`,
          fetch: recording,
          headers: { 'apollo-require-preflight': '1' },
        }),
      ),
    });
    const { data } = await client.query({ query });
    client.stop();
    return data?.products;
  };
  const expected = PRODUCTS.map((product) => ({ __typename: 'Product', ...product }));
  expect(await ask()).toEqual(expected);
  expect(sent.map((fields) => 'query' in fields)).toEqual([false, true]);
  sent.length = 0;
  expect(await ask()).toEqual(expected);
  expect(sent.map((fields) => 'query' in fields)).toEqual([false]);
});

test('urql with its exchange for persisted operations', async () => {
  const query = 'query ShelfOfUrql { products { id name } }';
  const ask = async (): Promise<unknown> => {
    const client = new Client({
      url: `${shop.url}/graphql`,
      preferGetMethod: false,
      fetch: recording,
      exchanges: [persistedExchange({ preferGetForPersistedQueries: false }), fetchExchange],
    });
    const { data, error } = await client.query<{ products: object[] }>(query, {}).toPromise();
    expect(error).toBeUndefined();
    return data?.products;
  };
  expect(await ask()).toEqual(PRODUCTS);
  expect(sent.map(({ query: text }) => typeof text)).toEqual(['undefined', 'string']);
  sent.length = 0;
  expect(await ask()).toEqual(PRODUCTS);
  expect(sent.map(({ query: text }) => typeof text)).toEqual(['undefined']);
});

test('a plain request with a documentId, by GET and POST', async () => {
  const hash = await shop.operations.register('query ($id: ID!) { product(id: $id) { name } }', { ids: ['plain'] });
  const variables = { id: '1' };
  const answer = { data: { product: { name: 'Product 1' } } };
  await eventually(async () => expect((await shop.post({ documentId: 'plain', variables })).body).toEqual(answer));
  for (const documentId of ['plain', `sha256:${hash}`]) {
    const search = new URLSearchParams({ documentId, variables: JSON.stringify(variables) });
    const headers = { 'apollo-require-preflight': '1', accept: 'application/graphql-response+json' };
    const response = await fetch(`${shop.url}/graphql?${search.toString()}`, { headers });
    expect([response.status, await response.json()]).toEqual([200, expect.objectContaining(answer)]);
  }
});
