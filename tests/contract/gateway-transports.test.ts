/** What all ways to the graph have in common: the same refusals for the same operation, and the end by a new schema. */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually';
import { composed, startTestGateway, type TestGateway } from '../support/gateway';
import { eventsOf, openRaw, partsOf } from '../support/raw-stream';

interface Operation {
  query: string;
  variables?: Record<string, unknown>;
  operationName?: string;
}
/** Runs an operation; gives all that came, once it has ended. */
type Way = (operation: Operation, authorization?: string) => Promise<unknown[]>;

const MULTIPART = { accept: 'multipart/mixed;subscriptionSpec=1.0, application/json' };
let shop: TestGateway;

const stream =
  (accept: Record<string, string>, read: (text: string) => unknown[]): Way =>
  async (operation, authorization) => {
    const headers = { ...accept, ...(authorization !== undefined && { authorization }) };
    const raw = await openRaw(shop.port, { body: operation, headers });
    await eventually(() => expect(raw.ended()).toBe('whole'));
    return read(raw.text());
  };

const WAYS: Record<'http' | 'socket' | 'sse' | 'multipart', Way> = {
  http: async (operation, authorization) => [
    (await shop.post(operation, authorization === undefined ? {} : { authorization })).body,
  ],
  socket: (operation, authorization) =>
    new Promise((resolve) => {
      const client = createClient({
        url: `${shop.url.replace('http', 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        connectionParams: { authorization },
      });
      const seen: unknown[] = [];
      const end = (): void => {
        void client.dispose();
        resolve(seen);
      };
      client.subscribe(operation, {
        next: (answer) => seen.push(answer),
        error: (errors) => {
          seen.push({ errors });
          end();
        },
        complete: end,
      });
    }),
  sse: stream({ accept: 'text/event-stream' }, (text) => {
    const events = eventsOf(text);
    expect(events.at(-1)).toEqual({ event: 'complete' });
    return events.slice(0, -1).map(({ data }) => data);
  }),
  multipart: stream(MULTIPART, (text) =>
    partsOf(text)
      .slice(1)
      .map((part) => {
        const { payload, errors } = part as { payload: unknown; errors?: unknown };
        return payload ?? { errors };
      }),
  ),
};

const WATCH = 'subscription W($id: ID!) { orderUpdated(orderId: $id) { step } }';
/** Refused as a query and as a subscription, before anything runs. */
const REFUSED: [string, Operation, string, ('http' | 'socket' | 'sse' | 'multipart')[]][] = [
  ['syntax', { query: '{ whoami' }, 'GRAPHQL_PARSE_FAILED', ['http', 'socket', 'sse']],
  ['an unknown field', { query: '{ nothing }' }, 'GRAPHQL_VALIDATION_FAILED', ['http', 'socket', 'sse']],
  ['a variable of the wrong type', { query: 'query Q($n: Int) { products(first: $n) { id } }', variables: { n: 'x' } }, 'BAD_USER_INPUT', ['http', 'socket', 'sse']],
  ['a missing variable', { query: 'query Q($id: ID!) { product(id: $id) { id } }' }, 'BAD_USER_INPUT', ['http', 'socket', 'sse']],
  ['an unknown operation name', { query: 'query Q { whoami }', operationName: 'R' }, 'INVALID_REQUEST', ['http', 'socket', 'sse']],
  ['introspection', { query: '{ __schema { queryType { name } } }' }, 'UNAUTHENTICATED', ['http', 'socket', 'sse']],
  ['a mutation with a bad variable', { query: 'mutation M($k: String!) { placeOrder(key: $k) { id } }', variables: { k: 1 } }, 'BAD_USER_INPUT', ['http', 'socket', 'sse']],
  ['a subscription to an unknown field', { query: 'subscription { nothing }' }, 'GRAPHQL_VALIDATION_FAILED', ['socket', 'sse', 'multipart']],
  ['a subscription with two root fields', { query: 'subscription { a: orderUpdated(orderId: "o1") { step } b: orderUpdated(orderId: "o1") { step } }' }, 'GRAPHQL_VALIDATION_FAILED', ['socket', 'sse', 'multipart']],
  ['a condition on the root field', { query: 'subscription S($v: Boolean!) { orderUpdated(orderId: "o1") @include(if: $v) { step } }', variables: { v: true } }, 'GRAPHQL_VALIDATION_FAILED', ['socket', 'sse', 'multipart']],
  ['a subscription without its variable', { query: WATCH }, 'BAD_USER_INPUT', ['socket', 'sse', 'multipart']],
]; // prettier-ignore

describe('refusals', () => {
  beforeAll(async () => {
    shop = await startTestGateway({ config: { introspection: 'admins' } });
  });
  afterAll(() => shop.gateway.stop());

  test.each(REFUSED)('%s is refused alike everywhere, and nothing runs', async (_name, operation, code, ways) => {
    const refusals = await Promise.all(ways.map((way) => WAYS[way](operation)));
    const stamp: unknown = expect.any(String);
    for (const answers of refusals) {
      expect(answers).toEqual([
        {
          errors: [
            expect.objectContaining({
              message: stamp,
              extensions: { code, requestId: stamp, timestamp: stamp },
            }),
          ],
        },
      ]);
    }
    const messages = refusals.map(([answer]) => (answer as { errors: { message: string }[] }).errors[0]?.message);
    expect(new Set(messages).size).toBe(1);
    for (const { requests } of Object.values(shop.subgraphs)) expect(requests).toEqual([]);
  });

  test('a token that is no good is refused alike by all that read it with the request, and nothing runs', async () => {
    for (const [way, query] of [['http', '{ whoami }'], ['sse', '{ whoami }'], ['sse', WATCH], ['multipart', WATCH]] as const) {
    const answers = await WAYS[way]({ query, variables: { id: 'o1' } }, 'Bearer nonsense');
    expect(answers).toMatchObject([{ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }]);
  } // prettier-ignore
    for (const { requests } of Object.values(shop.subgraphs)) expect(requests).toEqual([]);
  });
});

describe('another supergraph', () => {
  beforeEach(async () => {
    shop = await startTestGateway();
  });
  afterEach(() => shop.gateway.stop());
  const FRESH = 'extend type Query { fresh: String }';
  const asked = { query: '{ fresh }' };

  test('ends running subscriptions everywhere, and is the one for all that comes after', async () => {
    const query = 'subscription { orderUpdated(orderId: "o1") { step order { product { name } } } }';
    const live = [WAYS.socket, WAYS.sse, WAYS.multipart].map((way) => way({ query }));
    await eventually(() => expect(shop.openStreams()).toBe(3));
    expect((await shop.post(asked)).body.errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
    shop.publish(1);
    // An event that is being answered still is.
    await eventually(() => expect(shop.subgraphs.catalog.requests).toHaveLength(3));
    shop.gateway.reload(composed(FRESH));
    for (const answers of await Promise.all(live)) {
      expect(answers).toEqual([
        { data: { orderUpdated: { step: 1, order: { product: { name: 'Product 1' } } } } },
        {
          errors: [
            expect.objectContaining({
              extensions: expect.objectContaining({ code: 'SUBSCRIPTION_SCHEMA_RELOAD' }) as unknown,
            }),
          ],
        },
      ]);
    }
    await eventually(() => expect(shop.openStreams()).toBe(0));
    for (const way of [WAYS.http, WAYS.socket, WAYS.sse])
      expect(await way(asked)).toMatchObject([{ data: { fresh: null } }]);
    const again = WAYS.sse({ query: WATCH, variables: { id: 'o1' } });
    await eventually(() => expect(shop.openStreams()).toBe(1));
    shop.gateway.reload(composed());
    expect(await again).toHaveLength(1);
  });

  test.each([
    ['no supergraph', () => 'type Query { a: Int }'],
    ['no GraphQL', () => '{'],
    ['one with a subgraph that is not there', () => composed(FRESH).replaceAll(/"catalog"/g, '"elsewhere"')],
  ])('%s is refused, and all goes on', async (_name, supergraph) => {
    const live = WAYS.sse({ query: WATCH, variables: { id: 'o1' } });
    await eventually(() => expect(shop.openStreams()).toBe(1));
    expect(() => shop.gateway.reload(supergraph())).toThrow();
    expect(shop.openStreams()).toBe(1);
    expect((await shop.post({ query: '{ products { id } }' })).body.data).toMatchObject({ products: [{ id: '1' }, { id: '2' }] });
    shop.gateway.reload(composed(FRESH));
    expect(await live).toHaveLength(1);
    expect((await shop.post(asked)).body).toEqual({ data: { fresh: null } });
  }); // prettier-ignore
});
