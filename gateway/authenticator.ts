/** Who shows this token? The cryptography is done once for each token and remembered until the token expires. */
import { LRUCache } from 'lru-cache';
import type { AccessTokenVerifier, VerifiedAccessToken } from '../platform/auth/access-token';
import { ANONYMOUS, type Principal } from '../platform/auth/principal';
import type { Clock } from '../platform/clock';
import { Fault } from '../platform/errors';

/** Tokens remembered, at most; about 1 kB each. */
const REMEMBERED_TOKENS = 10_000;
/** Ours have about 400 characters; a header can hold 16 kB. */
const LONGEST_TOKEN = 4_096;

/** Turns what a client shows into a principal. */
export interface Authenticator {
  /**
   * For an `authorization` value, "Bearer …": nobody if it is missing or empty. Rejects with Fault UNAUTHENTICATED if it
   * is anything else than a good token.
   */
  authenticate(authorization: string | undefined): Promise<Principal>;
  /** For a token by itself, as accounts hands it out. Rejects as above. */
  verify(token: string): Promise<Principal>;
}

/** Makes the authenticator. */
export function createAuthenticator(verifier: AccessTokenVerifier, clock: Clock): Authenticator {
  const known = new LRUCache<string, VerifiedAccessToken>({ max: REMEMBERED_TOKENS });

  async function verify(token: string): Promise<Principal> {
    if (token.length > LONGEST_TOKEN) throw new Fault('UNAUTHENTICATED');
    const remembered = known.get(token);
    if (remembered && remembered.expiresAt > clock.now()) return remembered.principal;
    known.delete(token);
    const verified = await verifier.verify(token);
    known.set(token, verified);
    return verified.principal;
  }

  return {
    verify,
    authenticate: async (authorization) => {
      if (authorization === undefined || authorization === '') return ANONYMOUS;
      const token = /^Bearer +([^ ]+)$/i.exec(authorization)?.[1];
      if (token === undefined) throw new Fault('UNAUTHENTICATED');
      return verify(token);
    },
  };
}
