/** Where webhooks may go: never to the shop's own machines. */
import { isAllowedAddress, urlProblem } from '../../subgraphs/orders/webhooks/address.rules';
import { post } from '../../subgraphs/orders/webhooks/post';
import { retryDelaySeconds, verdictOf } from '../../subgraphs/orders/webhooks/webhook.rules';

test.each(['93.184.216.34', '1.1.1.1', '2606:4700:4700::1111'])('%s is public', (address) => {
  expect(isAllowedAddress(address, true)).toBe(true);
});

test.each([
  ['this machine', '127.0.0.1'],
  ['this machine', '127.8.9.10'],
  ['this machine', '::1'],
  ['any address', '0.0.0.0'],
  ['any address', '::'],
  ['private', '10.1.2.3'],
  ['private', '172.16.0.1'],
  ['private', '172.31.255.255'],
  ['private', '192.168.1.1'],
  ['carrier', '100.64.0.1'],
  ['link-local, metadata of clouds', '169.254.169.254'],
  ['link-local', 'fe80::1'],
  ['unique local', 'fd00::1'],
  ['multicast', '224.0.0.1'],
  ['multicast', 'ff02::1'],
  ['broadcast', '255.255.255.255'],
  ['reserved', '240.0.0.1'],
  ['documentation', '192.0.2.1'],
  ['documentation', '2001:db8::1'],
  ['IPv4 in IPv6', '::ffff:127.0.0.1'],
  ['IPv4 in IPv6', '::ffff:10.0.0.1'],
  ['NAT64', '64:ff9b::7f00:1'],
  ['6to4', '2002:7f00:1::'],
  ['Teredo', '2001:0:7f00:1::'],
  ['IPv4-compatible', '::7f00:1'],
  ['no address', 'localhost'],
])('%s is not: %s', (_, address) => {
  expect(isAllowedAddress(address, true)).toBe(false);
});

test('outside production only this machine is let in besides', () => {
  expect(['127.0.0.1', '::1'].map((address) => isAllowedAddress(address, false))).toEqual([true, true]);
  const others = ['10.0.0.1', '169.254.169.254', '0.0.0.0', 'fd00::1', '::ffff:127.0.0.1'];
  expect(others.filter((address) => isAllowedAddress(address, false))).toEqual([]);
});

test.each([
  ['https://partner.example/hooks?key=1', null],
  ['https://93.184.216.34:8443/', null],
  ['http://partner.example/', 'Must begin with https://.'],
  ['ftp://partner.example/', 'Must begin with https://.'],
  ['partner.example', 'Must be an absolute URL.'],
  ['https://me:secret@partner.example/', 'Must not hold a user or password.'],
  ['https://127.0.0.1/', 'Must be a public address.'],
  ['https://2130706433/', 'Must be a public address.'],
  ['https://0x7f.1/', 'Must be a public address.'],
  ['https://[::1]/', 'Must be a public address.'],
  ['https://[::ffff:10.0.0.1]/', 'Must be a public address.'],
])('in production %s: %s', (url, problem) => {
  expect(urlProblem(url, true)).toBe(problem);
});

test.each(['http://127.0.0.1:4010/', 'http://localhost:4010/', 'http://partner.example/'])(
  'outside production %s is taken',
  (url) => expect(urlProblem(url, false)).toBeNull(),
);

test.each(['https://localhost:1/', 'https://127.0.0.1:1/', 'https://[::1]:1/'])(
  'whatever was stored, nothing connects to %s in production',
  async (url) => {
    expect(await post({ url, production: true }, {}, '{}')).toEqual({ error: 'The address is not public.' });
  },
);

test('what nobody listens at is not reached', async () => {
  const url = 'http://127.0.0.1:1/';
  expect(await post({ url, production: false }, {}, '{}')).toEqual({ error: 'Not reached: ECONNREFUSED.' });
});

test('eight attempts, further and further apart', () => {
  const delays = Array.from({ length: 8 }, (_, index) => retryDelaySeconds(index + 1));
  expect(delays).toEqual([5, 30, 120, 600, 3_600, 21_600, 86_400, null]);
});

test.each([
  [200, 'delivered'],
  [204, 'delivered'],
  [299, 'delivered'],
  [301, 'failed'],
  [400, 'failed'],
  [410, 'gone'],
  [500, 'failed'],
] as const)('an answer of %d: %s', (responseStatus, verdict) => {
  expect(verdictOf({ responseStatus })).toBe(verdict);
});
