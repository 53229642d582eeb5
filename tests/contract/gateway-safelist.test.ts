/** 10,000 documents and ids that are nearly right, from a client that runs registered operations only: none runs. */
import { createHash } from 'node:crypto';
import { WebSocket } from 'ws';
import { seededRandom } from '../../platform/random';
import { eventually } from '../support/eventually';
import { API_CLIENT_ID, startTestGateway, wholeGraph, type TestGateway } from '../support/gateway';

const SEED = 20_261_127;
const OVER_HTTP = 9_500;
const OVER_SOCKETS = 500;
const REGISTERED = [
  'query Product($id: ID!) { product(id: $id) { id name stock } }',
  'query Mine { me { id email } orders { id status product { name } } }',
  'mutation Place($key: String!) { placeOrder(key: $key) { id status } }',
];
const OTHERS = 'query Others { products { id } }';
const VARIABLES = { id: '1', key: 'k' };

let shop: TestGateway;
let authorization: string;
const random = seededRandom(SEED);
const below = (limit: number): number => Math.floor(random() * limit);
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const ids = REGISTERED.map((_, index) => `operation-${index}`);
const known = new Set([...REGISTERED, ...REGISTERED.map(sha256), ...ids]);

beforeAll(async () => {
  shop = await startTestGateway({ partnerSdl: wholeGraph() });
  authorization = `Bearer ${await shop.clientToken()}`;
  for (const [index, body] of REGISTERED.entries())
    await shop.operations.register(body, { ids: [ids[index]!], clients: ['partner'] });
  await shop.operations.register(OTHERS, { ids: ['others'], clients: ['web'] });
  await shop.operations.link({ name: 'partner', apiClientId: API_CLIENT_ID, safelist: true });
  // Until all of it is known.
  await eventually(async () => {
    expect((await send({ query: OTHERS })).errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
    expect((await send({ documentId: ids[0], variables: VARIABLES })).data).toBeDefined();
  });
  // Somebody else's automatic ones, to be asked for by their hash.
  for (const query of ['{ whoami }', 'query Mine { me { id } }'])
    await shop.post({ query, extensions: { persistedQuery: { version: 1, sha256Hash: sha256(query) } } });
  for (const control of Object.values(shop.subgraphs)) control.requests.length = 0;
});
afterAll(() => shop.gateway.stop());

interface SafelistAnswer {
  data?: unknown;
  errors?: { extensions?: { code?: string } }[];
}

/** By POST, or by GET. */
async function send(fields: Record<string, unknown>, get = false): Promise<SafelistAnswer> {
  const headers = { authorization, 'content-type': 'application/json' };
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(fields))
    search.set(key, typeof value === 'string' ? value : JSON.stringify(value));
  const answer = get
    ? await fetch(`${shop.url}/graphql?${search.toString()}`, { headers })
    : await fetch(`${shop.url}/graphql`, { method: 'POST', headers, body: JSON.stringify(fields) });
  return (await answer.json()) as SafelistAnswer;
}

