/** The graph as multipart over HTTP, as the Apollo clients for web, iOS and Kotlin speak it. */
import { ApolloClient, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache, type ApolloLink } from '@apollo/client';
import { RetryLink } from '@apollo/client/link/retry';
import { eventually } from '../support/eventually';
import { endSession, startTestGateway, USER_ID, type TestGateway } from '../support/gateway';
import { openRaw, partsOf, type RawRequest, type RawStream } from '../support/raw-stream';

const WATCH = 'subscription W($id: ID!) { orderUpdated(orderId: $id) { step cursor order { product { name } } } }';
const ACCEPT = { accept: 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json' };
const text: unknown = expect.any(String);
const EXTENSIONS = { requestId: text, timestamp: text };

let shop: TestGateway;
const streams = new Set<RawStream>();
const clients = new Set<ApolloClient>();

beforeAll(async () => {
  shop = await startTestGateway();
});
afterAll(() => shop.gateway.stop());
afterEach(async () => {
  for (const stream of streams) stream.leave();
  for (const client of clients) client.stop();
  streams.clear();
  await eventually(() => expect(shop.openStreams()).toBe(0));
  shop.sessions.ended.clear();
  for (const control of Object.values(shop.subgraphs)) Object.assign(control, { requests: [], down: false });
});

async function open(request: RawRequest, gateway = shop): Promise<RawStream> {
  const stream = await openRaw(gateway.port, { ...request, headers: { ...ACCEPT, ...request.headers } });
  streams.add(stream);
  return stream;
}

const BODY = { query: WATCH, variables: { id: 'o1' } };
const update = (step: number) => ({
  data: { orderUpdated: { step, cursor: `c${step}`, order: { product: { name: 'Product 1' } } } },
});
const subscribed = (count = 1) => eventually(() => expect(shop.openStreams()).toBe(count));

describe('by hand', () => {
  test.each([
    'multipart/mixed;subscriptionSpec=1.0, application/json',
    'multipart/mixed;subscriptionSpec="1.0", application/json',
    'multipart/mixed;boundary="graphql";subscriptionSpec="1.0",application/graphql-response+json',
    'application/json, multipart/mixed; boundary=graphql; subscriptionSpec=1.0',
  ])('every answer is a part as soon as it is there: %s', async (accept) => {
    const stream = await open({ body: BODY, headers: { accept } });
    expect(stream.status).toBe(200);
    expect(stream.headers['content-type']).toBe('multipart/mixed;boundary="graphql";subscriptionSpec="1.0"');
    await subscribed();
    await eventually(() => expect(partsOf(stream.text())).toEqual([{}]));
    shop.publish(1);
    await eventually(() => expect(partsOf(stream.text())).toEqual([{}, { payload: update(1) }]));
    expect(stream.text()).toMatch(
      /^\r\n--graphql\r\ncontent-type: application\/json; charset=utf-8\r\n\r\n\{\}\r\n--graphql\r\n/,
    );
  });

  test.each([
    ['another version', 'multipart/mixed;subscriptionSpec=2.0, application/json'],
    ['deferred answers', 'multipart/mixed;deferSpec=20220824, application/json'],
    ['nothing in particular', '*/*'],
  ])('a subscription whose client accepts %s is refused, with the ways there are', async (_name, accept) => {
    const { status, body } = await shop.post(BODY, { accept });
    expect(status).toBe(400);
    expect(body.errors?.[0]?.message).toMatch(/WebSocket.*text\/event-stream.*multipart\/mixed;subscriptionSpec=1.0/);
    expect(shop.subgraphs.orders.requests).toEqual([]);
  });

  test('queries and mutations stay plain answers', async () => {
    expect(await shop.post({ query: '{ whoami }' }, ACCEPT)).toMatchObject({
      status: 200,
      body: { data: { whoami: 'anonymous' } },
    });
  });

  test('what is refused is the last part, an answer without data', async () => {
    const stream = await open({ body: { query: WATCH, variables: { id: 'unknown' } } });
    await eventually(() => expect(stream.ended()).toBe('whole'));
    expect(partsOf(stream.text())).toEqual([
      {},
      {
        payload: {
          errors: [{ message: 'Not found.', path: ['orderUpdated'], extensions: { code: 'NOT_FOUND', ...EXTENSIONS } }],
        },
      },
    ]);
    expect(stream.text()).toMatch(/\r\n--graphql--\r\n$/);
  });

  test('an outage, a session that ends and shutdown are errors of the stream', async () => {
    shop.subgraphs.orders.down = true;
    const refused = await open({ body: BODY });
    await eventually(() => expect(refused.ended()).toBe('whole'));
    shop.subgraphs.orders.down = false;
    const authorization = `Bearer ${await shop.token()}`;
    const cut = await open({ body: BODY, headers: { authorization } });
    await subscribed();
    await endSession(shop);
    await eventually(() => expect(cut.ended()).toBe('whole'));
    const ending = await startTestGateway();
    const restarted = await open({ body: BODY }, ending);
    await eventually(() => expect(ending.openStreams()).toBe(1));
    await ending.gateway.stop();
    const codes = [refused, cut, restarted].map((stream) => {
      expect(stream.text()).toMatch(/\r\n--graphql--\r\n$/);
      return partsOf(stream.text()).at(-1);
    });
    expect(codes).toEqual(
      ['SERVICE_UNAVAILABLE', 'UNAUTHENTICATED', 'SERVICE_UNAVAILABLE'].map((code) => ({
        payload: null,
        errors: [expect.objectContaining({ extensions: expect.objectContaining({ code, ...EXTENSIONS }) as unknown })],
      })),
    );
  });

  test('heartbeats come every five seconds', async () => {
    const stream = await open({ body: BODY });
    await subscribed();
    await eventually(() => expect(partsOf(stream.text())).toEqual([{}, {}, {}]));
    shop.publish(1);
    await eventually(() => expect(partsOf(stream.text()).at(-1)).toEqual({ payload: update(1) }));
  });
});

describe('with Apollo Client', () => {
  function client(url = shop.url, headers: Record<string, string> = {}, before?: ApolloLink): ApolloClient {
    const http = new HttpLink({ uri: `${url}/graphql`, headers });
    const made = new ApolloClient({ cache: new InMemoryCache(), link: before ? before.concat(http) : http });
    clients.add(made);
    return made;
  }
  function watch(from: ApolloClient, variables = { id: 'o1' }, query = WATCH) {
    const seen: { data: unknown; error: unknown }[] = [];
    let ended = false;
    const subscription = from
      .subscribe({ query: gql(query), variables })
      .subscribe({ next: ({ data, error }) => seen.push({ data, error }), complete: () => (ended = true) });
    return { seen, ended: () => ended, leave: () => subscription.unsubscribe() };
  }

  test('a subscription gives its answers as the user of the token, until the client has enough', async () => {
    const authorization = `Bearer ${await shop.token()}`;
    const query = 'subscription W($id: ID!) { orderUpdated(orderId: $id) { step order { id product { id seenBy } } } }';
    const watching = watch(client(shop.url, { authorization }), undefined, query);
    await subscribed();
    for (const step of [1, 2, 3]) shop.publish(step);
    await eventually(() => expect(watching.seen).toHaveLength(3));
    expect(watching.seen).toMatchObject(
      [1, 2, 3].map((step) => ({
        data: { orderUpdated: { step, order: { product: { seenBy: `CUSTOMER:${USER_ID}` } } } },
        error: undefined,
      })),
    );
    watching.leave();
    await subscribed(0);
  });

  test('what is refused is an error of the answer, and the end', async () => {
    const watching = watch(client(), { id: 'unknown' });
    await eventually(() => expect(watching.ended()).toBe(true));
    const [answer] = watching.seen;
    expect(CombinedGraphQLErrors.is(answer?.error) && answer.error.errors).toMatchObject([
      { message: 'Not found.', extensions: { code: 'NOT_FOUND' } },
    ]);
  });

  test('its RetryLink subscribes again after a restart', async () => {
    const ending = await startTestGateway();
    let url = ending.url;
    const retry = new RetryLink({ delay: { initial: 10, jitter: false }, attempts: { max: 100 } });
    const http = new HttpLink({ uri: () => `${url}/graphql` });
    const apollo = new ApolloClient({ cache: new InMemoryCache(), link: retry.concat(http) });
    clients.add(apollo);
    const watching = watch(apollo);
    await eventually(() => expect(ending.openStreams()).toBe(1));
    url = shop.url;
    await ending.gateway.stop();
    await subscribed();
    shop.publish(4);
    await eventually(() => expect(watching.seen).toMatchObject([{ data: update(4).data }]));
    watching.leave();
  });
});
