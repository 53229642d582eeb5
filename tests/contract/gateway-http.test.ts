/** The HTTP rules of the graph's contract: statuses, refusals, headers, and what is served beside the graph. */
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { createErrorFormatter } from '../../gateway/format-error';
import { createHttpDoor } from '../../gateway/http-door';
import { systemClock } from '../../platform/clock';
import { startTestGateway, USER_ID, type GraphAnswer, type TestGateway } from '../support/gateway';

const anyText: unknown = expect.any(String);
const time: unknown = expect.stringMatching(/^\d{4}-.*Z$/);
const GRAPHQL_JSON = { accept: 'application/graphql-response+json' };
let shop: TestGateway;

beforeAll(async () => {
  shop = await startTestGateway({
    routes: [
      {
        method: 'GET',
        path: '/images/:file',
        handle: async ({ params }) => ({
          status: 200,
          contentType: 'image/svg+xml',
          body: `<svg id="${params['file']}"/>`,
          cacheSeconds: 60,
        }),
      },
    ],
  });
});
afterAll(() => shop.gateway.stop());

/** A refusal in the one shape there is. */
function expectRefusal(body: GraphAnswer, code: string): void {
  expect(body).toEqual({
    errors: [
      expect.objectContaining({
        message: anyText,
        extensions: { code, requestId: anyText, timestamp: time },
      }),
    ],
  });
}

async function send(
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; headers: Headers; body: GraphAnswer }> {
  const response = await fetch(shop.url + path, init);
  return { status: response.status, headers: response.headers, body: (await response.json()) as GraphAnswer };
}

test('a query is answered, with the request id and security headers', async () => {
  const { status, headers, body } = await shop.post(
    { query: '{ products { id name } }' },
    { 'x-request-id': 'my-request_1' },
  );
  expect(status).toBe(200);
  expect(body).toEqual({
    data: {
      products: [
        { id: '1', name: 'Product 1' },
        { id: '2', name: 'Product 2' },
      ],
    },
  });
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(headers.get('x-request-id')).toBe('my-request_1');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).toBe('no-store');
});

test.each(['with space', 'x'.repeat(65), 'semi;colon'])(
  'a request id that is not well-formed is replaced: %s',
  async (id) => {
    const { headers } = await shop.post({ query: '{ __typename }' }, { 'x-request-id': id });
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  },
);

const DOCUMENT_ERRORS: [string, unknown, string][] = [
  ['syntax', { query: '{ products {' }, 'GRAPHQL_PARSE_FAILED'],
  ['validation', { query: '{ nothing }' }, 'GRAPHQL_VALIDATION_FAILED'],
  [
    'a variable of the wrong type',
    { query: 'query Q($n: Int) { products(first: $n) { id } }', variables: { n: 'x' } },
    'BAD_USER_INPUT',
  ],
  ['a missing variable', { query: 'query Q($id: ID!) { product(id: $id) { id } }' }, 'BAD_USER_INPUT'],
  ['an unknown operation name', { query: 'query Q { products { id } }', operationName: 'R' }, 'INVALID_REQUEST'],
  ['the federation fields', { query: '{ _service { sdl } }' }, 'GRAPHQL_VALIDATION_FAILED'],
];

test.each(DOCUMENT_ERRORS)('%s: 200 under application/json', async (_name, request, code) => {
  for (const accept of ['application/json', '*/*']) {
    const { status, headers, body } = await shop.post(request, { accept });
    expect({ status, type: headers.get('content-type') }).toEqual({
      status: 200,
      type: 'application/json; charset=utf-8',
    });
    expectRefusal(body, code);
  }
});

