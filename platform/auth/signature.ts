/**
 * Signed requests between our own processes: HMAC-SHA256 over time, method, path, principal, request id and body.
 * A subgraph answers nobody who cannot sign. A signature is good for SIGNATURE_SECONDS either side of our clock.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock';
import { Fault } from '../errors';
import { ANONYMOUS, principalSchema, type Principal } from './principal';

/** How far sender's and receiver's clocks may differ, in seconds. */
const SIGNATURE_SECONDS = 60;

/** Header names of a signed request. */
export const SIGNED_HEADERS = {
  principal: 'x-souk-principal',
  requestId: 'x-request-id',
  time: 'x-souk-time',
  signature: 'x-souk-signature',
} as const;

/** What is signed besides the time. `body` is the exact bytes sent. */
export interface SignedRequest {
  method: string;
  path: string;
  body: string;
  principal: Principal;
  requestId: string;
}

/** What a verified request says about its sender. */
export interface VerifiedRequest {
  principal: Principal;
  requestId: string;
}

/** Signs and verifies with a list of secrets: the first signs, all verify, so that a secret can be rotated. */
export class RequestSigner {
  constructor(
    private readonly secrets: readonly string[],
    private readonly clock: Clock,
  ) {}

  /** Headers to send with the request. */
  sign(request: SignedRequest): Record<string, string> {
    const principal = Buffer.from(JSON.stringify(request.principal)).toString('base64url');
    const time = Math.floor(this.clock.now().getTime() / 1000).toString();
    const signature = this.mac(this.secrets[0] ?? '', { ...request, principal, time });
    return {
      [SIGNED_HEADERS.principal]: principal,
      [SIGNED_HEADERS.requestId]: request.requestId,
      [SIGNED_HEADERS.time]: time,
      [SIGNED_HEADERS.signature]: signature,
    };
  }

  /** Verifies; UNAUTHENTICATED if anything is missing, too old or not ours. */
  verify(request: {
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
    const given = Buffer.from(header(SIGNED_HEADERS.signature));
    const age = Math.abs(this.clock.now().getTime() / 1000 - Number(time));
    const signed = { method: request.method, path: request.path, body: request.body, principal, time, requestId };
    const ours = this.secrets.some((secret) => {
      const expected = Buffer.from(this.mac(secret, signed));
      return expected.length === given.length && timingSafeEqual(expected, given);
    });
    if (!ours || !(age <= SIGNATURE_SECONDS))
      throw new Fault('UNAUTHENTICATED', 'The request is not signed by this shop.');
    return { principal: decodePrincipal(principal), requestId };
  }

  private mac(
    secret: string,
    parts: { method: string; path: string; body: string; principal: string; time: string; requestId: string },
  ): string {
    const body = createHash('sha256').update(parts.body).digest('base64url');
    return createHmac('sha256', secret)
      .update([parts.time, parts.method, parts.path, parts.principal, parts.requestId, body].join('\n'))
      .digest('base64url');
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
