/** What the gateway asks of subgraphs: as whom, how often, and over which connections. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { createRemoteEndpoint, type RemoteEndpoint } from '../../gateway/remote-endpoint';
import { ANONYMOUS } from '../../platform/auth/principal';
import { RequestSigner } from '../../platform/auth/signature';
import { systemClock } from '../../platform/clock';
import type { SubgraphEndpoint, SubgraphRequest, SubgraphResult } from '../../platform/graph/endpoint';
import { createSubgraphServer } from '../../platform/graph/server';
import { CATALOG_RESOLVERS, endpointOf, startTestGateway, USER_ID, type TestGateway } from '../support/gateway';

const text: unknown = expect.any(String);
const log = pino({ level: 'silent' });
const signer = new RequestSigner(['a secret of the tests'], systemClock);

describe('in one process', () => {
  let shop: TestGateway;
  beforeAll(async () => {
    shop = await startTestGateway();
  });
  afterAll(() => shop.gateway.stop());
  beforeEach(() => {
    for (const control of Object.values(shop.subgraphs)) Object.assign(control, { requests: [], before: undefined });
  });

  /** Holds the catalogue's answers until released; resolves when `count` requests wait. */
  function hold(count: number): { waiting: Promise<void>; release: () => void } {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const waiting = new Promise<void>((resolve) => {
      let arrived = 0;
      shop.subgraphs.catalog.before = () => {
        arrived += 1;
        if (arrived === count) resolve();
        return released;
      };
    });
    return { waiting, release };
  }

  const as = async (role: 'CUSTOMER' | 'ADMIN') => ({ authorization: `Bearer ${await shop.token({ role })}` });
  /** Time for requests that would have been sent to be sent. */
  const settle = () => new Promise((resolve) => setTimeout(resolve, 100));

  test('the planned document is handed over, so that nobody parses it', async () => {
    await shop.post({ query: '{ products { id } }' });
    expect(shop.subgraphs.catalog.requests).toMatchObject([
      { document: { kind: 'Document' }, principal: { kind: 'anonymous' } },
    ]);
  });

  test('after login the rest of the operation runs as that user, and the token is not shown', async () => {
    const query = 'mutation { login(role: "SUPPORT") { ok user { id email orderCount } } }';
    const { body } = await shop.post({ query });
    expect(body).toEqual({
      data: { login: { ok: true, user: { id: USER_ID, email: 'ada@souk.example', orderCount: 3 } } },
    });
    const { requests } = shop.subgraphs.orders;
    expect(requests.map(({ principal }) => principal)).toEqual([
      { kind: 'user', id: USER_ID, role: 'SUPPORT', sessionId: text },
    ]);
    expect((await shop.post({ query: '{ whoami }' })).body.data).toEqual({ whoami: 'anonymous' });
  });

  /** Two fetches at once; the one to accounts differs by `name`, so that a test can see that both are on their way. */
  const both = (name: string) => `{ products { name stock } ${name}: whoami }`;
  const onTheirWay = async (count: number) => {
    while (shop.subgraphs.accounts.requests.length < count) await settle();
  };
  const PRODUCTS = [
    { name: 'Product 1', stock: 7 },
    { name: 'Product 2', stock: 7 },
  ];

  test('equal queries in flight are one fetch, and each client has an answer of its own', async () => {
    const { waiting, release } = hold(1);
    const answers = ['a', 'b', 'c'].map((name) => shop.post({ query: both(name) }));
    await waiting;
    await onTheirWay(3);
    release();
    const data = (await Promise.all(answers)).map(({ body }) => body.data);
    expect(shop.subgraphs.catalog.requests).toHaveLength(1);
    expect(data).toEqual(['a', 'b', 'c'].map((name) => ({ products: PRODUCTS, [name]: 'anonymous' })));
  });

  test('two identities never share', async () => {
    const { waiting, release } = hold(3);
    const query = '{ products { seenBy } }';
    const answers = [{}, await as('CUSTOMER'), await as('ADMIN')].map((headers) => shop.post({ query }, headers));
    await waiting;
    release();
    const seen = (await Promise.all(answers)).map(
      ({ body }) => (body.data?.['products'] as { seenBy: string }[])[0]?.seenBy,
    );
    expect(seen).toEqual(['anonymous', `CUSTOMER:${USER_ID}`, `ADMIN:${USER_ID}`]);
  });

  test('other variables never share', async () => {
    const { waiting, release } = hold(2);
    const query = 'query Q($id: ID!) { product(id: $id) { name } }';
    const answers = ['1', '2'].map((id) => shop.post({ query, variables: { id } }));
    await waiting;
    release();
    const names = (await Promise.all(answers)).map(({ body }) => body.data?.['product']);
    expect(names).toEqual([{ name: 'Product 1' }, { name: 'Product 2' }]);
  });

  test('mutations never share, nor do the reads that follow them', async () => {
    const { waiting, release } = hold(2);
    const query = 'mutation { placeOrder(key: "k") { id product { name } } }';
    const answers = [shop.post({ query }), shop.post({ query })];
    await waiting;
    release();
    await Promise.all(answers);
    expect(shop.subgraphs.orders.requests).toHaveLength(2);
    expect(shop.subgraphs.catalog.requests).toHaveLength(2);
  });

  test('a read after a write does not join a read from before it', async () => {
    const { waiting, release } = hold(1);
    const query = '{ products { id } }';
    const early = shop.post({ query });
    await waiting;
    await shop.post({ query: 'mutation { placeOrder(key: "k") { id } }' });
    const late = shop.post({ query });
    await settle();
    release();
    await Promise.all([early, late]);
    expect(shop.subgraphs.catalog.requests).toHaveLength(2);
  });

  test('a client that leaves does not take the answer from those who share it', async () => {
    const { waiting, release } = hold(1);
    const leaver = new AbortController();
    const send = (name: string, signal?: AbortSignal) =>
      fetch(`${shop.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: both(name) }),
        signal,
      });
    const left = send('a', leaver.signal).catch(() => 'left');
    await waiting;
    const stays = send('b');
    await onTheirWay(2);
    leaver.abort();
    expect(await left).toBe('left');
    await settle();
    release();
    expect(await (await stays).json()).toMatchObject({ data: { products: PRODUCTS, b: 'anonymous' } });
    expect(shop.subgraphs.catalog.requests).toHaveLength(1);
  });
});

describe('over HTTP', () => {
  const control = { requests: [] as SubgraphRequest[], down: false };
  let door: FastifyInstance;
  let url: string;
  let remote: RemoteEndpoint;

  /** A stream that says two things and then waits, counting whether it was let go. */
  let returned = 0;
  const endpoint: SubgraphEndpoint = {
    ...endpointOf('catalog', CATALOG_RESOLVERS, control),
    subscribe: async ({ variables }) => {
      if (variables?.['refuse'])
        return { errors: [{ message: 'Not found.', extensions: { code: 'NOT_FOUND' } }] } as never;
      const said: SubgraphResult[] = [{ data: { step: 1, text: 'zwölf\n' } }, { data: { step: 2 } }];
      let wake = (): void => undefined;
      const ended = new Promise<void>((resolve) => (wake = resolve));
      const stream: AsyncIterableIterator<SubgraphResult> = {
        [Symbol.asyncIterator]: () => stream,
        next: async () => {
          const value = said.shift();
          if (value) return { done: false, value };
          if (variables?.['fail']) throw new Error('lost');
          if (!variables?.['end']) await ended;
          return { done: true, value: undefined };
        },
        return: async () => {
          returned += 1;
          wake();
          return { done: true, value: undefined };
        },
      };
      return stream;
    },
  };

  beforeAll(async () => {
    door = createSubgraphServer({
      name: 'catalog',
      endpoint,
      commandNames: new Set(),
      dispatch: async () => null,
      signer,
      log,
      ready: async () => true,
    });
    url = await door.listen({ host: '127.0.0.1', port: 0 });
    remote = createRemoteEndpoint({ name: 'catalog', url, signer, log });
  });
  afterAll(async () => {
    await remote.close();
    await door.close();
  });

  const ask = (query: string, variables?: Record<string, unknown>): SubgraphRequest => ({
    query,
    variables,
    principal: { kind: 'user', id: USER_ID, role: 'CUSTOMER', sessionId: USER_ID },
    requestId: 'r1',
  });
  const failing = async (work: Promise<unknown>) => expect(work).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });

  test('a query arrives with the principal and the request id', async () => {
    const result = await remote.execute(ask('query Q($id: ID!) { product(id: $id) { name seenBy } }', { id: '9' }));
    expect(result).toEqual({ data: { product: { name: 'Product 9', seenBy: `CUSTOMER:${USER_ID}` } } });
    expect(control.requests.at(-1)).toMatchObject({ requestId: 'r1', principal: { id: USER_ID } });
  });

  test('a whole gateway over it gives the same answers', async () => {
    const catalog = createRemoteEndpoint({ name: 'catalog', url, signer, log });
    const shop = await startTestGateway({ endpoints: { catalog } });
    const { body } = await shop.post({ query: '{ products { name } orders { product { name } } }' });
    expect(body).toEqual({
      data: { products: [{ name: 'Product 1' }, { name: 'Product 2' }], orders: [{ product: { name: 'Product 1' } }] },
    });
    await shop.gateway.stop();
    await catalog.close();
  });

  test('a subgraph that cannot be reached, does not know us or is another one, is an outage', async () => {
    const nowhere = createRemoteEndpoint({ name: 'catalog', url: 'http://127.0.0.1:1', signer, log });
    const unknown = new RequestSigner(['another secret'], systemClock);
    const stranger = createRemoteEndpoint({ name: 'catalog', url, signer: unknown, log });
    const elsewhere = createRemoteEndpoint({ name: 'orders', url, signer, log });
    const before = control.requests.length;
    await failing(nowhere.execute(ask('{ products { id } }')));
    await failing(nowhere.subscribe(ask('subscription { x }')));
    await failing(stranger.execute(ask('{ products { id } }')));
    await failing(elsewhere.execute(ask('{ products { id } }')));
    expect(control.requests).toHaveLength(before);
    await Promise.all([nowhere.close(), stranger.close(), elsewhere.close()]);
  });

  test.each([
    ['HTML', 200, 'text/html', '<h1>hello</h1>'],
    ['text that is not JSON', 200, 'application/json', '{"data":'],
    ['JSON that is no result', 200, 'application/json', '{"data":[]}'],
    ['an error', 500, 'application/json', '{"data":{}}'],
    ['a refusal', 404, 'application/json', '{"data":{}}'],
  ])('an answer that is %s is an outage', async (_name, status, type, body) => {
    const server = await listening(() => ({ status, type, body }));
    const broken = createRemoteEndpoint({ name: 'catalog', url: server.url, signer, log });
    await failing(broken.execute(ask('{ products { id } }')));
    await broken.close();
    server.close();
  });

  test('a query on a connection that was closed is tried once more, a mutation is not', async () => {
    const server = await listening((count) =>
      count % 2 === 1 ? 'cut' : { status: 200, type: 'application/json', body: '{"data":{}}' },
    );
    const flaky = createRemoteEndpoint({ name: 'catalog', url: server.url, signer, log });
    expect(await flaky.execute(ask('{ products { id } }'))).toEqual({ data: {} });
    expect(server.count()).toBe(2);
    await failing(flaky.execute(ask('mutation { placeOrder(key: "k") { id } }')));
    expect(server.count()).toBe(3);
    await flaky.close();
    server.close();
  });

  test('a signal ends the waiting with its own reason', async () => {
    const reason = new Error('enough');
    await expect(remote.execute({ ...ask('{ products { id } }'), signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
  });

  const open = async (variables: Record<string, unknown>): Promise<AsyncIterableIterator<SubgraphResult>> => {
    const opened = await remote.subscribe({ ...ask('subscription { x }', variables), principal: ANONYMOUS });
    if (!(Symbol.asyncIterator in opened)) throw new Error('refused');
    return opened;
  };

  test('a stream gives its results and ends', async () => {
    const results: unknown[] = [];
    for await (const result of await open({ end: true })) results.push(result);
    expect(results).toEqual([{ data: { step: 1, text: 'zwölf\n' } }, { data: { step: 2 } }]);
  });

  test('a stream that is refused gives the errors', async () => {
    expect(await remote.subscribe(ask('subscription { x }', { refuse: true }))).toMatchObject({
      errors: [{ message: 'Not found.', extensions: { code: 'NOT_FOUND' } }],
    });
  });

  test('a stream that is cut off is an outage, not an end', async () => {
    const stream = await open({ fail: true });
    const readToTheEnd = async () => {
      while (!(await stream.next()).done);
    };
    await failing(readToTheEnd());
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test('letting go of a quiet stream ends it on both sides, at once', async () => {
    const before = returned;
    const stream = await open({});
    await stream.next();
    await stream.next();
    const pending = stream.next();
    await stream.return?.();
    expect(await pending).toEqual({ done: true, value: undefined });
    while (returned === before) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('more streams than request connections do not stop requests', async () => {
    const streams = await Promise.all(Array.from({ length: 40 }, () => open({})));
    expect(await remote.execute(ask('{ product(id: "1") { id } }'))).toEqual({ data: { product: { id: '1' } } });
    for (const stream of streams) await stream.return?.();
  });
});

/** A server of few words; `answer` is told how many requests there have been. */
async function listening(
  answer: (count: number) => 'cut' | { status: number; type: string; body: string },
): Promise<{ url: string; count: () => number; close: () => Server }> {
  let count = 0;
  const server = createServer((request, response) => {
    count += 1;
    const said = answer(count);
    if (said === 'cut') return request.socket.destroy();
    request.resume();
    return response.writeHead(said.status, { 'content-type': said.type }).end(said.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: () => count,
    close: () => server.close(),
  };
}
