/**
 * Signed requests between our own processes: HMAC-SHA256 over time, nonce, recipient, method, path, principal, request id, body
 * and, where there is one, the client's network address.
 * A subgraph answers nobody who cannot sign. A signature is good at the subgraph it names, for SIGNATURE_SECONDS either side of
 * our clock, and once at each receiving process. What was signed before a process began may have been at another one before
 * it, whose nonces are forgotten, and has to be signed again. What remains: another process of the same subgraph, meanwhile.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock';
import type { SubgraphName } from '../config';
import { Fault } from '../errors';
import { ANONYMOUS, principalSchema, type Principal } from './principal';

/** How far sender's and receiver's clocks may differ, in seconds. */
const SIGNATURE_SECONDS = 60;

/** Random bytes of a nonce. */
const NONCE_BYTES = 15;

/** Header names of a signed request. */
export const SIGNED_HEADERS = {
  principal: 'x-souk-principal',
  requestId: 'x-request-id',
  clientAddress: 'x-souk-client-address',
  time: 'x-souk-time',
  nonce: 'x-souk-nonce',
  signature: 'x-souk-signature',
} as const;

/** What is signed besides the time. `body` is the exact bytes sent. */
export interface SignedRequest {
  /** The subgraph it is for: whoever copies it cannot send it to another one. */
  to: SubgraphName;
  method: string;
  path: string;
  body: string;
  principal: Principal;
  requestId: string;
  clientAddress?: string;
}

/** What a verified request says about its sender. */
export interface VerifiedRequest {
  principal: Principal;
  requestId: string;
  clientAddress?: string;
}

/** Signs and verifies with a list of secrets: the first signs, all verify, so that a secret can be rotated. */
export class RequestSigner {
  private readonly seen = new SeenNonces();
  /** In seconds. Doors open later than that, by more than clocks differ that are looked after. */
  private readonly begunAt: number;

  constructor(
    private readonly secrets: readonly string[],
    private readonly clock: Clock,
  ) {
    this.begunAt = this.seconds();
  }

  /** Headers to send with the request. */
  sign(request: SignedRequest): Record<string, string> {
    const principal = Buffer.from(JSON.stringify(request.principal)).toString('base64url');
    const time = this.seconds().toString();
    const nonce = randomBytes(NONCE_BYTES).toString('base64url');
    const signature = this.mac(this.secrets[0] ?? '', { ...request, principal, time, nonce });
    return {
      [SIGNED_HEADERS.principal]: principal,
      [SIGNED_HEADERS.requestId]: request.requestId,
      ...(request.clientAddress && { [SIGNED_HEADERS.clientAddress]: request.clientAddress }),
      [SIGNED_HEADERS.time]: time,
      [SIGNED_HEADERS.nonce]: nonce,
      [SIGNED_HEADERS.signature]: signature,
    };
  }

  /**
   * Verifies what has come to the subgraph `to`. Fault UNAUTHENTICATED if anything is missing, too old, not ours or for somebody
   * else, or has been here before; SERVICE_UNAVAILABLE if it is older than this process: sent again it is good.
   */
  verify(request: {
    to: SubgraphName;
    method: string;
    path: string;
    body: string;
    headers: Record<string, string | string[] | undefined>;
  }): VerifiedRequest {
    const header = (name: string): string => {
      const value = request.headers[name];
      return typeof value === 'string' ? value : '';
    };
    const principal = header(SIGNED_HEADERS.principal);
    const time = header(SIGNED_HEADERS.time);
    const requestId = header(SIGNED_HEADERS.requestId);
    const clientAddress = header(SIGNED_HEADERS.clientAddress);
    const given = Buffer.from(header(SIGNED_HEADERS.signature));
    const nonce = header(SIGNED_HEADERS.nonce);
    const now = this.seconds();
    const age = Math.abs(now - Number(time));
    const { to, method, path, body } = request;
    const signed = { to, method, path, body, principal, time, nonce, requestId, clientAddress };
    const ours = this.secrets.some((secret) => {
      const expected = Buffer.from(this.mac(secret, signed));
      return expected.length === given.length && timingSafeEqual(expected, given);
    });
    // Only what is ours is remembered, so that nobody else can fill the memory.
    if (!ours || !(age <= SIGNATURE_SECONDS) || !this.seen.isFirst(nonce, now))
      throw new Fault('UNAUTHENTICATED', 'The request is not signed by this shop.');
    // By a clock that was set back since, all would be older.
    if (now >= this.begunAt && Number(time) < this.begunAt) throw new Fault('SERVICE_UNAVAILABLE');
    return { principal: decodePrincipal(principal), requestId, ...(clientAddress && { clientAddress }) };
  }

  private seconds(): number {
    return this.clock.now().getTime() / 1000;
  }

  private mac(secret: string, parts: SignedParts): string {
    const body = createHash('sha256').update(parts.body).digest('base64url');
    const { time, nonce, to, method, path, principal, requestId } = parts;
    return createHmac('sha256', secret)
      .update([time, nonce, to, method, path, principal, requestId, body].join('\n'))
      .update(parts.clientAddress ? `\n${parts.clientAddress}` : '')
      .digest('base64url');
  }
}

type SignedParts = Omit<SignedRequest, 'principal'> & { principal: string; time: string; nonce: string };

/** Nonces of the last minutes: two generations, of which the older is dropped as a whole. */
class SeenNonces {
  private young = new Set<string>();
  private old = new Set<string>();
  private bornAt = 0;

  /** Whether it was never seen while its signature is good; `now` in seconds. */
  isFirst(nonce: string, now: number): boolean {
    // A signature is good from that long before its time until that long after it.
    if (Math.abs(now - this.bornAt) > 2 * SIGNATURE_SECONDS) {
      this.old = this.young;
      this.young = new Set();
      this.bornAt = now;
    }
    if (this.young.has(nonce) || this.old.has(nonce)) return false;
    this.young.add(nonce);
    return true;
  }
}

/** A principal signed by a newer version of ourselves may be of a kind we do not know: it may do what anybody may. */
function decodePrincipal(header: string): Principal {
  try {
    return principalSchema.parse(JSON.parse(Buffer.from(header, 'base64url').toString()));
  } catch {
    return ANONYMOUS;
  }
}
