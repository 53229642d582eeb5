/** Limits at the gateway: the same refusals over HTTP and sockets, what an operation costs, and how often one may ask. */
import { WebSocket } from 'ws';
import { systemClock } from '../../platform/clock';
import { readConfig } from '../../platform/config';
import { createMemoryLimiter } from '../../platform/limiter/memory';
import { startTestGateway, type GraphAnswer, type TestGateway } from '../support/gateway';
import { closeSockets, RawSocket } from '../support/raw-socket';

const text: unknown = expect.any(String);
const GRAPHQL_JSON = { accept: 'application/graphql-response+json' };
const many = (count: number, of: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => of(index)).join(' ');

/** The first message a socket gets for an operation. */
function overSocket(shop: TestGateway, query: string, variables?: object): Promise<{ type: string; payload: unknown }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${shop.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const send = (message: object): void => socket.send(JSON.stringify(message));
    socket.on('open', () => send({ type: 'connection_init' }));
    socket.on('error', reject).on('close', (code) => reject(new Error(`closed with ${code}`)));
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as { type: string; payload: unknown };
      if (message.type === 'connection_ack') {
        send({ type: 'subscribe', id: '1', payload: { query, variables } });
        return;
      }
      resolve(message);
      socket.close();
    });
  });
}

describe('one operation', () => {
  let shop: TestGateway;
  beforeAll(async () => {
    shop = await startTestGateway({ config: { operationCost: 150 } });
  });
  afterAll(() => shop.gateway.stop());
  const asked = (): number => Object.values(shop.subgraphs).reduce((sum, { requests }) => sum + requests.length, 0);

  test.each([
    ['depth', `{ ${'products { '.repeat(16)} id ${'}'.repeat(16)} }`, 15],
    ['rootFields', `{ ${many(21, (index) => `a${index}: whoami`)} }`, 20],
    ['aliases', `{ products { ${many(51, (index) => `a${index}: __typename`)} } }`, 50],
    ['fields', `{ products { ${many(1_001, () => 'id')} } }`, 1_000],
    ['directives', `{ whoami ${many(6, () => '@include(if: true)')} }`, 5],
    ['authentications', 'mutation { a: login { ok } b: login(role: "ADMIN") { ok } }', 1],
    ['cost', `{ ${many(20, (index) => `a${index}: orders { id product { id } }`)} }`, 150],
    ['depth', `subscription { orderUpdated(orderId: "1") { ${'order { '.repeat(15)} id ${'}'.repeat(15)} } }`, 15],
  ])('too much is refused before anything runs, by its name: %s', async (limit, query, maximum) => {
    const before = asked();
    const details = { limit, maximum, ...(limit === 'cost' && { cost: 200 }) };
    const refusal = {
      message: text,
      extensions: { code: 'INVALID_REQUEST', details, requestId: text, timestamp: text },
    };
    if (!query.startsWith('subscription')) {
      expect((await shop.post({ query })).body).toEqual({ errors: [refusal] });
      expect(await shop.post({ query })).toMatchObject({ status: 200 });
      expect(await shop.post({ query }, GRAPHQL_JSON)).toMatchObject({ status: 400 });
    }
    expect(await overSocket(shop, query)).toEqual({ id: '1', type: 'error', payload: [refusal] });
    expect(asked()).toBe(before);
  });

  test('a document with several mistakes tells them in one short answer, over both', async () => {
    const query = `{ ${many(15, (index) => `nothing${index}`)} }`;
    const { body } = await shop.post({ query });
    const codes = body.errors!.map(({ extensions }) => extensions['code']);
    expect(codes.length).toBeGreaterThan(1);
    expect(new Set(codes)).toEqual(new Set(['GRAPHQL_VALIDATION_FAILED']));
    expect(JSON.stringify(body).length).toBeLessThanOrEqual(1_000);
    // The second time it is remembered.
    expect((await shop.post({ query })).body.errors).toHaveLength(codes.length);
    const { payload } = await overSocket(shop, `subscription ${query}`);
    expect(JSON.stringify(payload).length).toBeLessThanOrEqual(1_000);
  });

  test.each([
    ['a long name of an argument', `{ whoami(${'a'.repeat(100_000)}: 1) }`],
    ['a long text where none may be', `{ whoami "${'a'.repeat(100_000)}" }`],
    ['braces without end', '{a'.repeat(9_000)],
    ['brackets without end', `{ product(id: ${'['.repeat(15_000)}) { id } }`],
    [
      'a cycle of fragments',
      '{ ...A ...B } fragment A on Query { ...B ...B } fragment B on Query { ...A ...A whoami }',
    ],
    ['21,000 tokens', `{ ${many(21_000, () => 'a')} }`],
  ])('%s is refused shortly', async (_name, query) => {
    const { status, body } = await shop.post({ query });
    expect(status).toBe(200);
    expect(body.errors?.[0]?.extensions['code']).toMatch(
      /^(INVALID_REQUEST|GRAPHQL_PARSE_FAILED|GRAPHQL_VALIDATION_FAILED)$/,
    );
    expect(JSON.stringify(body).length).toBeLessThanOrEqual(1_000);
    expect((await overSocket(shop, query)).type).toBe('error');
  });

  test('every answer says what its operation costs', async () => {
    const query = 'query ($id: ID!) { product(id: $id) { id } orders { id product { id } } }';
    const cost = { requested: 1 + 5 * 2, limit: 150 };
    const answered = await shop.post({ query, variables: { id: '1' } });
    expect(answered.extensions).toEqual({ cost });
    expect(await overSocket(shop, query, { id: '1' })).toMatchObject({
      type: 'next',
      payload: { extensions: { cost } },
    });
    const refused = await shop.post({ query: `{ ${many(20, (index) => `a${index}: orders { id product { id } }`)} }` });
    expect(refused.extensions).toEqual({ cost: { requested: 20 * 10, limit: 150 } });
    expect((await shop.post({ query: '{ nothing }' })).extensions).toBeUndefined();
  });
});

