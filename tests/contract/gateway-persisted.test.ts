/** Operations by hash and by id, over HTTP and WebSocket: automatic ones, registered ones, budgets and switches. */
import { createHash, randomUUID } from 'node:crypto';
import { createClient, type Client } from 'graphql-ws';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { createLayeredCache } from '../../platform/cache/layered';
import { createMemoryCache } from '../../platform/cache/memory';
import { systemClock } from '../../platform/clock';
import { readConfig } from '../../platform/config';
import { createMemoryLimiter } from '../../platform/limiter/memory';
import { createMemoryPubSub } from '../../platform/pubsub/memory';
import { dropRedisNamespace } from '../../platform/redis';
import { eventually } from '../support/eventually';
import { API_CLIENT_ID, startTestGateway, wholeGraph, type GraphAnswer, type TestGateway } from '../support/gateway';
import { RawSocket } from '../support/raw-socket';

let shop: TestGateway;
let socket: Client;

beforeAll(async () => {
  const limiter = createMemoryLimiter(systemClock);
  const cache = createMemoryCache({ maxEntries: 1_000 });
  shop = await startTestGateway({ limiter, cache, partnerSdl: wholeGraph() });
  socket = createClient({ url: `ws://127.0.0.1:${shop.port}/graphql`, webSocketImpl: WebSocket, lazy: true });
});
afterAll(async () => {
  await socket.dispose();
  await shop.gateway.stop();
});
beforeEach(() => {
  for (const control of Object.values(shop.subgraphs)) control.requests.length = 0;
});

let texts = 0;
/** A text that no test has used yet. */
const fresh = (): string => `query Q${(texts += 1)} { product(id: "1") { name } }`;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const persisted = (sha256Hash: string, version = 1): Record<string, unknown> => ({
  persistedQuery: { version, sha256Hash },
});
const DATA = { data: { product: { name: 'Product 1' } } };
const executions = (): number => Object.values(shop.subgraphs).reduce((sum, { requests }) => sum + requests.length, 0);
const codeOf = (body: GraphAnswer): unknown => body.errors?.[0]?.extensions['code'];

/** A GET with these parameters. */
async function get(
  parameters: Record<string, unknown>,
  headers: Record<string, string> = { 'apollo-require-preflight': '1' },
): Promise<{ status: number; body: GraphAnswer }> {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters))
    search.set(key, typeof value === 'string' ? value : JSON.stringify(value));
  const response = await fetch(`${shop.url}/graphql?${search.toString()}`, { headers });
  const { data, errors } = (await response.json()) as GraphAnswer;
  return { status: response.status, body: { ...(data !== undefined && { data }), ...(errors && { errors }) } };
}

/** The first answer over a socket; to the library, `query` is no option. */
async function overSocket(payload: object, client = socket): Promise<GraphAnswer> {
  return new Promise((resolve, reject) => {
    const leave = client.subscribe(
      { query: '', ...payload },
      {
        next: ({ data, errors }) => {
          leave();
          resolve({ data, ...(errors && { errors: errors as GraphAnswer['errors'] }) });
        },
        error: (errors) =>
          Array.isArray(errors)
            ? resolve({ errors: errors as GraphAnswer['errors'] })
            : reject(new Error('The socket failed.', { cause: errors })),
        complete: () => undefined,
      },
    );
  });
}

