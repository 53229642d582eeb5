/** What goes to a subgraph of somebody else, and what becomes of answers that ours would never give. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { pino } from 'pino';
import { createPlainGateway } from '../../gateway/plain';
import { systemClock } from '../../platform/clock';

interface Reply {
  status?: number;
  body: unknown;
}

/** What the subgraph has been sent. */
const received: { headers: IncomingHttpHeaders; body: Record<string, unknown> }[] = [];
/** What it says next; undefined: it hangs up. */
let reply: () => Reply | undefined;

const subgraph = createServer((request, response) => {
  void text(request).then((body) => {
    received.push({ headers: request.headers, body: JSON.parse(body) as Record<string, unknown> });
    const answer = reply();
    if (!answer) return request.socket.destroy();
    response.statusCode = answer.status ?? 200;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer.body));
    return undefined;
  });
});
let gateway: Awaited<ReturnType<typeof createPlainGateway>>;
let url: string;

beforeAll(async () => {
  await once(subgraph.listen(0, '127.0.0.1'), 'listening');
  const { supergraphSdl } = composeServices([
    {
      name: 'theirs',
      url: `http://127.0.0.1:${(subgraph.address() as AddressInfo).port}/graphql`,
      typeDefs: parse(
        'type Query { a: String  b: String  list(of: [Int!]): [Item]  all: [Item!]! }  type Item { id: ID!  name: String } type Mutation { set: String }',
      ),
    },
  ]);
  gateway = await createPlainGateway({
    config: { host: '127.0.0.1', port: 0 },
    log: pino({ level: 'silent' }),
    clock: systemClock,
    supergraphSdl: supergraphSdl!,
  });
  ({ url } = await gateway.listen());
});
afterAll(async () => {
  await gateway.stop();
  subgraph.close();
});
beforeEach(() => {
  received.length = 0;
});

async function ask(body: object, headers: Record<string, string> = {}): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

const error = (message: string, code: string, ...path: (string | number)[]): unknown =>
  expect.objectContaining({ message, path, extensions: expect.objectContaining({ code }) as unknown });
const unavailable = (...path: (string | number)[]): unknown =>
  error('This part of the shop is unavailable. Try again soon.', 'SERVICE_UNAVAILABLE', ...path);

test('it is sent the operation and nothing else: no signature, no principal, no header of the client', async () => {
  reply = () => ({ body: { data: { list: [] } } });
  const operation = { query: 'query ($of: [Int!]) { list(of: $of) { id } }', variables: { of: [1] } };
  await ask(operation, {
    authorization: 'Bearer secret',
    cookie: 'session=secret',
    'x-request-id': 'mine',
    'x-forwarded-for': '192.0.2.1',
    'x-souk-principal': 'admin',
  });
  expect(received).toHaveLength(1);
  expect(Object.keys(received[0]!.headers).sort()).toEqual([
    'accept',
    'connection',
    'content-length',
    'content-type',
    'host',
  ]);
  expect(Object.keys(received[0]!.body).sort()).toEqual(['query', 'variables']);
  expect(received[0]!.body['variables']).toEqual({ of: [1] });
});

test('null stands for nothing, as many servers write it', async () => {
  reply = () => ({ body: { data: { a: '1' }, errors: null, extensions: null } });
  expect(await ask({ query: '{ a }' })).toEqual({ status: 200, body: { data: { a: '1' } } });
  const nothing = { locations: null, path: null, extensions: null };
  reply = () => ({ body: { data: { a: '1', b: null }, errors: [{ message: 'no b', ...nothing }] } });
  expect((await ask({ query: '{ a b }' })).body).toMatchObject({
    data: { a: '1', b: null },
    errors: [{ message: 'no b' }, { message: 'no b' }],
  });
});

test('its own message reaches the client, under any code and status', async () => {
  const teapot = { message: 'I am a teapot.', path: ['a'], extensions: { code: 'TEAPOT', stacktrace: ['at home'] } };
  reply = () => ({ status: 500, body: { data: { a: null, b: '2' }, errors: [teapot] } });
  const { body } = await ask({ query: '{ a b }' });
  expect(body).toEqual({
    data: { a: null, b: '2' },
    errors: [error('I am a teapot.', 'INTERNAL_ERROR', 'a')],
  });
  expect(JSON.stringify(body)).not.toMatch(/at home|theirs|127\.0\.0\.1/);
  const lost = { message: 'No such thing.', path: ['a'], extensions: { code: 'NOT_FOUND' } };
  reply = () => ({ body: { data: { a: null }, errors: [lost] } });
  expect((await ask({ query: '{ a }' })).body).toMatchObject({ errors: [error('No such thing.', 'NOT_FOUND', 'a')] });
});

test('it does not decide about our status', async () => {
  const http = { status: 418 };
  reply = () => ({ body: { data: { a: null }, errors: [{ message: 'no', path: ['a'], extensions: { http } }] } });
  expect(await ask({ query: '{ a }' })).toEqual({
    status: 200,
    body: { data: { a: null }, errors: [error('no', 'INTERNAL_ERROR', 'a')] },
  });
});

test.each<[string, Reply]>([
  ['an error of its framework', { status: 500, body: { message: 'boom' } }],
  ['nothing', { body: {} }],
  ['no data and no errors', { body: { data: null, errors: [] } }],
  ['a list', { body: [{ data: { a: '1' } }] }],
  ['errors that are none', { body: { data: { a: '1' }, errors: ['no'] } }],
])('%s is no answer: the client is told so at every place', async (_what, answer) => {
  reply = () => answer;
  expect(await ask({ query: '{ a b }' })).toEqual({
    status: 200,
    body: { data: { a: null, b: null }, errors: [unavailable('a'), unavailable('b')] },
  });
});

test('an outage that leaves no data at all is one error for each root field', async () => {
  reply = () => ({ status: 502, body: {} });
  expect((await ask({ query: '{ a all { id name } }' })).body).toEqual({
    data: null,
    errors: [unavailable('a'), unavailable('all')],
  });
});

test('a query is sent once more when the connection turns out closed, a mutation is not', async () => {
  reply = () => (received.length === 1 ? undefined : { body: { data: { a: '1' } } });
  expect((await ask({ query: '{ a }' })).body).toEqual({ data: { a: '1' } });
  expect(received).toHaveLength(2);
  reply = () => undefined;
  expect((await ask({ query: 'mutation { set }' })).body).toEqual({
    data: { set: null },
    errors: [unavailable('set')],
  });
  expect(received).toHaveLength(3);
});
