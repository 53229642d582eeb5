/** The graph over WebSocket: federated subscriptions, queries, close codes, and nothing left behind. */
import { startTestGateway, USER_ID, type TestGateway } from '../support/gateway';
import { closeSockets, RawSocket, until } from '../support/raw-socket';

let shop: TestGateway;

beforeAll(async () => {
  shop = await startTestGateway();
});
afterAll(() => shop.gateway.stop());
afterEach(async () => {
  closeSockets();
  for (const control of Object.values(shop.subgraphs))
    Object.assign(control, { requests: [], before: undefined, down: false });
  await until(() => shop.openStreams() === 0);
});

const WATCH =
  'subscription W($id: ID!) { orderUpdated(orderId: $id) { step order { state: status product { name } } } }';
const text: unknown = expect.any(String);
const EXTENSIONS = { requestId: text, timestamp: text };

describe('subscriptions', () => {
  test('events come with fields of two subgraphs, in order, until the client has enough', async () => {
    const client = await new RawSocket(shop).init();
    client.subscribe(WATCH, { id: 'o1' });
    await until(() => shop.openStreams() === 1);
    for (const step of [1, 2, 3]) shop.publish(step);
    expect(await client.messages(3)).toEqual(
      [1, 2, 3].map((step) => ({
        id: 'a',
        type: 'next',
        payload: { data: { orderUpdated: { step, order: { state: `STEP_${step}`, product: { name: 'Product 1' } } } } },
      })),
    );
    client.send({ type: 'complete', id: 'a' });
    await until(() => shop.openStreams() === 0);
    shop.publish(4);
    client.subscribe('{ whoami }', {}, 'b');
    expect(await client.messages(1)).toMatchObject([{ id: 'b', type: 'next' }]);
  });

  test('every fetch for an event is made as the user of the socket', async () => {
    const client = await new RawSocket(shop).init({ authorization: `Bearer ${await shop.token({ role: 'SUPPORT' })}` });
    client.subscribe('subscription { orderUpdated(orderId: "o1") { order { product { seenBy } } } }');
    await until(() => shop.openStreams() === 1);
    shop.publish(1);
    const [next] = await client.messages(1);
    expect(next?.payload).toEqual({ data: { orderUpdated: { order: { product: { seenBy: `SUPPORT:${USER_ID}` } } } } });
  });

  test('a subgraph that is down costs an event its fields, and the next event has them again', async () => {
    const client = await new RawSocket(shop).init();
    client.subscribe('subscription { orderUpdated(orderId: "o1") { step order { product { stock } } } }');
    await until(() => shop.openStreams() === 1);
    shop.subgraphs.catalog.down = true;
    shop.publish(1);
    expect((await client.messages(1))[0]?.payload).toEqual({
      data: { orderUpdated: { step: 1, order: { product: { stock: null } } } },
      errors: [
        {
          message: text,
          path: ['orderUpdated', 'order', 'product', 'stock'],
          extensions: { code: 'SERVICE_UNAVAILABLE', ...EXTENSIONS },
        },
      ],
    });
    shop.subgraphs.catalog.down = false;
    shop.publish(2);
    expect((await client.messages(1))[0]?.payload).toEqual({
      data: { orderUpdated: { step: 2, order: { product: { stock: 7 } } } },
    });
  });

  test('one that the subgraph refuses ends with its error', async () => {
    const client = await new RawSocket(shop).init();
    client.subscribe(WATCH, { id: 'unknown' });
    expect(await client.messages(1)).toEqual([
      {
        id: 'a',
        type: 'error',
        payload: [{ message: 'Not found.', path: ['orderUpdated'], extensions: { code: 'NOT_FOUND', ...EXTENSIONS } }],
      },
    ]);
  });

  test('one that cannot be opened ends with an outage', async () => {
    shop.subgraphs.orders.down = true;
    const client = await new RawSocket(shop).init();
    client.subscribe(WATCH, { id: 'o1' });
    expect(await client.messages(1)).toMatchObject([
      { type: 'error', payload: [{ path: ['orderUpdated'], extensions: { code: 'SERVICE_UNAVAILABLE' } }] },
    ]);
  });

  test.each([
    ['syntax', 'subscription {', {}, 'GRAPHQL_PARSE_FAILED'],
    ['validation', 'subscription { nothing }', {}, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a condition on the root field',
      'subscription W($v: Boolean!) { orderUpdated(orderId: "o1") @include(if: $v) { step } }',
      { v: true },
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'two root fields',
      'subscription { orderUpdated(orderId: "o1") { step } again: orderUpdated(orderId: "o1") { step } }',
      {},
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'a variable',
      'subscription W($v: Int) { orderUpdated(orderId: "o1", steps: $v) { step } }',
      { v: 'hunter2' },
      'BAD_USER_INPUT',
    ],
    ['a missing variable', WATCH, {}, 'BAD_USER_INPUT'],
    ['an empty document', '', {}, 'GRAPHQL_PARSE_FAILED'],
    ['no operation', 'fragment F on Order { id }', {}, 'INVALID_REQUEST'],
  ])('bad documents are refused with an error and the socket stays: %s', async (_name, query, variables, code) => {
    const client = await new RawSocket(shop).init();
    client.subscribe(query, variables);
    const [error] = await client.messages(1);
    expect(error).toMatchObject({ id: 'a', type: 'error', payload: [{ extensions: { code } }] });
    expect(JSON.stringify(error)).not.toContain('hunter2');
    client.subscribe('{ whoami }', {}, 'b');
    expect(await client.messages(2)).toMatchObject([
      { id: 'b', type: 'next' },
      { id: 'b', type: 'complete' },
    ]);
  });

  test('many clients that come and go leave nothing behind', async () => {
    const many = await Promise.all(Array.from({ length: 20 }, () => new RawSocket(shop).init()));
    for (const client of many) for (const id of ['a', 'b', 'c']) client.subscribe(WATCH, { id: 'o1' }, id);
    await until(() => shop.openStreams() === 60);
    for (const client of many.slice(0, 10)) client.socket.terminate();
    for (const client of many.slice(10)) client.socket.close();
    await until(() => shop.openStreams() === 0);
    const metrics = await (await fetch(`${shop.url}/metrics`)).text();
    expect(metrics).toContain('\nsouk_subscriptions_active 0\n');
  });

  test('one that is ended while it is being opened is let go', async () => {
    let release = (): void => undefined;
    shop.subgraphs.orders.before = () => new Promise<void>((resolve) => (release = resolve));
    const client = await new RawSocket(shop).init();
    client.subscribe(WATCH, { id: 'o1' });
    await until(() => shop.subgraphs.orders.requests.length === 1);
    client.send({ type: 'complete', id: 'a' });
    client.subscribe('{ products { id } }', {}, 'b');
    expect(await client.messages(2)).toMatchObject([
      { id: 'b', type: 'next' },
      { id: 'b', type: 'complete' },
    ]);
    release();
    await until(() => shop.openStreams() === 0);
    shop.publish(1);
    client.subscribe('{ whoami }', {}, 'c');
    expect(await client.messages(1)).toMatchObject([{ id: 'c', type: 'next' }]);
  });
});

