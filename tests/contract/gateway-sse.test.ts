/** The graph as an event stream: graphql-sse's distinct connections mode, and what a browser's EventSource does. */
import { createClient, type Client } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { eventually } from '../support/eventually';
import { endSession, startTestGateway, USER_ID, type TestGateway } from '../support/gateway';
import { eventsOf, openRaw, type RawRequest, type RawStream } from '../support/raw-stream';

const WATCH = 'subscription W($id: ID!) { orderUpdated(orderId: $id) { step cursor order { product { name } } } }';
const SSE = { accept: 'text/event-stream' };
const text: unknown = expect.any(String);
const time: unknown = expect.stringMatching(/^\d{4}-.*Z$/);
const EXTENSIONS = { requestId: text, timestamp: text };

let shop: TestGateway;
const streams = new Set<RawStream>();
beforeAll(async () => {
  shop = await startTestGateway();
});
afterAll(() => shop.gateway.stop());
afterEach(async () => {
  for (const stream of streams) stream.leave();
  streams.clear();
  await eventually(() => expect(shop.openStreams()).toBe(0));
  shop.sessions.ended.clear();
  for (const control of Object.values(shop.subgraphs))
    Object.assign(control, { requests: [], before: undefined, down: false });
});

async function open(request: RawRequest, gateway = shop): Promise<RawStream> {
  const stream = await openRaw(gateway.port, { ...request, headers: { ...SSE, ...request.headers } });
  streams.add(stream);
  return stream;
}

/** As an EventSource asks. */
function get(query: string, more: Record<string, string> = {}, headers: Record<string, string> = {}): RawRequest {
  return { method: 'GET', path: `/graphql?${String(new URLSearchParams({ query, ...more }))}`, headers };
}

const update = (step: number) => ({
  data: { orderUpdated: { step, cursor: `c${step}`, order: { product: { name: 'Product 1' } } } },
});
const subscribed = (count = 1) => eventually(() => expect(shop.openStreams()).toBe(count));
const metrics = async () => (await fetch(`${shop.url}/metrics`)).text();

describe('with the client graphql-sse', () => {
  let client: Client;
  beforeEach(() => {
    client = createClient({ url: `${shop.url}/graphql`, retryAttempts: 0 });
  });
  afterEach(() => client.dispose());

  test('a subscription gives fields of two subgraphs, in order, until the client has enough', async () => {
    const answers = client.iterate({ query: WATCH, variables: { id: 'o1' } });
    const first = answers.next();
    await subscribed();
    for (const step of [1, 2]) shop.publish(step);
    expect(await first).toEqual({ done: false, value: update(1) });
    expect(await answers.next()).toEqual({ done: false, value: update(2) });
    await answers.return?.();
    await subscribed(0);
  });

  test('queries and mutations run as over HTTP, as the user of the token', async () => {
    const headers = { authorization: `Bearer ${await shop.token({ role: 'SUPPORT' })}` };
    const known = createClient({ url: `${shop.url}/graphql`, headers, retryAttempts: 0 });
    const all = async (query: string) => {
      const answers: unknown[] = [];
      for await (const answer of known.iterate({ query })) answers.push(answer);
      return answers;
    };
    expect(await all('{ whoami boom }')).toEqual([
      {
        data: { whoami: `SUPPORT:${USER_ID}`, boom: null },
        errors: [{ message: text, path: ['boom'], extensions: { code: 'INTERNAL_ERROR', ...EXTENSIONS } }],
        extensions: { cost: { requested: 0, limit: 20_000 } },
      },
    ]);
    expect(await all('mutation { placeOrder(key: "k") { id } }')).toMatchObject([
      { data: { placeOrder: { id: 'k' } } },
    ]);
    known.dispose();
  });
});

