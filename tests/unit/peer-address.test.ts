/** Whose address counts, with and without proxies in front. */
import { peerAddress } from '../../gateway/peer-address';

test.each([
  [0, '192.0.2.1', '127.0.0.1'],
  [1, undefined, '127.0.0.1'],
  [1, '192.0.2.1', '192.0.2.1'],
  [1, '198.51.100.9, 192.0.2.1', '192.0.2.1'],
  [2, '198.51.100.9,192.0.2.1 , 10.0.0.1', '192.0.2.1'],
  [2, '192.0.2.1', '127.0.0.1'],
  [1, '2001:db8:0:1::7', '2001:db8:0:1::/64'],
  [1, '2001:db8:0:1:ffff::8', '2001:db8:0:1::/64'],
  [1, '::ffff:192.0.2.1', '192.0.2.1'],
  [1, 'unknown', 'unknown'],
])('behind %i proxies that say %s the address is %s', (proxies, forwarded, address) => {
  const request = { socket: { remoteAddress: '127.0.0.1' }, headers: { 'x-forwarded-for': forwarded } };
  expect(peerAddress(request, proxies)).toBe(address);
});
