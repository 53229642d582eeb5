/** The address for webhooks: the exact body goes to payments, and nothing else does. */
import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { paymentWebhooks } from '../../gateway/payment-webhooks';
import { RequestSigner } from '../../platform/auth/signature';
import { systemClock } from '../../platform/clock';
import { createCommandClient } from '../../platform/commands/client';
import { receiveWebhook as command } from '../../subgraphs/payments/messages';
import { FakeProvider, noticeBody, SIGNATURE, signed } from '../support/fake-provider';
import { startTestGateway, type GraphAnswer, type TestGateway } from '../support/gateway';

let door: TestGateway;
let isDown = false;
/** What came through to payments. */
const received: { body: string; headers: Record<string, string> }[] = [];

beforeAll(async () => {
  const provider = new FakeProvider();
  const url = 'http://127.0.0.1:1';
  const commands = createCommandClient({
    local: {
      payments: async (_, json) => {
        if (isDown) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
        const input = command.input.parse(json);
        if (input.provider !== provider.name) return { outcome: 'unknownProvider' };
        received.push({ body: input.body, headers: input.headers });
        return { outcome: provider.readNotice(input.body, input.headers, new Date()) ? 'stored' : 'refused' };
      },
    },
    urls: { accounts: url, catalog: url, cart: url, orders: url, payments: url },
    signer: new RequestSigner(['a secret of the tests'], systemClock),
  });
  door = await startTestGateway({ routes: [paymentWebhooks(commands)] });
});
afterAll(() => door.gateway.stop());
beforeEach(() => {
  isDown = false;
  received.length = 0;
});

async function post(body: string | Buffer, headers: Record<string, string> = {}, provider = 'fake') {
  const response = await fetch(`${door.url}/webhooks/payments/${provider}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  return { status: response.status, body: (await response.json()) as GraphAnswer & { received?: boolean } };
}
const refusal = (code: string, message: string) => ({
  errors: [
    { message, extensions: { code, requestId: expect.any(String) as string, timestamp: expect.any(String) as string } },
  ],
});

test.each([
  ['plain', noticeBody(randomUUID())],
  ['with odd whitespace', ` \r\n\t${noticeBody(randomUUID()).replaceAll(',', ' ,\n\t')}\n\n`],
  ['with letters of all kinds', noticeBody(randomUUID(), 'zahlung.ausgeführt – 支払い 💳 \u2028 e\u0301')],
])('a body %s arrives exactly as it was signed', async (_, body) => {
  expect((await post(Buffer.from(body), signed(body))).status).toBe(200);
  expect(received).toEqual([
    { body, headers: signed(body, new Date(Number(received[0]!.headers[SIGNATURE]!.split('.')[0]))) },
  ]);
});

test('letters cut in two by the network are put together again', async () => {
  const bytes = Buffer.from(noticeBody(randomUUID(), 'ausgeführt 💳'));
  const cut = bytes.indexOf(Buffer.from('💳')) + 2;
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sending = request(`${door.url}/webhooks/payments/fake`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signed(bytes.toString()) },
    });
    sending.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
    sending.write(bytes.subarray(0, cut), () => sending.end(bytes.subarray(cut)));
  });
  expect(status).toBe(200);
  expect(received.map(({ body }) => body)).toEqual([bytes.toString()]);
});

test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON', 'application/cloudevents+json'])(
  'is taken as %s',
  async (type) => {
    const body = noticeBody(randomUUID());
    expect(await post(body, { ...signed(body), 'content-type': type })).toEqual({
      status: 200,
      body: { received: true },
    });
  },
);

test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
  'is refused as %s',
  async (type) => {
    const body = noticeBody(randomUUID());
    const answer = await post(body, { ...signed(body), 'content-type': type });
    expect(answer).toEqual({
      status: 415,
      body: refusal('INVALID_REQUEST', 'The content type must be application/json, and the body not compressed.'),
    });
    expect(received).toEqual([]);
  },
);

test('65,536 bytes are taken, one more is 413 with that limit; the graph keeps its own', async () => {
  const bodyOf = (bytes: number) => {
    const empty = noticeBody(null, '');
    return noticeBody(null, 'a'.repeat(bytes - empty.length));
  };
  const [fits, large] = [bodyOf(65_536), bodyOf(65_537)];
  expect((await post(fits, signed(fits))).status).toBe(200);
  expect(await post(large, signed(large))).toEqual({
    status: 413,
    body: refusal('INVALID_REQUEST', 'The body is larger than 65,536 bytes.'),
  });
  expect(received).toHaveLength(1);
  const query = JSON.stringify({ query: '{ __typename }', variables: { x: 'a'.repeat(1_048_576) } });
  const { status, body } = await door.post(query);
  expect({ status, body }).toEqual({
    status: 413,
    body: refusal('INVALID_REQUEST', 'The body is larger than 1,048,576 bytes.'),
  });
});

test('beside it the graph goes on refusing what is no JSON', async () => {
  const forms = await door.post('{"query":"{ __typename }"}', { 'content-type': 'application/cloudevents+json' });
  expect(forms.status).toBe(415);
  expect((await door.post('{ not JSON')).status).toBe(400);
});

test.each(['GET', 'PUT', 'PATCH', 'DELETE'])('%s is refused with 405', async (method) => {
  const response = await fetch(`${door.url}/webhooks/payments/fake`, {
    method,
    ...(method === 'GET' ? {} : { body: 'x', headers: { 'content-type': 'text/plain' } }),
  });
  expect(response.status).toBe(405);
  expect(response.headers.get('allow')).toBe('POST');
  expect(await response.json()).toEqual(refusal('INVALID_REQUEST', 'The method is not allowed here.'));
  expect(received).toEqual([]);
});

test('another provider is 404', async () => {
  const body = noticeBody(randomUUID());
  expect(await post(body, signed(body), 'stripe')).toEqual({
    status: 404,
    body: refusal('NOT_FOUND', 'There is no such payment provider.'),
  });
});

test.each([
  ['forged', (body: string) => signed(body, new Date(), 'a guess')],
  ['of another body', (body: string) => signed(`${body} `)],
  ['too old', (body: string) => signed(body, new Date(Date.now() - 301_000))],
  ['missing', () => ({})],
])('a signature that is %s is 400', async (_, headersOf) => {
  const body = noticeBody(randomUUID());
  expect(await post(body, headersOf(body))).toEqual({
    status: 400,
    body: refusal('INVALID_REQUEST', 'The signature is not valid, or too old.'),
  });
});

test('while payments is down it is 503, so that it is sent again', async () => {
  isDown = true;
  const body = noticeBody(randomUUID());
  const answer = await post(body, signed(body));
  expect(answer).toMatchObject({ status: 503, body: { errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] } });
  isDown = false;
  expect((await post(body, signed(body))).status).toBe(200);
});

test('of the headers only signatures go further', async () => {
  const body = noticeBody(randomUUID());
  const headers = signed(body);
  await post(body, { ...headers, authorization: 'Bearer x', cookie: 'a=b', 'x-souk-principal': 'admin' });
  expect(received).toEqual([{ body, headers }]);
});
