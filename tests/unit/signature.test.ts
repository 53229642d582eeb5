/** Signed requests: only who has a secret is believed, only what was signed, and only for a minute. */
import { ANONYMOUS, type Principal } from '../../platform/auth/principal';
import { RequestSigner, SIGNED_HEADERS, type SignedRequest } from '../../platform/auth/signature';
import { Fault } from '../../platform/errors';
import { apiClient } from '../support/principals';

const at = Date.parse('2030-01-01T00:00:00Z');
const clockAt = (seconds: number) => ({ now: () => new Date(at + seconds * 1_000) });
/** A receiver that began early enough, by a clock that shows `seconds` now. */
function receiverAt(seconds: number): RequestSigner {
  const clock = { time: at - 3_600_000, now: () => new Date(clock.time) };
  const receiver = new RequestSigner([secret], clock);
  clock.time = at + seconds * 1_000;
  return receiver;
}
const secret = 'a secret of the shop, long enough to be one';
const other = 'another secret of the shop, also long enough';
const signer = new RequestSigner([secret], clockAt(0));

const admin: Principal = {
  kind: 'user',
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  role: 'ADMIN',
  sessionId: '01890a5d-ac96-774b-bcce-b302099a8058',
};
const request: SignedRequest = {
  to: 'orders',
  method: 'POST',
  path: '/graphql',
  body: '{"query":"{ me { id } } # é"}',
  principal: admin,
  requestId: 'req-1',
  clientAddress: '192.0.2.1',
};
const { to, method, path, body } = request;
const sent = { to, method, path, body, headers: signer.sign(request) };

