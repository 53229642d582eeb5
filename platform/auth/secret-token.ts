/**
 * Tokens that are a secret in themselves: refresh tokens, guest order tokens. Only their hash is stored. Plain SHA-256
 * suffices, unlike for passwords: 256 random bits cannot be guessed however fast the hash is, so a salt or a slow hash
 * would buy nothing and cost a look-up by index.
 */
import { createHash, randomBytes } from 'node:crypto';

/** A new token: 256 random bits as base64url, 43 characters. Shown to its owner once, never stored or logged. */
export function newSecretToken(): string {
  return randomBytes(32).toString('base64url');
}

/** What is stored and looked up in place of the token: SHA-256 as base64url, 43 characters. */
export function hashSecretToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