test.each(DOCUMENT_ERRORS)('%s: 400 under application/graphql-response+json', async (_name, request, code) => {
  const { status, headers, body } = await shop.post(request, GRAPHQL_JSON);
  expect(status).toBe(400);
  expect(headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
  expectRefusal(body, code);
});

test.each([
  ['not JSON', '{"query":'],
  ['empty', ''],
  ['no query', '{}'],
  ['a query that is no text', '{"query":1}'],
  ['an empty query', '{"query":""}'],
  ['null', 'null'],
  ['a text', '"{ products { id } }"'],
  ['variables that are no object', '{"query":"{ __typename }","variables":[1]}'],
  ['a batch', '[{"query":"{ __typename }"}]'],
  ['an empty batch', '[]'],
])('a body that is %s is refused with 400, whatever is accepted', async (_name, text) => {
  for (const headers of [{}, GRAPHQL_JSON]) {
    const { status, body } = await shop.post(text, headers);
    expect(status).toBe(400);
    expectRefusal(body, 'INVALID_REQUEST');
  }
});

test.each(['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data; boundary=x'])(
  '%s is refused',
  async (type) => {
    const { status, body } = await shop.post('{"query":"{ __typename }"}', { 'content-type': type });
    expect(status).toBe(415);
    expectRefusal(body, 'INVALID_REQUEST');
  },
);

test('a compressed body is refused before it is read', async () => {
  for (const encoding of ['gzip', 'br', 'deflate', 'x-unknown']) {
    const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
    const answer = await send('/graphql', { method: 'POST', headers, body: gzipSync('{"query":"{ __typename }"}') });
    expect(answer.status).toBe(415);
    expectRefusal(answer.body, 'INVALID_REQUEST');
  }
});

test('a request that does not come to its end is cut off', async () => {
  const formatError = createErrorFormatter({ clock: systemClock, log: pino({ level: 'silent' }), hideSchema: false });
  const door = createHttpDoor(formatError, [], { request: 200, check: 20 });
  await door.fastify.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect(Number(new URL(door.fastify.listeningOrigin).port), '127.0.0.1');
  socket.write('POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{');
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  expectRefusal(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as GraphAnswer, 'INVALID_REQUEST');
  await door.close();
});

describe('pages of other origins', () => {
  const preflight = async (gateway: TestGateway, origin: string) => {
    const headers = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,authorization',
    };
    const { status, headers: given } = await fetch(`${gateway.url}/graphql`, { method: 'OPTIONS', headers });
    return {
      status,
      origin: given.get('access-control-allow-origin'),
      headers: given.get('access-control-allow-headers'),
    };
  };

  test('may not read anything, unless they are named', async () => {
    expect(await preflight(shop, 'https://shop.example')).toEqual({ status: 400, origin: null, headers: null });
    const open = await startTestGateway({ config: { corsOrigins: ['https://shop.example'] } });
    expect(await preflight(open, 'https://shop.example')).toMatchObject({
      status: 204,
      origin: 'https://shop.example',
      headers: 'authorization, content-type, apollo-require-preflight, x-request-id',
    });
    expect((await preflight(open, 'https://evil.example')).origin).toBeNull();
    const { headers } = await open.post({ query: '{ whoami }' }, { origin: 'https://shop.example' });
    expect(headers.get('access-control-allow-origin')).toBe('https://shop.example');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    await open.gateway.stop();
  });
});

test('a POST without a content type is refused', async () => {
  const body = Buffer.from('{"query":"{ __typename }"}'); // fetch names no type for bytes
  const answer = await send('/graphql', { method: 'POST', body });
  expect(answer.status).toBe(415);
  expectRefusal(answer.body, 'INVALID_REQUEST');
});

test('a mutation by GET is refused with 405, with or without the preflight header, and nothing runs', async () => {
  const query = encodeURIComponent('mutation { placeOrder(key: "k") { id } }');
  for (const headers of [undefined, { 'apollo-require-preflight': 'true' }]) {
    const answer = await send(`/graphql?query=${query}`, { headers });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
    expectRefusal(answer.body, 'INVALID_REQUEST');
  }
  expect(shop.subgraphs.orders.requests.filter(({ query: text }) => text.startsWith('mutation'))).toEqual([]);
});

test('a query by GET needs the preflight header', async () => {
  const path = `/graphql?query=${encodeURIComponent('{ products { id } }')}`;
  const refused = await send(path);
  expect(refused.status).toBe(400);
  expectRefusal(refused.body, 'INVALID_REQUEST');
  const answered = await send(path, { headers: { 'apollo-require-preflight': 'true' } });
  expect(answered).toMatchObject({ status: 200, body: { data: { products: [{ id: '1' }, { id: '2' }] } } });
});

test('a body of 1,048,576 bytes is read, one more is 413', async () => {
  const bodyOf = (bytes: number): string => {
    const empty = JSON.stringify({ query: '{ __typename }', variables: { x: '' } });
    return JSON.stringify({ query: '{ __typename }', variables: { x: 'a'.repeat(bytes - empty.length) } });
  };
  expect(await shop.post(bodyOf(1_048_576))).toMatchObject({ status: 200, body: { data: { __typename: 'Query' } } });
  const { status, body } = await shop.post(bodyOf(1_048_577));
  expect(status).toBe(413);
  expectRefusal(body, 'INVALID_REQUEST');
});

