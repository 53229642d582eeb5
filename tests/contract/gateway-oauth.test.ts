/** POST /oauth/token at the gateway: the client credentials grant of RFC 6749, line by line. */
import { systemClock } from '../../platform/clock';
import { Fault } from '../../platform/errors';
import { createMemoryLimiter } from '../../platform/limiter/memory';
import { startTestGateway, type TestGateway } from '../support/gateway';

const [ID, KEY, BRAKED] = ['api_01h455vb4pex5vsknk084sn02q', 'souk_live_the-key_of+the tests%', 'braked'];

let shop: TestGateway;
let asked: unknown[] = [];
let down = false;
beforeAll(async () => {
  shop = await startTestGateway({
    issueClientToken: async (request) => {
      asked.push(request);
      if (down) throw new Fault('SERVICE_UNAVAILABLE');
      const { clientId, key, scopes } = request;
      if (clientId === BRAKED) return { outcome: 'braked', retrySeconds: 880 };
      if (clientId !== ID || key !== KEY) return { outcome: 'unknown' };
      if (scopes.includes('everything')) return { outcome: 'badScope' };
      return { outcome: 'issued', accessToken: 'a.b.c', expiresInSeconds: 3_600, scopes: ['orders:read'] };
    },
  });
});
afterAll(() => shop.gateway.stop());
beforeEach(() => {
  asked = [];
  down = false;
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const encoded = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1);
const basic = (id: string, key: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${encoded(id)}:${encoded(key)}`).toString('base64')}`,
});
async function post(body: Record<string, string> | string, headers: Record<string, string> = {}) {
  const response = await fetch(`${shop.url}/oauth/token`, {
    method: 'POST',
    headers: { ...FORM, ...headers },
    body: typeof body === 'string' ? body : new URLSearchParams(body).toString(),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}
const GRANT = { grant_type: 'client_credentials' };
const SECRET_POST = { client_id: ID, client_secret: KEY };
const TOKEN = { access_token: 'a.b.c', token_type: 'Bearer', expires_in: 3_600, scope: 'orders:read' };
const description: unknown = expect.stringMatching(/^[ -~]+$/);

test.each([
  ['client_secret_post', { ...GRANT, ...SECRET_POST }, {}, []],
  ['client_secret_basic', GRANT, basic(ID, KEY), []],
  ['client_secret_basic, with the id in the body too', { ...GRANT, client_id: ID }, basic(ID, KEY), []],
  ['a scope', { ...GRANT, ...SECRET_POST, scope: 'orders:read orders:write' }, {}, ['orders:read', 'orders:write']],
  ['an empty scope, as if there were none', { ...GRANT, ...SECRET_POST, scope: '' }, {}, []],
  ['parameters nobody knows', { ...GRANT, ...SECRET_POST, audience: 'x' }, {}, []],
  ['a charset', { ...GRANT, ...SECRET_POST }, { 'content-type': `${FORM['content-type']}; charset=UTF-8` }, []],
])('gives a token: %s', async (_, body, headers, scopes) => {
  const answer = await post(body, headers);
  expect([answer.status, answer.body]).toEqual([200, TOKEN]);
  expect(asked).toEqual([{ clientId: ID, key: KEY, scopes, clientAddress: '127.0.0.1' }]);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('pragma')).toBe('no-cache');
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
});

test.each([
  ['no grant type', SECRET_POST, {}, 400, 'invalid_request'],
  ['another grant type', { grant_type: 'password', ...SECRET_POST }, {}, 400, 'unsupported_grant_type'],
  ['a grant type twice', 'grant_type=client_credentials&grant_type=client_credentials', {}, 400, 'invalid_request'],
  ['no client', GRANT, {}, 401, 'invalid_client'],
  ['no key', { ...GRANT, client_id: ID }, {}, 401, 'invalid_client'],
  ['two ways at once', { ...GRANT, ...SECRET_POST }, basic(ID, KEY), 400, 'invalid_request'],
  ['a wrong key', { ...GRANT, ...SECRET_POST, client_secret: 'x' }, {}, 401, 'invalid_client'],
  ['a wrong key in the header', GRANT, basic(ID, 'x'), 401, 'invalid_client'],
  ['a long key', { ...GRANT, ...SECRET_POST, client_secret: 'x'.repeat(256) }, {}, 401, 'invalid_client'],
  ['another scheme', GRANT, { authorization: 'Bearer x' }, 401, 'invalid_client'],
  ['a broken header', GRANT, { authorization: 'Basic ???' }, 401, 'invalid_client'],
  ['a scope it has not got', { ...GRANT, ...SECRET_POST, scope: 'everything' }, {}, 400, 'invalid_scope'],
  ['nothing', '', {}, 400, 'invalid_request'],
])('refuses: %s', async (_, body, headers, status, error) => {
  const answer = await post(body, headers);
  expect([answer.status, answer.body]).toEqual([status, { error, error_description: description }]);
  expect(JSON.stringify(answer.body)).not.toContain(KEY);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  const challenge = status === 401 && 'authorization' in headers ? 'Basic realm="souk", charset="UTF-8"' : null;
  expect(answer.headers.get('www-authenticate')).toBe(challenge);
});

test('another method, JSON, too much: refused before anybody is asked', async () => {
  const get = await fetch(`${shop.url}/oauth/token?grant_type=client_credentials`);
  expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
  expect((await post('{}', { 'content-type': 'application/json' })).status).toBe(415);
  expect((await post(`x=${'x'.repeat(8_192)}`)).status).toBe(413);
  expect(asked).toEqual([]);
});

test('accounts away: 503, and the key is not called wrong', async () => {
  down = true;
  const answer = await post({ ...GRANT, ...SECRET_POST });
  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject({ errors: [{ extensions: { code: 'SERVICE_UNAVAILABLE' } }] });
});

test('a key that is used for a hundred tokens at once has to wait; other keys need not', async () => {
  const rate = { burst: 1, perHour: 1 };
  const limited = await startTestGateway({
    config: { rates: { anonymous: rate, signedIn: rate, premium: rate, partner: rate } },
    limiter: createMemoryLimiter(systemClock),
    issueClientToken: async () => ({ outcome: 'issued', accessToken: 'a.b.c', expiresInSeconds: 3_600, scopes: [] }),
  });
  const token = async (client_secret: string) => {
    const body = new URLSearchParams({ ...GRANT, client_id: ID, client_secret });
    const { status, headers } = await fetch(`${limited.url}/oauth/token`, { method: 'POST', body });
    return [status, headers.get('retry-after')];
  };
  const answers = [];
  for (let count = 0; count < 101; count += 1) answers.push(await token(KEY));
  answers.push(await token('another'));
  await limited.gateway.stop();
  const given = Array.from({ length: 100 }, () => [200, null]);
  expect(answers).toEqual([...given, [429, '6'], [200, null]]);
});

test('an address that is braked: 429, and when to come back', async () => {
  const answer = await post({ ...GRANT, ...SECRET_POST, client_id: BRAKED });
  expect([answer.status, answer.body]).toEqual([
    429,
    { error: 'temporarily_unavailable', error_description: description },
  ]);
  expect(answer.headers.get('retry-after')).toBe('880');
});