describe('how often', () => {
  const rate = (burst: number) => ({ burst, perHour: 1 });
  let shop: TestGateway;
  beforeEach(async () => {
    shop = await startTestGateway({
      config: {
        rates: { anonymous: rate(3), signedIn: rate(5), premium: rate(6), partner: rate(7) },
        sockets: { ...readConfig({}).sockets, trustedProxies: 1 },
      },
      limiter: createMemoryLimiter(systemClock),
    });
  });
  afterEach(() => shop.gateway.stop());
  const ask = (headers: Record<string, string> = {}, query = '{ whoami }') => shop.post({ query }, headers);
  const from = (address: string) => ({ 'x-forwarded-for': `9.9.9.9, ${address}` });
  const exceeded: unknown = {
    errors: [
      {
        message: 'Too many requests. Try again later.',
        extensions: { code: 'RATE_LIMIT_EXCEEDED', details: { retryAfter: 3600 }, requestId: text, timestamp: text },
      },
    ],
  };

  test('so many requests from an address, then 429, whatever is accepted, and nothing runs', async () => {
    for (const remaining of ['2', '1', '0']) {
      const { status, headers } = await ask(from('1.2.3.4'));
      expect(status).toBe(200);
      expect(headers.get('ratelimit-limit')).toBe('3');
      expect(headers.get('ratelimit-remaining')).toBe(remaining);
      expect(headers.get('ratelimit-policy')).toBe('1;w=3600;burst=3');
      expect(headers.get('retry-after')).toBeNull();
    }
    const before = shop.subgraphs.accounts.requests.length;
    for (const accept of ['application/json', GRAPHQL_JSON.accept]) {
      const { status, headers, body } = await ask({ ...from('1.2.3.4'), accept });
      expect(status).toBe(429);
      expect(body).toEqual(exceeded);
      expect(headers.get('retry-after')).toBe('3600');
      expect(headers.get('ratelimit-remaining')).toBe('0');
      expect(headers.get('ratelimit-reset')).toBe('10800');
    }
    expect(shop.subgraphs.accounts.requests).toHaveLength(before);
    expect((await ask(from('1.2.3.5'))).status).toBe(200);
  });

  test.each([
    [{ role: 'CUSTOMER' }, '5'],
    [{ role: 'CUSTOMER', rateTier: 'PREMIUM' }, '6'],
    [{ role: 'ADMIN', rateTier: 'PARTNER' }, '7'],
    [{ role: 'PARTNER' }, '7'],
    [{ role: 'PARTNER', rateTier: 'PREMIUM' }, '7'],
  ] as const)('a user has what an admin has set, and a partner no less: %j', async (who, limit) => {
    const { headers } = await ask({ authorization: `Bearer ${await shop.token(who)}` });
    expect(headers.get('ratelimit-limit')).toBe(limit);
  });

  test('what is not valid counts too', async () => {
    for (const query of ['{', '{ nothing }', `{ ${'a '.repeat(30)} }`]) await ask(from('1.2.3.4'), query);
    expect((await ask(from('1.2.3.4'))).status).toBe(429);
  });

  test('and over a socket, where what is asked for by a hash that nobody knows counts as well', async () => {
    const unknown = { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } };
    const codes: unknown[] = [];
    for (const payload of [
      { query: '{' },
      { query: '{ nothing }' },
      { query: '', extensions: unknown },
      { query: '{ whoami }' },
    ]) {
      const socket = await new RawSocket(shop, undefined, undefined, from('1.2.3.4')).init();
      socket.send({ type: 'subscribe', id: 'a', payload });
      const [error] = await socket.messages(1);
      codes.push((error?.payload as GraphAnswer['errors'])?.[0]?.extensions['code']);
    }
    closeSockets();
    expect(codes).toEqual([
      'GRAPHQL_PARSE_FAILED',
      'GRAPHQL_VALIDATION_FAILED',
      'PERSISTED_QUERY_NOT_FOUND',
      'RATE_LIMIT_EXCEEDED',
    ]);
    expect((await ask(from('1.2.3.4'))).status).toBe(429);
  });

  test.each(['text/event-stream', 'multipart/mixed;subscriptionSpec="1.0"'])(
    'and for a stream, with headers: %s',
    async (accept) => {
      const good = 'subscription { orderUpdated(orderId: "o1") { step } }';
      const left = [];
      const stopped = new AbortController();
      for (const query of ['subscription { a: }', 'subscription { nothing }', good, good]) {
        const { status, headers } = await fetch(`${shop.url}/graphql`, {
          method: 'POST',
          headers: { ...from('1.2.3.4'), 'content-type': 'application/json', accept },
          body: JSON.stringify({ query }),
          signal: stopped.signal,
        });
        left.push([status, headers.get('ratelimit-remaining'), headers.get('retry-after')]);
      }
      stopped.abort();
      expect(left.map(([, ...rest]) => rest)).toEqual([
        ['2', null],
        ['1', null],
        ['0', null],
        ['0', '3600'],
      ]);
      expect(left[3]?.[0]).toBe(429);
    },
  );

  test('a network of IPv6 is one caller', async () => {
    for (const end of ['1', '2', '3']) await ask(from(`2001:db8::${end}`));
    expect((await ask(from('2001:db8:0:0:ffff::'))).status).toBe(429);
    expect((await ask(from('2001:db8:0:1::1'))).status).toBe(200);
  });

  test('users have buckets of their own, by their role', async () => {
    for (const [role, burst] of [
      ['CUSTOMER', 5],
      ['PARTNER', 7],
    ] as const) {
      const userId = `018f0000-0000-7000-8000-00000000000${burst}`;
      const authorization = `Bearer ${await shop.token({ role, userId })}`;
      for (let index = 0; index < burst; index += 1) {
        expect((await ask({ ...from(`1.1.1.${index}`), authorization })).status).toBe(200);
      }
      expect((await ask({ ...from('1.1.1.1'), authorization })).status).toBe(429);
    }
  });

  test('a dear operation takes more tokens', async () => {
    const dear = `{ ${many(20, (index) => `a${index}: orders { id product { id } }`)} }`;
    const { status, headers } = await ask(from('1.2.3.4'), dear);
    expect(status).toBe(200);
    expect(headers.get('ratelimit-remaining')).toBe('1');
    const again = await ask(from('1.2.3.4'), dear);
    expect(again.status).toBe(429);
    expect(again.headers.get('retry-after')).toBe('3600');
    expect(again.body).toEqual(exceeded);
  });

  test('over sockets by the same buckets', async () => {
    for (let index = 0; index < 3; index += 1)
      expect(await overSocket(shop, '{ whoami }')).toMatchObject({ type: 'next' });
    const refused = await overSocket(shop, '{ whoami }');
    expect({ errors: refused.payload }).toEqual(exceeded);
    const subscription = await overSocket(shop, 'subscription { orderUpdated(orderId: "o1") { step } }');
    expect({ errors: subscription.payload }).toEqual(exceeded);
    expect(shop.openStreams()).toBe(0);
    const { status, body } = await ask();
    expect({ status, body } satisfies { status: number; body: GraphAnswer }).toEqual({ status: 429, body: exceeded });
  });
});