/** One small change, of a kind that parsers, hashes or careless comparisons might overlook. */
function mutated(text: string): string {
  const at = below(text.length + 1);
  const [head, tail] = [text.slice(0, at), text.slice(at)];
  return oneOf([
    () => head + oneOf([' ', '\n', ',', '\t', '\uFEFF', '#', '\u0000', 'a', '{', '}', '(', '"']) + tail,
    () => head + tail.slice(1),
    () => head + tail.charAt(0).toUpperCase() + tail.slice(1),
    () => `${text}${oneOf([' ', '\n', ' # again', ' query Other { whoami }', text])}`,
    () => oneOf(['\uFEFF', ' ', '# first\n', '{ whoami } ', 'sha256:']) + text,
    () => text.replace(/\{ /, `{ ${oneOf(['whoami ', '__typename ', 'x: whoami ', '__schema { types { name } } '])}`),
    () => text.replaceAll('id', oneOf(['seenBy', 'id name', 'id @include(if: true)', 'a: id'])),
    () => text.replace(/^\w+ \w+/, oneOf(['query', 'query Mine', 'subscription Place', 'mutation X', ''])),
  ])();
}

/** A request for something that is not registered for this client. */
function attempt(): Record<string, unknown> {
  const text = mutated(oneOf(REGISTERED));
  const hash = oneOf([
    () => mutated(sha256(oneOf(REGISTERED))),
    () => sha256(text),
    () => sha256(oneOf([OTHERS, '{ whoami }', 'query Mine { me { id } }'])),
    () => oneOf(REGISTERED),
  ])();
  const id = oneOf([
    () => mutated(oneOf(ids)),
    () => 'others',
    () => `sha256:${hash}`,
    () => oneOf(['', '__proto__', 'constructor', '*', '%', `${oneOf(ids)}\u0000`, oneOf(REGISTERED)]),
  ])();
  const extensions = { persistedQuery: { version: oneOf([1, 1, 1, 2]), sha256Hash: hash } };
  const honest = { persistedQuery: { version: 1, sha256Hash: sha256(text) } };
  const fields = oneOf<() => Record<string, unknown>>([
    () => ({ query: text }),
    () => ({ query: text, extensions: honest }),
    () => ({ query: text, extensions }),
    () => ({ query: text, extensions: { persistedQuery: { version: 1, sha256Hash: sha256(oneOf(REGISTERED)) } } }),
    () => ({ query: text, documentId: `${oneOf(ids)} ` }),
    () => ({ query: text, id: oneOf(ids), operationId: oneOf(ids) }),
    () => ({ extensions }),
    () => ({ documentId: id }),
    () => ({ documentId: id, query: '' }),
    () => ({ documentId: [oneOf(ids)] }),
  ])();
  const { query, documentId, extensions: sent } = fields;
  const asked = [query, documentId, sent && hash].map((value) => String(value).replace(/^sha256:/, ''));
  // What a change happened to leave as it was may run.
  if (asked.some((value) => known.has(value))) return attempt();
  return { ...fields, variables: VARIABLES };
}

test(`seed ${SEED}: ${OVER_HTTP} over HTTP`, async () => {
  const ran: unknown[] = [];
  for (let done = 0; done < OVER_HTTP; done += 50) {
    const attempts = Array.from({ length: 50 }, attempt);
    const answers = await Promise.all(attempts.map((fields) => send(fields, random() < 0.2)));
    answers.forEach(({ data, errors }, index) => {
      const code = errors?.[0]?.extensions?.code ?? '';
      const refused = ['FORBIDDEN', 'INVALID_REQUEST', 'PERSISTED_QUERY_NOT_FOUND'].includes(code);
      if (data || !refused) ran.push(attempts[index]);
    });
  }
  expect(ran).toEqual([]);
  expect(executions()).toBe(0);
}, 600_000);

test(`seed ${SEED}: ${OVER_SOCKETS} over a socket`, async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${shop.port}/graphql`, 'graphql-transport-ws');
  const types = new Map<string, string>();
  socket.on('message', (data: Buffer) => {
    const { id, type } = JSON.parse(data.toString()) as { id?: string; type: string };
    types.set(id ?? type, type);
  });
  const say = (message: object): void => socket.send(JSON.stringify(message));
  await new Promise((resolve) => socket.once('open', resolve));
  say({ type: 'connection_init', payload: { authorization } });
  await eventually(() => expect(types.get('connection_ack')).toBe('connection_ack'));
  for (let done = 0; done < OVER_SOCKETS; done += 50) {
    for (let index = done; index < done + 50; index += 1)
      say({ type: 'subscribe', id: String(index), payload: { query: '', ...attempt() } });
    await eventually(() => expect(types.size).toBe(done + 51));
  }
  expect(new Set([...types.values()])).toEqual(new Set(['connection_ack', 'error']));
  expect(executions()).toBe(0);
  socket.close();
}, 300_000);

test('what is registered runs all the while, by id, hash and text', async () => {
  for (const [index, query] of REGISTERED.entries()) {
    const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(query) } };
    for (const fields of [
      { documentId: ids[index] },
      { documentId: `sha256:${sha256(query)}` },
      { extensions },
      { query },
    ])
      expect((await send({ ...fields, variables: VARIABLES })).data).toBeTruthy();
  }
  expect(executions()).toBeGreaterThan(0);
});

function executions(): number {
  return Object.values(shop.subgraphs).reduce((sum, { requests }) => sum + requests.length, 0);
}