test.each(['PUT', 'DELETE', 'OPTIONS'])('%s is refused with 405', async (method) => {
  const answer = await send('/graphql', {
    method,
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ a }"}',
  });
  expect(answer.status).toBe(405);
  expectRefusal(answer.body, 'INVALID_REQUEST');
});

test.each([
  'subscription { orderUpdated(orderId: "o1") { step } }',
  'subscription S($v: Boolean!) { orderUpdated(orderId: "o1") @include(if: $v) { step } }',
  'subscription { nothing }',
])('a subscription over HTTP is refused with a pointer to the socket: %s', async (query) => {
  const { status, body } = await shop.post({ query });
  expect(status).toBe(400);
  expectRefusal(body, 'INVALID_REQUEST');
  expect(body.errors?.[0]?.message).toMatch(/WebSocket.*\/graphql.*graphql-transport-ws/);
});

test('an unknown address is 404 in the same shape', async () => {
  const answer = await send('/nothing');
  expect(answer.status).toBe(404);
  expectRefusal(answer.body, 'NOT_FOUND');
});

test.each([
  ['no HTTP', 'HELLO\r\n\r\n', 400],
  ['an address too long', `GET /graphql?query=${'a'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`, 431],
  ['headers too large', `GET /graphql HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  [
    'a host that makes no URL',
    'POST /graphql HTTP/1.1\r\nhost: a b\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}',
    400,
  ],
])('a connection that sends %s gets JSON too', async (_name, text, status) => {
  const raw = await new Promise<string>((resolve, reject) => {
    let received = '';
    const socket = connect(shop.port, '127.0.0.1', () => socket.write(text));
    socket
      .on('data', (data) => (received += data.toString()))
      .on('close', () => resolve(received))
      .on('error', reject);
  });
  expect(raw).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expectRefusal(JSON.parse(raw.slice(raw.indexOf('\r\n\r\n'))) as GraphAnswer, 'INVALID_REQUEST');
});

describe('sessions', () => {
  test('a token makes its user; without one it is nobody', async () => {
    const asked = { query: '{ whoami me { id } }' };
    expect((await shop.post(asked)).body.data).toEqual({ whoami: 'anonymous', me: null });
    const authorization = `Bearer ${await shop.token({ role: 'SUPPORT' })}`;
    const user = { whoami: `SUPPORT:${USER_ID}`, me: { id: USER_ID } };
    expect((await shop.post(asked, { authorization })).body.data).toEqual(user);
    // The second time it is remembered.
    expect((await shop.post(asked, { authorization })).body.data).toEqual(user);
  });

  test('a token that is no good is UNAUTHENTICATED, and nothing runs', async () => {
    const before = shop.subgraphs.accounts.requests.length;
    const good = await shop.token();
    const bad = [
      'Bearer nonsense',
      'Basic abc',
      'Bearer',
      `Bearer ${good.slice(0, -4)}AAAA`,
      `Bearer ${'a'.repeat(5_000)}`,
    ];
    bad.push(`Bearer ${await shop.token({ expiresInSeconds: -1 })}`);
    bad.push(`Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${good.split('.')[1]}.`);
    for (const authorization of bad) {
      const plain = await shop.post({ query: '{ whoami }' }, { authorization });
      expect(plain.status).toBe(200);
      expectRefusal(plain.body, 'UNAUTHENTICATED');
      const strict = await shop.post({ query: '{ whoami }' }, { authorization, ...GRAPHQL_JSON });
      expect(strict.status).toBe(401);
    }
    expect(shop.subgraphs.accounts.requests).toHaveLength(before);
  });
});

describe('beside the graph', () => {
  test('readiness names what is down, and stays 200 after the first success', async () => {
    expect(await send('/health/ready')).toMatchObject({ status: 200, body: { status: 'ready', down: [] } });
    shop.subgraphs.catalog.down = true;
    await shop.post({ query: '{ products { id } }' });
    expect(await send('/health/ready')).toMatchObject({ status: 200, body: { status: 'ready', down: ['catalog'] } });
    const metrics = await (await fetch(`${shop.url}/metrics`)).text();
    expect(metrics).toContain('souk_subgraph_up{subgraph="catalog"} 0');
    expect(metrics).toMatch(/souk_operations_total\{type="query",code="OK"\} \d/);
    shop.subgraphs.catalog.down = false;
    await shop.post({ query: '{ products { id } }' });
    expect(await send('/health/ready')).toMatchObject({ body: { down: [] } });
  });

  test('before the first success the process is not ready', async () => {
    const young = await startTestGateway();
    young.subgraphs.orders.down = true;
    const asked = async () => {
      const response = await fetch(`${young.url}/health/ready`);
      return { status: response.status, body: await response.json() };
    };
    expect(await asked()).toEqual({ status: 503, body: { status: 'starting', down: ['orders'] } });
    young.subgraphs.orders.down = false;
    // Asked anew after a second only.
    while ((await asked()).status === 503) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await asked()).toEqual({ status: 200, body: { status: 'ready', down: [] } });
    await young.gateway.stop();
  });

  test('public keys are published without their private halves', async () => {
    const response = await fetch(`${shop.url}/.well-known/jwks.json`);
    expect(await response.json()).toEqual({
      keys: [{ kty: 'OKP', crv: 'Ed25519', x: anyText, kid: 'test', alg: 'EdDSA', use: 'sig' }],
    });
  });

  test('routes of the composition root are served', async () => {
    const response = await fetch(`${shop.url}/images/a.svg`);
    expect(await response.text()).toBe('<svg id="a.svg"/>');
    expect(response.headers.get('cache-control')).toBe('public, max-age=60, immutable');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test('a browser gets GraphiQL, and all that the page loads is served from here', async () => {
    const page = await fetch(`${shop.url}/graphql`, {
      headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
    });
    expect(page.headers.get('content-type')).toContain('text/html');
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path!);
    expect(files).toHaveLength(5);
    for (const file of files) expect((await fetch(shop.url + file)).status).toBe(200);
    expect(html).not.toMatch(/https?:/);
    const client = await (await fetch(`${shop.url}/graphiql/client.js`)).text();
    const [, chunk] = /from '\.\/([^']+)'/.exec(client)!;
    expect((await fetch(`${shop.url}/graphiql/${chunk}`)).status).toBe(200);
    const tabs = (await (await fetch(`${shop.url}/graphiql/tabs.json`)).json()) as { query: string }[];
    expect(tabs.map(({ query }) => /(?:query|mutation|subscription) (\w+)/.exec(query)?.[1])).toEqual([
      'Browse', 'Search', 'Register', 'Login', 'AddToCart', 'SetDelivery', 'PlaceOrder', 'WatchOrder', 'LoginAsSupport', 'OrderHistory',
    ]); // prettier-ignore
  });

  test('no other file is served', async () => {
    for (const path of ['/graphiql/..%2findex.html', '/graphiql/package.json', '/graphiql/index.html']) {
      expect((await fetch(shop.url + path)).status).toBe(404);
    }
  });
});

test('introspection can be kept for administrators', async () => {
  const closed = await startTestGateway({ config: { introspection: 'admins' } });
  const asked = { query: 'query I { ...S } fragment S on Query { __schema { queryType { name } } }' };
  const asRole = async (role?: 'CUSTOMER' | 'ADMIN') =>
    (await closed.post(asked, role ? { authorization: `Bearer ${await closed.token({ role })}` } : {})).body;
  expectRefusal(await asRole(), 'UNAUTHENTICATED');
  expectRefusal(await asRole('CUSTOMER'), 'FORBIDDEN');
  expect(await asRole('ADMIN')).toEqual({ data: { __schema: { queryType: { name: 'Query' } } } });
  expect((await closed.post({ query: '{ product1 }' })).body.errors?.[0]?.message).toBe(
    'Cannot query field "product1" on type "Query".',
  );
  await closed.gateway.stop();
});

test('a client that leaves ends the reading of its query', async () => {
  let signal: AbortSignal | undefined;
  const reached = new Promise<void>((resolve) => {
    shop.subgraphs.catalog.before = (request) => {
      signal = request.signal;
      resolve();
      return new Promise((done) => request.signal?.addEventListener('abort', () => done()));
    };
  });
  const request = httpRequest(`${shop.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  });
  request.on('error', () => undefined);
  request.end('{"query":"{ products { id stock } }"}');
  await reached;
  request.destroy();
  await new Promise((resolve) => signal!.addEventListener('abort', resolve));
  shop.subgraphs.catalog.before = undefined;
});
