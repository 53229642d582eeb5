/** Who shows this token? The cryptography is done once for each token and remembered until the token expires. */
import { LRUCache } from 'lru-cache';
import type { AccessTokenVerifier, VerifiedAccessToken } from '../platform/auth/access-token';
import { ANONYMOUS, type Principal } from '../platform/auth/principal';
import type { Clock } from '../platform/clock';
import { Fault } from '../platform/errors';
import type { Sessions } from './session-watch';

/** Tokens remembered, at most; about 1 kB each. */
const REMEMBERED_TOKENS = 10_000;
/** Ours have about 400 characters; a header can hold 16 kB. */
const LONGEST_TOKEN = 4_096;

/** Turns what a client shows into a principal. */
export interface Authenticator {
  /**
   * For an `authorization` value, "Bearer …": nobody if it is missing or empty. Rejects with Fault UNAUTHENTICATED if it
   * is anything else than a good token of a session that stands, as far as is known (session-watch.ts).
   */
  authenticate(authorization: string | undefined): Promise<Principal>;
  /**
   * The same for what is opened and kept open (sockets, streams): also looks whether the session stands, and says until when
   * the token is good. Rejects as above, also when the session is over.
   */
  authenticateSession(authorization: string | undefined): Promise<Identity>;
  /** For a token by itself, as accounts hands it out. Rejects as above. */
  verify(token: string): Promise<Principal>;
}

/** Who it is, and until when the token says so; nobody has no end. */
export interface Identity {
  principal: Principal;
  expiresAt?: Date;
}

/** Makes the authenticator. */
export function createAuthenticator(
  verifier: AccessTokenVerifier,
  clock: Clock,
  sessions: Pick<Sessions, 'confirm' | 'confirmLately'>,
): Authenticator {
  const known = new LRUCache<string, VerifiedAccessToken>({ max: REMEMBERED_TOKENS });

  async function verified(token: string): Promise<VerifiedAccessToken> {
    if (token.length > LONGEST_TOKEN) throw new Fault('UNAUTHENTICATED');
    const remembered = known.get(token);
    if (remembered && remembered.expiresAt > clock.now()) return remembered;
    known.delete(token);
    const fresh = await verifier.verify(token);
    known.set(token, fresh);
    return fresh;
  }

  async function identify(authorization: string | undefined): Promise<Identity> {
    if (authorization === undefined || authorization === '') return { principal: ANONYMOUS };
    const token = /^Bearer +([^ ]+)$/i.exec(authorization)?.[1];
    if (token === undefined) throw new Fault('UNAUTHENTICATED');
    return verified(token);
  }

  return {
    verify: async (token) => (await verified(token)).principal,
    authenticate: async (authorization) => {
      const { principal } = await identify(authorization);
      await sessions.confirmLately(principal);
      return principal;
    },
    authenticateSession: async (authorization) => {
      const identity = await identify(authorization);
      await sessions.confirm(identity.principal);
      return identity;
    },
  };
}
