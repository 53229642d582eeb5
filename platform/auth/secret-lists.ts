/**
 * The secrets a process signs and encrypts with, as text. Each setting is a list: the first entry signs or encrypts, all
 * of them verify or decrypt, so a new one is added at the end, put in front when all processes know it, and the old one removed
 * when nothing it made is alive any more.
 *
 *   SOUK_INTERNAL_SECRETS   any text of 32 to 512 characters without a comma
 *   SOUK_ENCRYPTION_KEYS    <version>:<base64 of 32 bytes>            version: 1 to 2147483647, kept in every value
 *   SOUK_JWT_PRIVATE_KEYS   <kid>:<base64 of a PKCS#8 DER Ed25519 key> kid: 1 to 64 of A-Z a-z 0-9 _ -
 *
 * A value made for development carries DEVELOPMENT_MARK: in front of a kid or an internal secret, behind a version as
 * `1-development-only:…`. Production refuses those.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { ConfigError, DEVELOPMENT_MARK } from '../config';

/** A key of AES-256-GCM. Values carry the version they were encrypted with. */
export interface EncryptionKey {
  version: number;
  key: Buffer;
}

/** A key that signs access tokens; `kid` names it in tokens and in the published key set. */
export interface JwtKey {
  kid: string;
  privateKey: KeyObject;
}

const ENCRYPTION_KEY = new RegExp(`^([1-9]\\d{0,9})(?:-${DEVELOPMENT_MARK})?:(.+)$`);

/** Reads SOUK_ENCRYPTION_KEYS; the first encrypts. Throws ConfigError naming the entry, never its value. */
export function parseEncryptionKeys(list: readonly string[]): EncryptionKey[] {
  return parseList('SOUK_ENCRYPTION_KEYS', list, (entry) => {
    const [, version, encoded] = ENCRYPTION_KEY.exec(entry) ?? [];
    if (version === undefined || Number(version) > 2_147_483_647) {
      return 'must be <version>:<base64>, version a whole number from 1';
    }
    const key = decodeBase64(encoded);
    if (key?.length !== 32) return 'the key must be 32 bytes in base64';
    return { id: version, value: { version: Number(version), key } };
  });
}

/** Reads SOUK_JWT_PRIVATE_KEYS; the first signs. Throws ConfigError naming the entry, never its value. */
export function parseJwtKeys(list: readonly string[]): JwtKey[] {
  return parseList('SOUK_JWT_PRIVATE_KEYS', list, (entry) => {
    const [, kid, encoded] = /^([A-Za-z0-9_-]{1,64}):(.+)$/.exec(entry) ?? [];
    if (kid === undefined) return 'must be <kid>:<base64>, kid 1 to 64 letters, digits, "_" and "-"';
    const privateKey = readPrivateKey(decodeBase64(encoded));
    if (privateKey?.asymmetricKeyType !== 'ed25519') {
      return 'the key must be an Ed25519 private key, PKCS#8 DER in base64';
    }
    return { id: kid, value: { kid, privateKey } };
  });
}

/** Checks SOUK_INTERNAL_SECRETS; the first signs. Throws ConfigError naming the entry, never its value. */
export function parseInternalSecrets(list: readonly string[]): string[] {
  return parseList('SOUK_INTERNAL_SECRETS', list, (entry) =>
    entry.length < 32 || entry.length > 512 ? 'must be 32 to 512 characters' : { id: entry, value: entry },
  );
}

/** `read` gives the entry's identity, which must be its own, and its value; or what is wrong with it. */
function parseList<T>(
  setting: string,
  list: readonly string[],
  read: (entry: string) => { id: string; value: T } | string,
): T[] {
  const seen = new Set<string>();
  const values: T[] = [];
  const problems = list.length === 0 ? [`${setting}: needs at least one entry`] : [];
  list.forEach((entry, index) => {
    const result = read(entry);
    const name = `${setting}: entry ${index + 1}`;
    if (typeof result === 'string') problems.push(`${name} ${result}`);
    else if (seen.has(result.id)) problems.push(`${name} has the name of an earlier one`);
    else {
      seen.add(result.id);
      values.push(result.value);
    }
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return values;
}

/** Buffer.from skips what is not base64; a damaged key must not pass as a shorter one. */
function decodeBase64(text: string | undefined): Buffer | undefined {
  return text !== undefined && /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}

function readPrivateKey(der: Buffer | undefined): KeyObject | undefined {
  try {
    return der && createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch {
    return undefined;
  }
}
