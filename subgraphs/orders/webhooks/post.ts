/** The way out to partners' URLs. The only place that connects to an address somebody else has chosen. */
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import { isAllowedAddress, literalAddress } from './address.rules';
import type { Outcome } from './webhook.rules';

/** How long an attempt may take, in milliseconds. */
export const ATTEMPT_MS = 10_000;
/** What is read of an answer, in bytes, before its connection is given up. */
const READ_BYTES = 1_024;

class ForbiddenAddress extends Error {}

/**
 * Resolves a name and refuses it if any of its addresses is not allowed. Here, and not before: a name could lead elsewhere when it
 * is resolved again to connect.
 */
const guardedLookup =
  (production: boolean): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const refused =
        error ??
        (addresses.every(({ address }) => isAllowedAddress(address, production)) ? null : new ForbiddenAddress());
      const [first] = refused ? [] : addresses;
      if (!first) callback(refused ?? new Error('no address'), '');
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };

const agentFor = (production: boolean): Agent =>
  new Agent({ connect: { lookup: guardedLookup(production) }, pipelining: 0, keepAliveTimeout: 4_000 });
const agents = { production: agentFor(true), other: agentFor(false) };

/** Posts JSON once, without following redirects. Never throws: what went wrong is the outcome. */
export async function post(
  target: { url: string; production: boolean },
  headers: Record<string, string>,
  body: string,
): Promise<Outcome> {
  const signal = AbortSignal.timeout(ATTEMPT_MS);
  try {
    const url = new URL(target.url);
    // An address in place of a name is not looked up.
    const literal = literalAddress(url);
    if (literal !== null && !isAllowedAddress(literal, target.production)) throw new ForbiddenAddress();
    const answer = await request(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'user-agent': 'souk-webhooks/1' },
      body,
      signal,
      dispatcher: target.production ? agents.production : agents.other,
    });
    // The status says it all; the rest is only read so that the connection can be used again.
    await answer.body.dump({ limit: READ_BYTES, signal }).catch(() => undefined);
    return { responseStatus: answer.statusCode };
  } catch (error) {
    if (signal.aborted) return { error: `No answer within ${ATTEMPT_MS / 1_000} s.` };
    if (error instanceof ForbiddenAddress) return { error: 'The address is not public.' };
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'no connection';
    return { error: `Not reached: ${code}.` };
  }
}