describe('queries and mutations', () => {
  test('run as over HTTP', async () => {
    const client = await new RawSocket(shop).init({ authorization: `Bearer ${await shop.token()}` });
    client.subscribe('{ whoami boom orders { product { name } } }');
    expect(await client.messages(2)).toEqual([
      {
        id: 'a',
        type: 'next',
        payload: {
          data: { whoami: `CUSTOMER:${USER_ID}`, boom: null, orders: [{ product: { name: 'Product 1' } }] },
          errors: [
            {
              message: 'Something went wrong on our side.',
              path: ['boom'],
              extensions: { code: 'INTERNAL_ERROR', ...EXTENSIONS },
            },
          ],
          extensions: { cost: { requested: 10, limit: 20_000 } },
        },
      },
      { id: 'a', type: 'complete' },
    ]);
    client.subscribe('mutation { placeOrder(key: "k") { id } }');
    expect(await client.messages(2)).toEqual([
      {
        id: 'a',
        type: 'next',
        payload: { data: { placeOrder: { id: 'k' } }, extensions: { cost: { requested: 10, limit: 20_000 } } },
      },
      { id: 'a', type: 'complete' },
    ]);
  });

  test('the operation is the one that is named', async () => {
    const client = await new RawSocket(shop).init();
    const query =
      'query One { whoami } query Two { two: whoami } subscription Three { orderUpdated(orderId: "o1") { step } }';
    client.send({ type: 'subscribe', id: 'a', payload: { query, operationName: 'Two' } });
    expect(await client.messages(2)).toMatchObject([{ payload: { data: { two: 'anonymous' } } }, { type: 'complete' }]);
    client.send({ type: 'subscribe', id: 'b', payload: { query, operationName: 'Three' } });
    await until(() => shop.openStreams() === 1);
    shop.publish(1);
    expect(await client.messages(1)).toMatchObject([{ id: 'b', payload: { data: { orderUpdated: { step: 1 } } } }]);
  });
});