function refused(attempt: Parameters<RequestSigner['verify']>[0], by = signer, code = 'UNAUTHENTICATED'): void {
  let thrown: unknown;
  try {
    by.verify(attempt);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(Fault);
  expect(thrown).toMatchObject({ code });
}

test.each<Principal>([
  ANONYMOUS,
  admin,
  { kind: 'guest', id: admin.id },
  apiClient(),
  { kind: 'service', name: 'gateway' },
])('a signed request is believed: $kind', (principal) => {
  const headers = signer.sign({ ...request, principal });
  expect(signer.verify({ ...sent, headers })).toEqual({ principal, requestId: 'req-1', clientAddress: '192.0.2.1' });
});

test('without a client there is no address, and none can be added', () => {
  const own = { ...sent, headers: signer.sign({ ...request, clientAddress: undefined }) };
  expect(signer.verify(own)).toEqual({ principal: admin, requestId: 'req-1' });
  refused({ ...own, headers: { ...own.headers, [SIGNED_HEADERS.clientAddress]: '192.0.2.1' } });
});

describe('a change of any part is refused', () => {
  const forged = Buffer.from(JSON.stringify({ ...admin, id: admin.sessionId })).toString('base64url');
  const header = (name: string, value: string | string[] | undefined) => ({
    ...sent,
    headers: { ...sent.headers, [name]: value },
  });
  test.each([
    ['method', { ...sent, method: 'GET' }],
    ['path', { ...sent, path: '/commands' }],
    ['body', { ...sent, body: `${sent.body} ` }],
    ['empty body', { ...sent, body: '' }],
    ['principal', header(SIGNED_HEADERS.principal, forged)],
    ['request id', header(SIGNED_HEADERS.requestId, 'req-2')],
    ['client address', header(SIGNED_HEADERS.clientAddress, '192.0.2.2')],
    ['time', header(SIGNED_HEADERS.time, String(at / 1_000 + 1))],
    ['signature', header(SIGNED_HEADERS.signature, Buffer.alloc(32).toString('base64url'))],
  ])('%s', (_name, attempt) => refused(attempt));

  test('recipient', () => {
    const receiver = new RequestSigner([secret], clockAt(0));
    for (const part of ['accounts', 'catalog', 'cart', 'payments'] as const) refused({ ...sent, to: part }, receiver);
    expect(receiver.verify(sent).principal).toEqual(admin);
  });

  test.each(Object.values(SIGNED_HEADERS))('%s missing, empty or twice', (name) => {
    const value = sent.headers[name] ?? '';
    for (const wrong of [undefined, '', [value], [value, value]]) refused(header(name, wrong));
  });

  test('every bit of the signature counts', () => {
    const bytes = Buffer.from(sent.headers[SIGNED_HEADERS.signature] ?? '', 'base64url');
    expect(bytes).toHaveLength(32);
    for (let bit = 0; bit < 256; bit += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      refused(header(SIGNED_HEADERS.signature, changed.toString('base64url')));
    }
  });

  test('no headers at all', () => refused({ ...sent, headers: {} }));
});

test.each([
  [-61, false],
  [-60, true],
  [0, true],
  [60, true],
  [61, false],
])('a receiver whose clock is %i s away: believed %s', (seconds, believed) => {
  const receiver = receiverAt(seconds);
  if (believed) expect(receiver.verify(sent).principal).toEqual(admin);
  else refused(sent, receiver);
});

test.each(['', 'soon', 'NaN', 'Infinity', '-1', '0', '1e309'])('"%s" is no time, however it was signed', (time) => {
  const honest = new RequestSigner([secret], { now: () => new Date(Number.NaN) });
  const strange = honest.sign(request);
  refused({ ...sent, headers: strange });
  refused({ ...sent, headers: { ...sent.headers, [SIGNED_HEADERS.time]: time } });
});

test('what was signed before the receiver began is not taken, for it may have been here; signed again it is', () => {
  const clock = { time: at + 1, now: () => new Date(clock.time) };
  const receiver = new RequestSigner([secret], clock);
  refused(sent, receiver, 'SERVICE_UNAVAILABLE');
  refused({ ...sent, body: 'something else' }, receiver);
  expect(receiver.verify({ ...sent, headers: receiver.sign(request) }).principal).toEqual(admin);
  clock.time = at + 61_000;
  refused(sent, receiver);
  // A clock that is set back shuts nobody out.
  clock.time = at;
  expect(receiver.verify({ ...sent, headers: signer.sign(request) }).principal).toEqual(admin);
});

describe('the same request again', () => {
  test('is refused for as long as its signature is good, at each process by itself', () => {
    let seconds = -60;
    const receiver = new RequestSigner([secret], { now: () => new Date(at + seconds * 1_000) });
    expect(receiver.verify(sent).principal).toEqual(admin);
    for (seconds = -60; seconds <= 61; seconds += 1) {
      // Time goes on only when something comes.
      receiver.verify({ ...sent, headers: new RequestSigner([secret], clockAt(seconds)).sign(request) });
      refused(sent, receiver);
    }
    expect(new RequestSigner([secret], clockAt(0)).verify(sent).principal).toEqual(admin);
  });

  test('signed anew is another one, and a forged one is not remembered', () => {
    const receiver = new RequestSigner([secret], clockAt(0));
    refused({ ...sent, body: 'something else' }, receiver);
    for (let time = 0; time < 2; time += 1) {
      expect(receiver.verify({ ...sent, headers: signer.sign(request) }).principal).toEqual(admin);
    }
    expect(receiver.verify(sent).principal).toEqual(admin);
  });
});

test('rotation: the first secret signs, all verify; one taken away is believed no more', () => {
  const rotated = new RequestSigner([other, secret], clockAt(0));
  expect(rotated.verify(sent).principal).toEqual(admin);
  const fresh = { ...sent, headers: rotated.sign(request) };
  expect(rotated.verify(fresh).principal).toEqual(admin);
  refused(fresh, signer);
  refused(sent, new RequestSigner([other], clockAt(0)));
  refused(sent, new RequestSigner([], clockAt(0)));
});

test('a principal of a kind we do not know, signed by one of ourselves, may do what anybody may', () => {
  const unknown = { kind: 'robot' } as unknown as Principal; // what a newer version could send
  const headers = signer.sign({ ...request, principal: unknown });
  expect(signer.verify({ ...sent, headers })).toMatchObject({ principal: ANONYMOUS, requestId: 'req-1' });
});