/** The whole answer as a stream of this media type, once the subscription in it has had one event. */
async function streamed(accept: string, fields: object, headers: Record<string, string> = {}): Promise<string> {
  const enough = new AbortController();
  const response = await fetch(`${shop.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, ...headers },
    body: JSON.stringify(fields),
    signal: enough.signal,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const events = setInterval(() => shop.publish(1), 10);
  let text = '';
  while (!/"(?:step|code)":/.test(text)) text += (await reader.read()).value ?? '';
  clearInterval(events);
  enough.abort();
  return text;
}
const STREAMS = ['text/event-stream', 'multipart/mixed;subscriptionSpec="1.0", application/json'];

/** Resolves when the gateway knows what was registered last. */
async function register(...given: Parameters<TestGateway['operations']['register']>): Promise<string> {
  const hash = await shop.operations.register(...given);
  await synchronized();
  return hash;
}
async function synchronized(): Promise<void> {
  const marker = await shop.operations.register(`query M${(texts += 1)} { whoami }`);
  await eventually(async () => expect(codeOf((await get({ documentId: marker })).body)).toBeUndefined());
  for (const control of Object.values(shop.subgraphs)) control.requests.length = 0;
}

describe('automatic', () => {
  test.each(['POST', 'GET'])(
    'a hash is not known, is sent with its text, and is enough from then on: %s',
    async (by) => {
      const query = fresh();
      const extensions = persisted(sha256(query));
      const send = (fields: object): Promise<{ status: number; body: GraphAnswer }> =>
        by === 'GET' ? get({ ...fields }) : shop.post(fields);
      expect(await send({ extensions })).toMatchObject({
        status: 200,
        body: { errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] },
      });
      expect(executions()).toBe(0);
      expect(await send({ query, extensions })).toMatchObject({ status: 200, body: DATA });
      expect(await send({ extensions })).toMatchObject({ status: 200, body: DATA });
      expect(await send({ extensions, operationName: 'Nobody' })).toMatchObject({
        body: { errors: [{ extensions: { code: 'INVALID_REQUEST' } }] },
      });
    },
  );

  test('over a socket, and known to HTTP then', async () => {
    const query = fresh();
    const extensions = persisted(sha256(query));
    expect(codeOf(await overSocket({ extensions }))).toBe('PERSISTED_QUERY_NOT_FOUND');
    expect(await overSocket({ query, extensions })).toEqual(DATA);
    expect(await overSocket({ extensions })).toEqual(DATA);
    expect((await shop.post({ extensions })).body).toEqual(DATA);
  });

  test.each([
    ['a wrong hash', { query: '{ whoami }', extensions: persisted(sha256('{ me { id } }')) }],
    ['a hash in capitals', { query: '{ whoami }', extensions: persisted(sha256('{ whoami }').toUpperCase()) }],
    ['another version', { query: '{ whoami }', extensions: persisted(sha256('{ whoami }'), 2) }],
    ['no hash', { query: '{ whoami }', extensions: { persistedQuery: { version: 1 } } }],
    ['an id and a text', { query: '{ whoami }', documentId: 'a' }],
    ['an id and a hash', { documentId: 'a', extensions: persisted('a') }],
    ['an id that is none', { documentId: 7 }],
    ['an id that is too long', { documentId: 'a'.repeat(201) }],
  ])('%s is refused with 400, and over a socket, and remembered nowhere', async (_, fields) => {
    const { status, body } = await shop.post(fields);
    expect([status, codeOf(body)]).toEqual([400, 'INVALID_REQUEST']);
    expect(codeOf(await overSocket(fields))).toBe('INVALID_REQUEST');
    expect(codeOf((await shop.post({ extensions: persisted(sha256('{ whoami }')) })).body)).toBe(
      'PERSISTED_QUERY_NOT_FOUND',
    );
    expect(executions()).toBe(0);
  });

  test('a GET that a form could send is refused', async () => {
    const query = fresh();
    expect(await get({ query, extensions: persisted(sha256(query)) }, {})).toMatchObject({
      status: 400,
      body: { errors: [{ extensions: { code: 'INVALID_REQUEST' } }] },
    });
    expect(executions()).toBe(0);
  });

  test('a mutation by its hash is no query: by GET it is refused', async () => {
    const query = 'mutation { placeOrder(key: "k") { id } }';
    const extensions = persisted(sha256(query));
    expect((await shop.post({ query, extensions })).body).toEqual({ data: { placeOrder: { id: 'k' } } });
    shop.subgraphs.orders.requests.length = 0;
    expect(await get({ extensions })).toMatchObject({ status: 405 });
    expect(shop.subgraphs.orders.requests).toEqual([]);
  });

  test('gateways share them in Redis; without it a hash is not found, and its text is sent', async () => {
    const namespace = `test_${randomUUID().slice(0, 8)}`;
    const url = readConfig().redisUrl ?? 'redis://127.0.0.1:6379';
    const pubsub = createMemoryPubSub();
    const log = pino({ level: 'silent' });
    const caches = await Promise.all(
      [url, url, 'redis://127.0.0.1:1'].map((one) =>
        createLayeredCache({ url: one, namespace, pubsub, log, maxEntries: 100 }),
      ),
    );
    const gateways = await Promise.all(caches.map((cache) => startTestGateway({ cache })));
    const query = fresh();
    const extensions = persisted(sha256(query));
    const [first, second, alone] = gateways;
    expect((await first!.post({ query, extensions })).body).toEqual(DATA);
    expect((await second!.post({ extensions })).body).toEqual(DATA);
    expect(codeOf((await alone!.post({ extensions })).body)).toBe('PERSISTED_QUERY_NOT_FOUND');
    expect((await alone!.post({ query, extensions })).body).toEqual(DATA);
    await Promise.all(gateways.map(({ gateway }) => gateway.stop()));
    await Promise.all(caches.map((cache) => cache.close()));
    await dropRedisNamespace(url, namespace);
  });

  test('a text too long to be remembered runs, and is sent each time', async () => {
    const query = `${fresh()} #${'x'.repeat(20_000)}`;
    const extensions = persisted(sha256(query));
    expect((await shop.post({ query, extensions })).body).toEqual(DATA);
    expect(codeOf((await shop.post({ extensions })).body)).toBe('PERSISTED_QUERY_NOT_FOUND');
  });
});

