/**
 * Field encryption for personal data: AES-256-GCM with the key's version in the value, so that keys can be rotated.
 * To rotate, add a new key anywhere but in front, so that every process can open what it seals; then put it in front: it seals
 * from then on, the others go on opening what they sealed.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { ValueTransformer } from 'typeorm';
import type { z } from 'zod';
import { Fault } from './errors';

/** A key: its version (1 to 2147483647, higher than those of all keys before it) and 32 random bytes. */
export interface SealingKey {
  version: number;
  key: Buffer;
}

/** Seals and opens personal fields. */
export interface Sealer {
  /** `v<version>.<base64url of nonce, ciphertext and tag>`; different at each call, so it cannot be looked up by. */
  seal(text: string): string;
  /** The text; Fault INTERNAL_ERROR, without any content, if the key is unknown or the value was changed. */
  open(sealed: string): string;
  /** Seals a JSON value, such as an address. */
  sealJson(value: unknown): string;
  /** Opens and decodes a JSON value; Fault INTERNAL_ERROR, without any content, if it is not what the schema says. */
  openJson<T>(sealed: string, schema: z.ZodType<T>): T;
  /**
   * What to look a sealed text up by: HMAC-SHA256 as base64url, 43 characters, equal for equal texts. Bring the text to
   * one form (an e-mail to lower case) first. Its key comes from the oldest of the list, the one with the lowest version, so
   * a new key leaves every index findable; taking the oldest away means computing all indexes anew.
   */
  blindIndex(text: string): string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORM = /^v([1-9]\d{0,9})\.([A-Za-z0-9_-]+)$/;

/** A sealer over a list of keys: the first seals, all open. Throws RangeError if the list is not usable. */
export function createSealer(keys: readonly SealingKey[]): Sealer {
  const sealing = keys[0];
  if (!sealing) throw new RangeError('a sealer needs a key');
  for (const { version, key } of keys) {
    if (!Number.isInteger(version) || version < 1 || version > 2_147_483_647) throw new RangeError('not a key version');
    if (key.length !== 32) throw new RangeError('a sealing key has 32 bytes');
  }
  // Two keys of one version: half of what was sealed could not be opened any more, and nobody would know which half.
  const byVersion = new Map(keys.map(({ version, key }) => [version, derive(key, 'souk field encryption')]));
  if (byVersion.size !== keys.length) throw new RangeError('two sealing keys have the same version');
  const oldest = keys.reduce((older, key) => (key.version < older.version ? key : older), sealing);
  const sealingKey = derive(sealing.key, 'souk field encryption');
  const indexKey = derive(oldest.key, 'souk blind index');

  const seal = (text: string): string => {
    const prefix = `v${sealing.version}`;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', sealingKey, nonce).setAAD(Buffer.from(prefix));
    const body = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return `${prefix}.${Buffer.concat(body).toString('base64url')}`;
  };
  const open = (sealed: string): string => {
    const [, version, body] = FORM.exec(sealed) ?? [];
    const key = byVersion.get(Number(version));
    const bytes = Buffer.from(body ?? '', 'base64url');
    if (!key || bytes.length < NONCE_BYTES + TAG_BYTES) throw unreadable();
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(`v${version}`)).setAuthTag(bytes.subarray(-TAG_BYTES));
      return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    } catch {
      throw unreadable();
    }
  };
  return {
    seal,
    open,
    sealJson: (value) => seal(JSON.stringify(value)),
    openJson: (sealed, schema) => decode(open(sealed), schema),
    blindIndex: (text) => createHmac('sha256', indexKey).update(text).digest('base64url'),
  };
}

/** One key for one purpose: what is learnt about the index can say nothing about the encryption. */
function derive(key: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), purpose, 32));
}

function decode<T>(text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    // Neither as cause: a decoder's error may quote the value.
    throw unreadable();
  }
}

function unreadable(): Fault {
  return new Fault('INTERNAL_ERROR');
}

let installed: Sealer | undefined;

/**
 * Gives sealed columns their sealer, once, before the first statement. Process-wide, because TypeORM reads transformers
 * from decorators, which run when an entity's file is loaded, and knows nothing of configuration: the key arrives later.
 */
export function installSealer(sealer: Sealer): void {
  installed = sealer;
}

/**
 * Transformer of a personal text column (`type: 'text'`); null stays null. The column cannot be searched, since equal
 * texts are sealed differently: keep a blind index beside it. For the same reason TypeORM's `save` of a loaded entity
 * sees the column as changed and writes it again; on hot paths use `update` with the columns that change.
 */
export function sealedColumn(): ValueTransformer {
  return {
    to: (text: string | null | undefined) => (typeof text === 'string' ? sealer().seal(text) : text),
    from: (sealed: string | null | undefined) => (typeof sealed === 'string' ? sealer().open(sealed) : sealed),
  };
}

function sealer(): Sealer {
  if (!installed) throw new Error('installSealer() has not been called');
  return installed;
}
