/** API clients at the gateway: the contract by every door, and the end of a token with its key. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { buildClientSchema, getIntrospectionQuery, printSchema, type IntrospectionQuery } from 'graphql';
import { partnerContract } from '../../gateway/partner-contract';
import { eventually } from '../support/eventually';
import { endSession, startTestGateway, type GraphAnswer, type TestGateway } from '../support/gateway';
import { closeSockets, RawSocket, until } from '../support/raw-socket';
import { eventsOf, openRaw, partsOf } from '../support/raw-stream';

const CONTRACT = `
type Mutation { placeOrder(key: String!): Order }
type Order { id: ID!  status: String }
type OrderUpdate { cursor: String!  step: Int! }
type Product { id: ID!  name: String! }
input Filter { sku: String! }
type Query { orders: [Order!]  product(id: ID!): Product  products(filter: Filter, first: Int, sort: Sort): [Product!] }
enum Sort { NAME }
type Subscription { orderUpdated(after: String, orderId: ID!): OrderUpdate! }`;

let shop: TestGateway;
let headers: { authorization: string };
beforeAll(async () => {
  shop = await startTestGateway({ partnerSdl: CONTRACT });
  headers = { authorization: `Bearer ${await shop.clientToken()}` };
});
afterAll(() => shop.gateway.stop());
afterEach(async () => {
  closeSockets();
  shop.sessions.ended.clear();
  await until(() => shop.openStreams() === 0);
  for (const control of Object.values(shop.subgraphs)) control.requests.length = 0;
});
const requests = (): number => Object.values(shop.subgraphs).flatMap((control) => control.requests).length;

/** What every door answers; an error that refused it as a whole has no data. */
const doors: [string, (query: string, variables?: object) => Promise<GraphAnswer>][] = [
  ['HTTP', async (query, variables) => (await shop.post({ query, variables }, headers)).body],
  [
    'an event stream',
    async (query, variables) => {
      const accept = 'text/event-stream';
      const stream = await openRaw(shop.port, { body: { query, variables }, headers: { ...headers, accept } });
      await eventually(() => expect(stream.ended()).toBe('whole'));
      return eventsOf(stream.text()).find(({ event }) => event === 'next')?.data as GraphAnswer;
    },
  ],
  [
    'a socket',
    async (query, variables) => {
      const socket = await new RawSocket(shop).init(headers);
      socket.send({ id: 'a', type: 'subscribe', payload: { query, variables } });
      const [message] = await socket.messages(1);
      const { type, payload } = message as { type: string; payload: unknown };
      return (type === 'error' ? { errors: payload } : payload) as GraphAnswer;
    },
  ],
];

const OUTSIDE: [string, string][] = [
  ['{ whoami }', 'Cannot query field "whoami" on type "Query".'],
  ['{ me { id nonsense } }', 'Cannot query field "me" on type "Query".'],
  ['{ products { id stock } }', 'Cannot query field "stock" on type "Product".'],
  ['{ products { id nam } }', 'Cannot query field "nam" on type "Product". Did you mean "name"?'],
  ['{ products(sort: PRICE) { id } }', 'Value "PRICE" does not exist in "Sort" enum.'],
  ['{ orders { id ...F } } fragment F on Order { product { id } }', 'Cannot query field "product" on type "Order".'],
  ['{ orders { id } ...F } fragment F on User { id }', 'Unknown type "User".'],
  ['mutation { login(role: "ADMIN") { ok } }', 'Cannot query field "login" on type "Mutation".'],
  ['subscription { orderUpdated(orderId: "o1") { bulk } }', 'Cannot query field "bulk" on type "OrderUpdate".'],
  [
    'subscription { orderUpdated(orderId: "o1", steps: 1) { step } }',
    'Unknown argument "steps" on field "Subscription.orderUpdated".',
  ],
];

describe.each(doors)('by %s', (name, send) => {
  /** Without what it costs. */
  const ask = async (query: string, variables?: object): Promise<GraphAnswer> => {
    const { data, errors } = await send(query, variables);
    return { ...(data !== undefined && { data }), ...(errors && { errors }) };
  };

  test.each(OUTSIDE.filter(([query]) => name !== 'HTTP' || !query.startsWith('subscription')))(
    'as if it were not there: %s',
    async (query, message) => {
      const { data, errors } = await ask(query);
      expect(data).toBeUndefined();
      expect(errors?.map((error) => [error.message, error.extensions['code']])).toContainEqual([
        message.startsWith('Value') ? 'A value has the wrong type: expected Sort.' : message,
        'GRAPHQL_VALIDATION_FAILED',
      ]);
      // Words that are not its own may name what is in the contract.
      expect(JSON.stringify(errors)).not.toMatch(/Did you mean (?!\\"name\\"\?)/);
      expect(requests()).toBe(0);
    },
  );

  test('variables fit the contract, too', async () => {
    const query = 'query ($filter: Filter, $sort: Sort) { products(filter: $filter, sort: $sort) { id } }';
    for (const variables of [{ sort: 'PRICE' }, { filter: { sku: 'a', ranges: [{ min: 1 }] } }]) {
      const { data, errors } = await ask(query, variables);
      expect([data, errors?.[0]?.extensions['code']]).toEqual([undefined, 'BAD_USER_INPUT']);
    }
    expect(requests()).toBe(0);
    expect((await ask(query, { sort: 'NAME', filter: { sku: 'a' } })).data).toMatchObject({ products: [{}, {}] });
  });

  test('what is in it is answered', async () => {
    expect(await ask('{ products { id name } orders { status } }')).toEqual({
      data: {
        ...{ products: [1, 2].map((n) => ({ id: `${n}`, name: `Product ${n}` })), orders: [{ status: 'PENDING' }] },
      },
    });
    expect(shop.subgraphs.orders.requests[0]?.principal.kind).toBe('client');
    expect(await ask('mutation { placeOrder(key: "k") { id } }')).toEqual({ data: { placeOrder: { id: 'k' } } });
  });

  test('the schema is the contract, in an operation of its own', async () => {
    const { data } = await ask(getIntrospectionQuery());
    const seen = printSchema(buildClientSchema(data as unknown as IntrospectionQuery));
    expect(seen).toBe(printSchema(partnerContract(CONTRACT)));
    expect(await ask('{ a: __type(name: "User") { name } __typename }')).toEqual({
      data: { a: null, __typename: 'Query' },
    });
    for (const query of [
      '{ __type(name: "User") { name } orders { id } }',
      '{ ...F } fragment F on Query { __schema { queryType { name } } }',
    ])
      expect((await ask(query)).errors?.[0]?.extensions['code']).toBe('INVALID_REQUEST');
    expect(requests()).toBe(0);
  });
});