describe('registered', () => {
  test.each([
    ['its id', (id: string) => ({ documentId: id })],
    ['sha256: and its hash', (_: string, hash: string) => ({ documentId: `sha256:${hash}` })],
    ['its hash in the extension', (_: string, hash: string) => ({ extensions: persisted(hash) })],
    ['its id in the extension', (id: string) => ({ extensions: persisted(id) })],
  ])('runs by %s, by POST, GET and over a socket', async (_, fieldsOf) => {
    const id = `id-${(texts += 1)}`;
    const hash = await register('query R($id: ID!) { product(id: $id) { name } }', { ids: [id] });
    const fields = { ...fieldsOf(id, hash), variables: { id: '1' } };
    expect(await shop.post(fields)).toMatchObject({ status: 200, body: DATA });
    expect(await get(fields)).toMatchObject({ status: 200, body: DATA });
    expect(await overSocket(fields)).toEqual(DATA);
  });

  test('a subscription by its id', async () => {
    await register('subscription S { orderUpdated(orderId: "o1") { step } }', { ids: ['watch'] });
    const answer = overSocket({ documentId: 'watch' });
    await eventually(() => expect(shop.openStreams()).toBe(1));
    shop.publish(1);
    expect(await answer).toEqual({ data: { orderUpdated: { step: 1 } } });
  });

  test.each(STREAMS)('a subscription by its id, hash and automatic hash, as %s', async (accept) => {
    const query = `subscription S${(texts += 1)} { orderUpdated(orderId: "o1") { step } }`;
    const id = `stream-${texts}`;
    const hash = await register(query, { ids: [id] });
    for (const fields of [{ documentId: id }, { extensions: persisted(hash) }])
      expect(await streamed(accept, fields)).toContain('{"data":{"orderUpdated":{"step":1}}}');
    const other = query.replace('S', 'T');
    const extensions = persisted(sha256(other));
    expect(await streamed('text/event-stream', { extensions })).toContain('"code":"PERSISTED_QUERY_NOT_FOUND"');
    expect(await streamed(accept, { query: other, extensions })).toContain('"step":1');
    expect(await streamed(accept, { extensions })).toContain('"step":1');
    await eventually(() => expect(shop.openStreams()).toBe(0));
  });

  test('a `subscribe` that names its operation needs no query beside it', async () => {
    const hash = await register('query ($query: ID!) { product(id: $query) { id } }', { ids: ['named'] });
    const raw = await new RawSocket(shop).init();
    const variables = { query: 'p1' };
    for (const payload of [
      { documentId: 'named' },
      { extensions: persisted(hash) },
      { documentId: 'named', query: '' },
    ]) {
      raw.send({ type: 'subscribe', id: 'a', payload: { ...payload, variables } });
      expect(await raw.messages(2)).toMatchObject([
        { id: 'a', type: 'next', payload: { data: { product: { id: 'p1' } } } },
        { id: 'a', type: 'complete' },
      ]);
    }
    raw.send({ type: 'subscribe', id: 'a', payload: { variables } });
    expect((await raw.closed).code).toBe(4400);
  });

  test('what nobody knows is not found', async () => {
    for (const fields of [{ documentId: 'nothing' }, { documentId: `sha256:${'0'.repeat(64)}` }]) {
      expect(await shop.post(fields)).toMatchObject({
        status: 200,
        body: { errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] },
      });
      expect(codeOf(await overSocket(fields))).toBe('PERSISTED_QUERY_NOT_FOUND');
    }
    expect(executions()).toBe(0);
  });

  test('what is retired is not found by id or hash any more', async () => {
    const query = fresh();
    const hash = await register(query, { ids: ['old'] });
    await register(query, { ids: [], clients: [] });
    for (const fields of [{ documentId: 'old' }, { documentId: `sha256:${hash}` }, { extensions: persisted(hash) }])
      expect(codeOf((await shop.post(fields)).body)).toBe('PERSISTED_QUERY_NOT_FOUND');
    expect(executions()).toBe(0);
    expect((await shop.post({ query })).body).toEqual(DATA);
  });

  test('what is switched off does not run, in whatever way it is asked for', async () => {
    const query = fresh();
    const hash = await register(query);
    expect((await shop.post({ documentId: hash })).body).toEqual(DATA);
    await register(query, { killed: true });
    shop.subgraphs.catalog.requests.length = 0;
    const ways = [
      { documentId: hash },
      { query },
      { extensions: persisted(hash) },
      { query, extensions: persisted(hash) },
    ];
    for (const fields of ways) {
      const refusal = { code: 'FORBIDDEN', details: { reason: 'OPERATION_SWITCHED_OFF' } };
      expect((await shop.post(fields)).body).toMatchObject({ errors: [{ extensions: refusal }] });
      expect((await overSocket(fields)).errors).toMatchObject([{ extensions: refusal }]);
    }
    expect(executions()).toBe(0);
    // Nor when it is retired as well, and its hash is known by somebody's sending it.
    await register(query, { killed: false });
    await shop.post({ query, extensions: persisted(hash) });
    await register(query, { killed: true, ids: [], clients: [] });
    expect(codeOf((await shop.post({ extensions: persisted(hash) })).body)).toBe('FORBIDDEN');
    await register(query, { killed: false, ids: [hash] });
    expect((await shop.post({ documentId: hash })).body).toEqual(DATA);
  });

  test('a subscription that is switched off while it runs ends with that, over every transport; others go on', async () => {
    const query = 'subscription Off { orderUpdated(orderId: "o1") { step } }';
    const kept = socket.iterate({ query: `${query} ` });
    const overSockets = socket.iterate({ query });
    const [first, other] = [overSockets.next(), kept.next()];
    const stopped = new AbortController();
    const responses = await Promise.all(
      [...STREAMS.map((accept) => ({ accept })), { accept: STREAMS[0]!, 'last-event-id': 'c0' }].map((headers) =>
        fetch(`${shop.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ query }),
          signal: stopped.signal,
        }),
      ),
    );
    await eventually(() => expect(shop.openStreams()).toBe(5));
    shop.publish(1);
    for (const answer of [first, other])
      expect(await answer).toEqual({ done: false, value: { data: { orderUpdated: { step: 1 } } } });

    await shop.operations.register(query, { killed: true });
    const refusal = { code: 'FORBIDDEN', details: { reason: 'OPERATION_SWITCHED_OFF' } };
    expect(await overSockets.next()).toMatchObject({ value: { errors: [{ extensions: refusal }] } });
    expect(await overSockets.next()).toMatchObject({ done: true });
    for (const response of responses) {
      const text = await response.text();
      expect(text).toContain('"step":1');
      expect(text).toContain('OPERATION_SWITCHED_OFF');
    }
    await eventually(() => expect(shop.openStreams()).toBe(1));
    shop.publish(2);
    expect(await kept.next()).toEqual({ done: false, value: { data: { orderUpdated: { step: 2 } } } });
    await kept.return?.();
    stopped.abort();
    await shop.operations.register(query, { killed: false });
    await synchronized();
    expect(await streamed(STREAMS[0]!, { query })).toContain('"step":1');
    await eventually(() => expect(shop.openStreams()).toBe(0));
  });

  test('a budget is for all callers together, over all transports, but for API clients, which have one each', async () => {
    const query = fresh();
    const hash = await register(query, { budgetPerMinute: 2 });
    const client = { authorization: `Bearer ${await shop.clientToken()}` };
    expect((await shop.post({ documentId: hash })).body).toEqual(DATA);
    expect((await overSocket({ query })).data).toEqual(DATA.data);
    const refused = await shop.post({ query }, { authorization: `Bearer ${await shop.token()}` });
    expect(refused).toMatchObject({
      status: 429,
      body: { errors: [{ extensions: { code: 'RATE_LIMIT_EXCEEDED', details: { retryAfter: 30 } } }] },
    });
    expect(codeOf(await overSocket({ extensions: persisted(hash) }))).toBe('RATE_LIMIT_EXCEEDED');
    for (const status of [200, 200, 429]) expect((await shop.post({ query }, client)).status).toBe(status);
    expect(executions()).toBe(4);
  });

  test('uses are counted, and reported in the end', async () => {
    const other = await startTestGateway();
    const query = fresh();
    const hash = await other.operations.register(query);
    await eventually(async () => expect((await other.post({ documentId: hash })).body).toEqual(DATA));
    await other.post({ query });
    await other.post({ query: fresh() });
    await other.gateway.stop();
    expect([...other.operations.uses]).toEqual([[hash, 2]]);
  });

  test('while accounts cannot be reached, what is known goes on and what is not cannot be said', async () => {
    const query = fresh();
    const hash = await register(query);
    shop.operations.down = true;
    await shop.operations.link();
    expect((await shop.post({ documentId: hash })).body).toEqual(DATA);
    expect(codeOf((await shop.post({ documentId: 'nothing' })).body)).toBe('PERSISTED_QUERY_NOT_FOUND');
    shop.operations.down = false;
    await synchronized();
  });
});

describe('who runs registered operations only', () => {
  let headers: { authorization: string };
  beforeAll(async () => {
    headers = { authorization: `Bearer ${await shop.clientToken()}` };
  });
  const app = { name: 'partner', apiClientId: API_CLIENT_ID, safelist: true };

  afterEach(async () => {
    await shop.operations.link();
    await synchronized();
  });

  test('runs its own by id, hash or text, and nothing else', async () => {
    const [own, foreign, free] = [fresh(), fresh(), fresh()];
    const ownHash = await shop.operations.register(own, { ids: ['own'], clients: ['partner', 'web'] });
    const foreignHash = await shop.operations.register(foreign, { ids: ['foreign'], clients: ['web'] });
    await shop.operations.link(app);
    await synchronized();
    for (const fields of [{ documentId: 'own' }, { extensions: persisted(ownHash) }, { query: own }])
      expect((await shop.post(fields, headers)).body).toEqual(DATA);
    shop.subgraphs.catalog.requests.length = 0;
    // Somebody else's looks like one that is not there.
    for (const fields of [{ documentId: 'foreign' }, { extensions: persisted(foreignHash) }, { documentId: 'nothing' }])
      expect(codeOf((await shop.post(fields, headers)).body)).toBe('PERSISTED_QUERY_NOT_FOUND');
    for (const query of [foreign, free, '{ __typename }', '{ __schema { types { name } } }'])
      expect((await shop.post({ query }, headers)).body).toMatchObject({
        errors: [{ extensions: { code: 'FORBIDDEN', details: { reason: 'OPERATION_NOT_REGISTERED' } } }],
      });
    expect(executions()).toBe(0);
    expect((await shop.post({ query: free })).body).toEqual(DATA);
  });

  test('not over streams or a socket either', async () => {
    await shop.operations.link(app);
    await synchronized();
    const query = 'subscription { orderUpdated(orderId: "o1") { step } }';
    for (const accept of STREAMS)
      expect(await streamed(accept, { query }, headers)).toContain('"reason":"OPERATION_NOT_REGISTERED"');
    const client = createClient({
      url: `ws://127.0.0.1:${shop.port}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: headers,
    });
    for (const text of [query, fresh()]) expect(codeOf(await overSocket({ query: text }, client))).toBe('FORBIDDEN');
    await client.dispose();
    expect(executions()).toBe(0);
  });

  test('cannot get around it by automatic ones, its own or those of others', async () => {
    await shop.operations.link(app);
    await synchronized();
    const [theirs, mine] = [fresh(), fresh()];
    await shop.post({ query: theirs, extensions: persisted(sha256(theirs)) });
    shop.subgraphs.catalog.requests.length = 0;
    expect(codeOf((await shop.post({ extensions: persisted(sha256(theirs)) }, headers)).body)).toBe(
      'PERSISTED_QUERY_NOT_FOUND',
    );
    const extensions = persisted(sha256(mine));
    expect(codeOf((await shop.post({ query: mine, extensions }, headers)).body)).toBe('FORBIDDEN');
    expect(executions()).toBe(0);
    // Not remembered either.
    expect(codeOf((await shop.post({ extensions })).body)).toBe('PERSISTED_QUERY_NOT_FOUND');
  });

  test('as long as nobody can say who that is, no API client runs anything', async () => {
    const other = await startTestGateway({ operationsDown: true, partnerSdl: wholeGraph() });
    const theirs = { authorization: `Bearer ${await other.clientToken()}` };
    expect(codeOf((await other.post({ query: fresh() }, theirs)).body)).toBe('SERVICE_UNAVAILABLE');
    expect(codeOf((await other.post({ documentId: 'any' })).body)).toBe('SERVICE_UNAVAILABLE');
    expect(codeOf((await other.post({ extensions: persisted('any') })).body)).toBe('PERSISTED_QUERY_NOT_FOUND');
    expect((await other.post({ query: fresh() })).body).toEqual(DATA);
    other.operations.down = false;
    await other.operations.link();
    await eventually(async () => expect((await other.post({ query: fresh() }, theirs)).body).toEqual(DATA));
    await other.gateway.stop();
  });
});
