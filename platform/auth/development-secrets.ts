/**
 * Secrets for a shop that was given none: made once, in DATA_DIR/secrets.json, and marked so that production refuses
 * them. The formats are in secret-lists.ts.
 */
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError, DEVELOPMENT_MARK, type Config } from '../config';
import { parseEncryptionKeys, parseInternalSecrets, parseJwtKeys } from './secret-lists';

/** The lists as text, in the formats above; each has at least one entry. */
interface SecretLists {
  jwtPrivateKeys: string[];
  internalSecrets: string[];
  encryptionKeys: string[];
}

/** All that a process signs and encrypts with. */
export interface Secrets extends SecretLists {
  /** What the sandbox signs its webhooks with. */
  sandboxWebhookSecret: string;
}

const secretsFile = z.object({
  jwtPrivateKeys: z.array(z.string()).min(1),
  internalSecrets: z.array(z.string()).min(1),
  encryptionKeys: z.array(z.string()).min(1),
});

/**
 * The configured secrets, checked; what is not configured comes from DATA_DIR/secrets.json, which the first process makes
 * (mode 0600) and every other one reads. Throws ConfigError with everything that is wrong.
 */
export async function loadSecrets(config: Config): Promise<Secrets> {
  const { jwtPrivateKeys, internalSecrets, encryptionKeys } = config;
  const complete = jwtPrivateKeys && internalSecrets && encryptionKeys;
  const made = complete ? undefined : await developmentSecrets(config);
  const secrets = {
    jwtPrivateKeys: jwtPrivateKeys ?? made?.jwtPrivateKeys ?? [],
    internalSecrets: internalSecrets ?? made?.internalSecrets ?? [],
    encryptionKeys: encryptionKeys ?? made?.encryptionKeys ?? [],
  };
  const problems = [
    ...problemsOf(() => parseJwtKeys(secrets.jwtPrivateKeys)),
    ...problemsOf(() => parseInternalSecrets(secrets.internalSecrets)),
    ...problemsOf(() => parseEncryptionKeys(secrets.encryptionKeys)),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...secrets, sandboxWebhookSecret: config.sandbox.webhookSecret ?? webhookSecretOf(secrets) };
}

/** Made of the first internal secret: the shop and the sandbox that it starts agree on it without being told. */
function webhookSecretOf({ internalSecrets: [first = ''] }: SecretLists): string {
  return createHmac('sha256', first).update('souk sandbox webhooks').digest('base64url');
}

function problemsOf(parse: () => unknown): readonly string[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

async function developmentSecrets(config: Config): Promise<SecretLists> {
  if (config.production)
    throw new ConfigError(['SOUK_JWT_PRIVATE_KEYS, SOUK_INTERNAL_SECRETS, SOUK_ENCRYPTION_KEYS: required']);
  const directory = resolve(config.dataDir);
  const file = join(directory, 'secrets.json');
  const existing = await readSecrets(file);
  if (existing !== undefined) return existing;
  await mkdir(directory, { recursive: true });
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(temporary, `${JSON.stringify(makeSecrets(), null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  try {
    // A link appears whole or not at all, and never over one that is there: processes started together agree on the first.
    await link(temporary, file);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(temporary);
  }
  const made = await readSecrets(file);
  if (made === undefined) throw new ConfigError(['DATA_DIR: secrets.json was removed while it was being made']);
  return made;
}

async function readSecrets(file: string): Promise<SecretLists | undefined> {
  try {
    return secretsFile.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    const why = hasCode(error, 'EACCES')
      ? 'belongs to another user'
      : 'is damaged: put it back, or remove all of DATA_DIR';
    throw new ConfigError([`DATA_DIR: secrets.json ${why}`]);
  }
}

function makeSecrets(): SecretLists {
  const { privateKey } = generateKeyPairSync('ed25519');
  const der = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  return {
    jwtPrivateKeys: [`${DEVELOPMENT_MARK}-${randomBytes(4).toString('hex')}:${der}`],
    internalSecrets: [`${DEVELOPMENT_MARK}-${randomBytes(32).toString('base64url')}`],
    encryptionKeys: [`1-${DEVELOPMENT_MARK}:${randomBytes(32).toString('base64')}`],
  };
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
