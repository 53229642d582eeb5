/** Where webhooks may go: out into the internet, never to the shop's own machines. Pure. */
import ipaddr from 'ipaddr.js';

/** Longest URL of an endpoint, in characters. */
export const MAX_URL_LENGTH = 2_000;
/** All that is given out of IPv6: outside lie forms of IPv4 that the library takes for unicast. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/**
 * Whether an IP address may be connected to: public unicast alone. What only leads to another address (IPv4 in IPv6, 6to4, NAT64)
 * is not public. Outside production the machine's own addresses are good, too: that is where partners' programs are tried out.
 */
export function isAllowedAddress(address: string, production: boolean): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  const range = parsed.range();
  if (range === 'loopback') return !production;
  return range === 'unicast' && (parsed.kind() === 'ipv4' || parsed.match(GLOBAL_IPV6));
}

/** What is wrong with a URL that somebody wants webhooks at, as a sentence; null: nothing. Names are looked at when connecting. */
export function urlProblem(text: string, production: boolean): string | null {
  if (!URL.canParse(text)) return 'Must be an absolute URL.';
  const url = new URL(text);
  if (url.protocol !== 'https:' && (production || url.protocol !== 'http:')) return 'Must begin with https://.';
  if (url.username !== '' || url.password !== '') return 'Must not hold a user or password.';
  const literal = literalAddress(url);
  if (literal !== null && !isAllowedAddress(literal, production)) return 'Must be a public address.';
  return null;
}

/** The IP address that stands in a URL in place of a name; null: it has a name. */
export function literalAddress({ hostname }: URL): string | null {
  const address = hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(address) ? address : null;
}