describe('close codes', () => {
  test.each([
    ['4403: a token that is no good', { authorization: 'Bearer nonsense' }, 4403],
    ['4403: a token that is no text', { authorization: 42 }, 4403],
  ])('%s', async (_name, payload, code) => {
    const client = await new RawSocket(shop).open();
    client.send({ type: 'connection_init', payload });
    expect(await client.closed).toMatchObject({ code });
  });

  test('4403: a token that has expired', async () => {
    const client = await new RawSocket(shop).open();
    client.send({
      type: 'connection_init',
      payload: { authorization: `Bearer ${await shop.token({ expiresInSeconds: -1 })}` },
    });
    expect(await client.closed).toMatchObject({ code: 4403 });
  });

  test('4400: no JSON', async () => {
    const client = await new RawSocket(shop).open();
    client.send('nonsense');
    expect(await client.closed).toMatchObject({ code: 4400 });
  });

  test('4401: an operation before the init', async () => {
    const client = await new RawSocket(shop).open();
    client.subscribe('{ whoami }');
    expect(await client.closed).toMatchObject({ code: 4401 });
  });

  test('4406: another protocol', async () => {
    const client = new RawSocket(shop, '/graphql', 'graphql-ws');
    expect(await client.closed).toMatchObject({ code: 1006 }); // ws itself ends a handshake without its protocol
  });

  test('4409: the same id twice', async () => {
    const client = await new RawSocket(shop).init();
    client.subscribe(WATCH, { id: 'o1' });
    client.subscribe(WATCH, { id: 'o1' });
    expect(await client.closed).toMatchObject({ code: 4409 });
  });

  test('4429: two inits, or more than a hundred operations', async () => {
    const twice = await new RawSocket(shop).init();
    twice.send({ type: 'connection_init' });
    expect(await twice.closed).toMatchObject({ code: 4429 });
    const greedy = await new RawSocket(shop).init();
    for (let index = 0; index < 100; index += 1) greedy.subscribe(WATCH, { id: 'o1' }, `s${index}`);
    await until(() => shop.openStreams() === 100);
    greedy.subscribe(WATCH, { id: 'o1' }, 'one more');
    expect(await greedy.closed).toMatchObject({ code: 4429 });
    await until(() => shop.openStreams() === 0);
  });

  test('1009: a frame over a megabyte, also the first', async () => {
    const client = await new RawSocket(shop).open();
    client.send(JSON.stringify({ type: 'connection_init', payload: { x: 'a'.repeat(1_048_576) } }));
    expect(await client.closed).toMatchObject({ code: 1009 });
  });

  test('4408: no init within fifteen seconds', async () => {
    const client = await new RawSocket(shop).open();
    const started = Date.now();
    expect(await client.closed).toMatchObject({ code: 4408 });
    expect(Date.now() - started).toBeGreaterThan(14_000);
  }, 20_000);

  test('another address is refused with JSON', async () => {
    const client = new RawSocket(shop, '/elsewhere');
    const status = await new Promise<number | undefined>((resolve) =>
      client.socket.on('unexpected-response', (_request, response) => resolve(response.statusCode)),
    );
    expect(status).toBe(404);
  });

  test('1012: shutdown, with subscriptions running and all of them let go', async () => {
    const ending = await startTestGateway();
    const client = await new RawSocket(ending).init();
    client.subscribe(WATCH, { id: 'o1' });
    await until(() => ending.openStreams() === 1);
    const started = Date.now();
    await Promise.all([ending.gateway.stop(), expect(client.closed).resolves.toMatchObject({ code: 1012 })]);
    expect(Date.now() - started).toBeLessThan(2_000);
    expect(ending.openStreams()).toBe(0);
  });
});
