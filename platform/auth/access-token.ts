/**
 * Access tokens: short-lived JWTs (EdDSA over Ed25519) that accounts signs and the gateway verifies with public keys only.
 * Claims: `iss` souk, `sub` the user's uuid, `role`, `sid` the session's uuid, `iat`, `exp`; header: `kid`.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { createLocalJWKSet, jwtVerify, SignJWT, type JSONWebKeySet } from 'jose';
import { z } from 'zod';
import type { Clock } from '../clock';
import { Fault } from '../errors';
import { ROLES, type Role, type UserPrincipal } from './principal';

const ISSUER = 'souk';
const ALGORITHM = 'EdDSA';

const claimsSchema = z.object({ sub: z.uuid(), role: z.enum(ROLES), sid: z.uuid(), exp: z.number() });

/** A signing key. `kid` names it in tokens and in the published key set. */
export interface AccessTokenKey {
  kid: string;
  /** Ed25519. */
  privateKey: KeyObject;
}

/** What a token says; ids are uuids. */
export interface AccessTokenClaims {
  userId: string;
  role: Role;
  sessionId: string;
  /** Kept to the second, rounded down. */
  expiresAt: Date;
}

/** Makes access tokens. */
export interface AccessTokenSigner {
  /** The token, in JWT compact form. */
  sign(claims: AccessTokenClaims): Promise<string>;
  /** Public halves of all keys, as published at /.well-known/jwks.json. */
  publicJwks(): JSONWebKeySet;
}

/** Signs with the first key; the others are published, so that tokens of before a rotation stay good. */
export function createAccessTokenSigner(keys: readonly AccessTokenKey[]): AccessTokenSigner {
  const [current] = keys;
  if (!current) throw new Error('Access tokens need at least one key.');
  const jwks: JSONWebKeySet = {
    keys: keys.map(({ kid, privateKey }) => ({
      ...createPublicKey(privateKey).export({ format: 'jwk' }),
      kty: 'OKP',
      kid,
      alg: ALGORITHM,
      use: 'sig',
    })),
  };
  return {
    sign: ({ userId, role, sessionId, expiresAt }) =>
      new SignJWT({ role, sid: sessionId })
        .setProtectedHeader({ alg: ALGORITHM, kid: current.kid })
        .setIssuer(ISSUER)
        .setSubject(userId)
        .setIssuedAt()
        .setExpirationTime(Math.floor(expiresAt.getTime() / 1000))
        .sign(current.privateKey),
    publicJwks: () => jwks,
  };
}

/** A token that was good when it was looked at, and until when it is. */
export interface VerifiedAccessToken {
  principal: UserPrincipal;
  expiresAt: Date;
}

/** Checks access tokens. */
export interface AccessTokenVerifier {
  /** Rejects with Fault UNAUTHENTICATED when the token is malformed, not ours or expired. */
  verify(token: string): Promise<VerifiedAccessToken>;
}

/** Verifies with the public keys of {@link AccessTokenSigner.publicJwks}; needs no private key. */
export function createAccessTokenVerifier(jwks: JSONWebKeySet, clock: Clock): AccessTokenVerifier {
  const keyOf = createLocalJWKSet(jwks);
  return {
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, keyOf, {
          issuer: ISSUER,
          algorithms: [ALGORITHM],
          requiredClaims: ['exp'],
          currentDate: clock.now(),
        });
        const { sub, role, sid, exp } = claimsSchema.parse(payload);
        return { principal: { kind: 'user', id: sub, role, sessionId: sid }, expiresAt: new Date(exp * 1000) };
      } catch (error) {
        // The reason is for the log: it may quote the token.
        throw new Fault('UNAUTHENTICATED', undefined, undefined, { cause: error });
      }
    },
  };
}