describe('how many may be open, together with sockets', () => {
  const body = { query: WATCH, variables: { id: 'o1' } };
  const TOO_MANY = { message: 'Too many connections are open: close one first.', code: 'RATE_LIMIT_EXCEEDED' };

  test('of a user: one more is refused, until another has gone', async () => {
    const small = await startTestGateway({ config: { sockets: { perUser: 2, perAddress: 100, trustedProxies: 0 } } });
    const headers = { authorization: `Bearer ${await small.token()}` };
    const socket = createSocketClient({
      ...{ url: `${small.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, lazy: false },
      connectionParams: headers,
    });
    await new Promise((resolve) => socket.on('connected', resolve));
    const first = await open({ body, headers }, small);
    await eventually(() => expect(small.openStreams()).toBe(1));
    const second = await open({ body, headers }, small);
    await eventually(() => expect(second.ended()).toBe('whole'));
    const refusal = { message: TOO_MANY.message, extensions: { code: TOO_MANY.code } };
    expect(eventsOf(second.text())[0]?.data).toMatchObject({ errors: [refusal] });
    // A query is one answer, and nobody keeps it open.
    const query = await open({ body: { query: '{ whoami }' }, headers }, small);
    await eventually(() => expect(query.text()).toContain(USER_ID));
    first.leave();
    await eventually(() => expect(small.openStreams()).toBe(0));
    const third = await open({ body, headers }, small);
    await eventually(() => expect(small.openStreams()).toBe(1));
    expect(third.ended()).toBe('no');
    await socket.dispose();
    await small.gateway.stop();
  });

  test('of an address, whoever they are', async () => {
    const small = await startTestGateway({ config: { sockets: { perUser: 100, perAddress: 1, trustedProxies: 0 } } });
    await open({ body }, small);
    await eventually(() => expect(small.openStreams()).toBe(1));
    const second = await open({ body, headers: { authorization: `Bearer ${await small.token()}` } }, small);
    await eventually(() => expect(second.ended()).toBe('whole'));
    expect(second.text()).toContain(TOO_MANY.message);
    expect(small.openStreams()).toBe(1);
    await small.gateway.stop();
  });
});

test('the response has the headers of an event stream and those of every answer', async () => {
  const stream = await open({ body: { query: WATCH, variables: { id: 'o1' } }, headers: { 'x-request-id': 'mine' } });
  expect(stream.status).toBe(200);
  expect(stream.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-request-id': 'mine',
    'x-content-type-options': 'nosniff',
  });
  await eventually(() => expect(stream.text()).toBe(':\n\n'));
  await subscribed();
  expect(await metrics()).toContain('\nsouk_streams_open{transport="sse"} 1\n');
});

describe('an EventSource', () => {
  test('gets cursors as ids and goes on after the last one, whatever the address says', async () => {
    for (const query of [
      'subscription { orderUpdated(orderId: "o1") { step cursor } }',
      'subscription { orderUpdated(orderId: "o1", after: "c100") { step cursor } }',
      'subscription S($after: String) { orderUpdated(orderId: "o1", after: $after) { step cursor } }',
      'subscription S($lastEventId: ID = "o1") { ...F } fragment F on Subscription { u: orderUpdated(orderId: $lastEventId) { step here: cursor } }',
    ]) {
      const first = await open(get(query, { variables: '{"after":"c100"}' }));
      await subscribed();
      shop.publish(101);
      await eventually(() => expect(eventsOf(first.text()).at(-1)?.id).toBe('c101'));
      first.leave();
      await subscribed(0);
      shop.publish(102);
      shop.publish(103);
      const again = await open(get(query, { variables: '{"after":"c100"}' }, { 'last-event-id': 'c101' }));
      await eventually(() => expect(eventsOf(again.text()).length).toBeGreaterThanOrEqual(2));
      // All that were published since, of earlier rounds too.
      const ids = eventsOf(again.text()).map(({ id }) => id);
      expect(new Set(ids)).toEqual(new Set(['c102', 'c103']));
      again.leave();
      await subscribed(0);
    }
  });

  test('has no ids where no cursor is selected', async () => {
    const stream = await open(get('subscription { orderUpdated(orderId: "o1") { step } }'));
    await subscribed();
    shop.publish(7);
    await eventually(() =>
      expect(eventsOf(stream.text())).toEqual([{ event: 'next', data: { data: { orderUpdated: { step: 7 } } } }]),
    );
  });

  test('with an id that is no cursor is told so and need not come back', async () => {
    const stream = await open(
      get('subscription { orderUpdated(orderId: "o1") { step } }', {}, { 'last-event-id': 'x' }),
    );
    await eventually(() => expect(stream.ended()).toBe('whole'));
    expect(eventsOf(stream.text())).toMatchObject([
      { event: 'next', data: { errors: [{ extensions: { code: 'VALIDATION_ERROR' } }] } },
      { event: 'complete' },
    ]);
    // A browser dispatches no event without data.
    expect(stream.text()).toMatch(/event: complete\ndata:\n\n$/);
  });

  test('a mutation by GET is refused with 405, and nothing runs', async () => {
    const { status } = await open(get('mutation { placeOrder(key: "k") { id } }'));
    expect(status).toBe(405);
    expect(shop.subgraphs.orders.requests).toEqual([]);
  });

  test.each([
    ['no query', '/graphql'],
    ['variables that are no JSON', '/graphql?query={whoami}&variables={'],
    ['variables that are no object', '/graphql?query={whoami}&variables=[1]'],
  ])('%s: 400, so that a browser does not try again', async (_name, path) => {
    const { status, headers } = await open({ method: 'GET', path });
    expect({ status, type: headers['content-type'] }).toEqual({ status: 400, type: 'application/json; charset=utf-8' });
  });
});

describe('tickets', () => {
  async function ticket(
    authorization: string,
  ): Promise<{ status: number; body: { ticket: string; expiresAt: string } }> {
    const response = await fetch(`${shop.url}/graphql/ticket`, { method: 'POST', headers: { authorization } });
    return { status: response.status, body: (await response.json()) as { ticket: string; expiresAt: string } };
  }
  const SEEN = 'subscription { orderUpdated(orderId: "o1") { order { product { seenBy } } } }';

  test('stand for the token in the address of an event stream, and for nothing else', async () => {
    const token = await shop.token();
    const issued = await ticket(`Bearer ${token}`);
    expect(issued).toEqual({ status: 200, body: { ticket: text, expiresAt: time } });
    expect(issued.body.ticket).not.toContain(token.split('.')[1]!.slice(0, 20));
    const { ticket: mine } = issued.body;

    const stream = await open(get(SEEN, { ticket: mine }));
    await subscribed();
    shop.publish(1);
    const seen = { orderUpdated: { order: { product: { seenBy: `CUSTOMER:${USER_ID}` } } } };
    await eventually(() => expect(eventsOf(stream.text())).toMatchObject([{ data: { data: seen } }]));

    const plain = `${shop.url}/graphql?${String(new URLSearchParams({ query: '{ whoami }', ticket: mine }))}`;
    const headers = { 'apollo-require-preflight': 'true' };
    expect(await (await fetch(plain, { headers })).json()).toMatchObject({ data: { whoami: 'anonymous' } });
    expect((await shop.post({ query: '{ whoami }' }, { authorization: `Bearer ${mine}` })).body.errors).toMatchObject([
      { extensions: { code: 'UNAUTHENTICATED' } },
    ]);
    const posted = await open({ path: `/graphql?ticket=${mine}`, body: { query: '{ whoami }' } });
    await eventually(() => expect(eventsOf(posted.text())[0]?.data).toMatchObject({ data: { whoami: 'anonymous' } }));
    const write = await open(get('mutation { placeOrder(key: "k") { id } }', { ticket: mine }));
    expect(write.status).toBe(405);
  });

  test('are for users with a good token', async () => {
    for (const authorization of ['', 'Bearer nonsense', `Bearer ${await shop.token({ expiresInSeconds: -1 })}`]) {
      expect((await ticket(authorization)).status).toBe(401);
    }
  });

  test('one that is none, or whose token has expired, is refused and nothing is asked of a subgraph', async () => {
    const { body } = await ticket(`Bearer ${await shop.token({ expiresInSeconds: 1 })}`);
    await eventually(() => expect(Date.now()).toBeGreaterThan(Date.parse(body.expiresAt)));
    for (const bad of ['', 'nonsense', 'x'.repeat(9_000), body.ticket, `${body.ticket.slice(0, -4)}AAAA`]) {
      const stream = await open(get(SEEN, { ticket: bad }));
      await eventually(() => expect(stream.ended()).toBe('whole'));
      expect(eventsOf(stream.text())).toMatchObject([
        { event: 'next', data: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] } },
        { event: 'complete' },
      ]);
    }
    expect(shop.subgraphs.orders.requests).toEqual([]);
  });
});

test('a session that ends is told, and nothing comes after', async () => {
  const authorization = `Bearer ${await shop.token()}`;
  const stream = await open({ body: { query: WATCH, variables: { id: 'o1' } }, headers: { authorization } });
  await subscribed();
  await endSession(shop);
  await eventually(() => expect(stream.ended()).toBe('whole'));
  shop.publish(1);
  expect(eventsOf(stream.text())).toMatchObject([
    { event: 'next', data: { errors: [{ extensions: { code: 'UNAUTHENTICATED', ...EXTENSIONS } }] } },
    { event: 'complete' },
  ]);
  await subscribed(0);
});

test('an outage ends the response without `complete`, so that clients come back', async () => {
  shop.subgraphs.orders.down = true;
  const stream = await open({ body: { query: WATCH, variables: { id: 'o1' } } });
  await eventually(() => expect(stream.ended()).toBe('whole'));
  expect(eventsOf(stream.text())).toEqual([]);
});

test('many that come and go, also while being opened, leave nothing behind', async () => {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  shop.subgraphs.orders.before = () => gate;
  const many = await Promise.all(
    Array.from({ length: 20 }, () => open({ body: { query: WATCH, variables: { id: 'o1' } } })),
  );
  await eventually(() => expect(shop.subgraphs.orders.requests).toHaveLength(20));
  for (const stream of many.slice(0, 10)) stream.leave();
  release();
  await subscribed(10);
  for (const stream of many.slice(10)) stream.leave();
  await subscribed(0);
  await eventually(async () => {
    expect(await metrics()).toContain('\nsouk_streams_open{transport="sse"} 0\n');
    expect(await metrics()).toContain('\nsouk_subscriptions_active 0\n');
  });
});

test('a client that does not read holds back its own subscription, and no other', async () => {
  const bulk = 'subscription { orderUpdated(orderId: "o1") { step bulk order { product { name } } } }';
  const stream = await open({ body: { query: bulk } });
  const other = await open({ body: { query: 'subscription { orderUpdated(orderId: "o1") { step } }' } });
  await subscribed(2);
  stream.stall();
  for (let step = 1; step <= 60; step += 1) shop.publish(step);
  await eventually(() => expect(eventsOf(other.text())).toHaveLength(60));
  // 60 MB wait at the subgraph, of which no more has been taken than the connection holds.
  expect(shop.subgraphs.catalog.requests.length).toBeLessThan(40);
});

test('shutdown ends streams at once, so that clients go elsewhere', async () => {
  const ending = await startTestGateway();
  const stream = await open({ body: { query: WATCH, variables: { id: 'o1' } } }, ending);
  await eventually(() => expect(ending.openStreams()).toBe(1));
  const stopping = ending.gateway.stop();
  const late = await open({ body: { query: WATCH, variables: { id: 'o1' } } }, ending);
  await stopping;
  // Whole, not cut: that is what the drain of requests in flight would have done after 6 s.
  for (const one of [stream, late]) {
    expect(one.ended()).toBe('whole');
    expect(eventsOf(one.text())).toEqual([]);
  }
  expect(ending.openStreams()).toBe(0);
});