test('others see the whole schema as before', async () => {
  const query = '{ me { id } whoami __type(name: "User") { name } }';
  const { body } = await shop.post({ query }, { authorization: `Bearer ${await shop.token()}` });
  expect(body.data).toMatchObject({ __type: { name: 'User' } });
  expect((await shop.post({ query: '{ products { nam } }' })).body.errors?.[0]?.message).toMatch(/Did you mean "name"/);
});

test('a subscription runs, over a socket, an event stream and multipart', async () => {
  const query = 'subscription { orderUpdated(orderId: "o1") { step } }';
  const socket = await new RawSocket(shop).init(headers);
  socket.subscribe(query);
  const open = (accept: string) => openRaw(shop.port, { body: { query }, headers: { ...headers, accept } });
  const events = await open('text/event-stream');
  const parts = await open('multipart/mixed;subscriptionSpec=1.0,application/json');
  // One of the partner's program is one of the shop's.
  await until(() => shop.openStreams() === 1);
  await eventually(() => expect(partsOf(parts.text())).toEqual([{}]));
  shop.publish(1);
  const update = { data: { orderUpdated: { step: 1 } } };
  expect(await socket.messages(1)).toEqual([{ id: 'a', type: 'next', payload: update }]);
  await eventually(() => expect(eventsOf(events.text())).toEqual([{ event: 'next', data: update }]));
  await eventually(() => expect(partsOf(parts.text())).toEqual([{}, { payload: update }]));
  for (const stream of [events, parts]) stream.leave();
});

test('a key that ends cuts its tokens over HTTP and sockets with 4403', async () => {
  const socket = await new RawSocket(shop).init(headers);
  expect((await shop.post({ query: '{ orders { id } }' }, headers)).body.errors).toBeUndefined();
  await endSession(shop);
  expect(await socket.closed).toMatchObject({ code: 4403 });
  await eventually(async () => {
    const { body } = await shop.post({ query: '{ orders { id } }' }, headers);
    expect(body.errors?.[0]?.extensions['code']).toBe('UNAUTHENTICATED');
  });
  const late = await new RawSocket(shop).open();
  late.send({ type: 'connection_init', payload: headers });
  expect(await late.closed).toMatchObject({ code: 4403 });
});

test('while accounts cannot be asked a key is taken to stand', async () => {
  shop.sessions.down = true;
  const other = { authorization: `Bearer ${await shop.clientToken()}` };
  expect((await shop.post({ query: '{ orders { id } }' }, other)).body.errors).toBeUndefined();
  shop.sessions.down = false;
});

test('without a contract there is nothing for API clients', async () => {
  const bare = await startTestGateway();
  try {
    const { body } = await bare.post(
      { query: '{ orders { id } }' },
      { authorization: `Bearer ${await bare.clientToken()}` },
    );
    expect(body.errors?.[0]?.message).toBe('Cannot query field "orders" on type "Query".');
  } finally {
    await bare.gateway.stop();
  }
});

test('the published contract is one, and leaves out what is for staff and users', () => {
  const sdl = readFileSync(path.join(__dirname, '../../schema/partner.graphql'), 'utf8');
  const schema = partnerContract(sdl);
  expect(Object.keys(schema.getQueryType()?.getFields() ?? {})).toEqual([
    ...['cart', 'categories', 'category', 'order', 'orders', 'product', 'productVariant', 'products'],
    'searchSuggestions',
  ]);
  expect(Object.keys(schema.getMutationType()?.getFields() ?? {})).toEqual([
    ...['addToCart', 'applyPromoCode', 'createCart', 'moveToCart', 'placeOrder', 'removeCartLine', 'removePromoCode'],
    ...['requestReturn', 'saveForLater', 'setCartDelivery', 'updateCartLine'],
  ]);
  expect(Object.keys(schema.getSubscriptionType()?.getFields() ?? {})).toEqual(['myOrdersUpdated', 'orderUpdated']);
  for (const type of ['User', 'StockLevel', 'Payment', 'WebhookEndpoint']) expect(schema.getType(type)).toBeUndefined();
});
