/** Where a request comes from. */
import ipaddr from 'ipaddr.js';

/** What is looked at of a request. */
interface Peer {
  socket: { remoteAddress?: string };
  headers: NodeJS.Dict<string | string[]>;
}

/**
 * The address that the outermost of `trustedProxies` proxies saw, which each of them adds to `x-forwarded-for` at the right.
 * With none it is the connection's: the header is then the client's own invention. Of IPv6 the first 64 bits, for that is
 * what one subscriber has.
 */
export function peerAddress({ socket, headers }: Peer, trustedProxies: number): string {
  const peer = socket.remoteAddress ?? '';
  const seen = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
  const address = (trustedProxies > 0 && seen.at(-trustedProxies)?.trim()) || peer;
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6
    ? `${parsed.toNormalizedString().split(':').slice(0, 4).join(':')}::/64`
    : parsed.toString();
}
