/**
 * Access tokens: short-lived JWTs (EdDSA over Ed25519) that accounts signs and the gateway verifies with public keys only.
 * Claims: `iss` souk, `sub` the user's uuid, `role`, `sid` the session's uuid, `tier` unless it is STANDARD, `iat`, `exp`; header: `kid`. Of an API client:
 * `sub` its uuid, `client` true, `owner` the partner's uuid, `key` the uuid of the key, `scope` with spaces between, `tier`.
 */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { createLocalJWKSet, jwtVerify, SignJWT, type JSONWebKeySet, type JWTPayload } from 'jose';
import { z } from 'zod';
import type { Clock } from '../clock';
import { Fault } from '../errors';
import {
  RATE_TIERS,
  ROLES,
  SCOPES,
  type ClientPrincipal,
  type RateTier,
  type Role,
  type UserPrincipal,
} from './principal';

const ISSUER = 'souk';
const ALGORITHM = 'EdDSA';

const claimsSchema = z.object({
  sub: z.uuid(),
  role: z.enum(ROLES),
  sid: z.uuid(),
  tier: z.enum(RATE_TIERS).optional(),
});
const clientClaimsSchema = z.object({
  sub: z.uuid(),
  client: z.literal(true),
  owner: z.uuid(),
  key: z.uuid(),
  scope: z.string().transform((scope) => SCOPES.filter((one) => scope.split(' ').includes(one))),
  tier: z.enum(RATE_TIERS),
});

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
  rateTier?: RateTier;
  /** Kept to the second, rounded down. */
  expiresAt: Date;
}

/** Makes access tokens. */
export interface AccessTokenSigner {
  /** The token, in JWT compact form. */
  sign(claims: AccessTokenClaims): Promise<string>;
  /** The same for an API client. */
  signClient(client: ClientPrincipal, expiresAt: Date): Promise<string>;
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
  const signed = (subject: string, claims: JWTPayload, expiresAt: Date): Promise<string> =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, kid: current.kid })
      .setIssuer(ISSUER)
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime(Math.floor(expiresAt.getTime() / 1000))
      .sign(current.privateKey);
  return {
    sign: ({ userId, role, sessionId, rateTier, expiresAt }) =>
      signed(userId, { role, sid: sessionId, ...(rateTier && { tier: rateTier }) }, expiresAt),
    signClient: ({ id, ownerId, keyId, scopes, rateTier }, expiresAt) =>
      signed(id, { client: true, owner: ownerId, key: keyId, scope: scopes.join(' '), tier: rateTier }, expiresAt),
    publicJwks: () => jwks,
  };
}

/** A token that was good when it was looked at, and until when it is. */
export interface VerifiedAccessToken {
  principal: UserPrincipal | ClientPrincipal;
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
        const principal = payload['client'] === undefined ? userOf(payload) : clientOf(payload);
        return { principal, expiresAt: new Date((payload.exp ?? 0) * 1000) };
      } catch (error) {
        // The reason is for the log: it may quote the token.
        throw new Fault('UNAUTHENTICATED', undefined, undefined, { cause: error });
      }
    },
  };
}

function userOf(payload: JWTPayload): UserPrincipal {
  const { sub, role, sid, tier } = claimsSchema.parse(payload);
  return { kind: 'user', id: sub, role, sessionId: sid, ...(tier && { rateTier: tier }) };
}

function clientOf(payload: JWTPayload): ClientPrincipal {
  const { sub, owner, key, scope, tier } = clientClaimsSchema.parse(payload);
  return { kind: 'client', id: sub, ownerId: owner, keyId: key, scopes: scope, rateTier: tier };
}
