import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSecrets } from '../../../platform/auth/development-secrets';
import { parseEncryptionKeys, parseJwtKeys } from '../../../platform/auth/secret-lists';
import { ConfigError, DEVELOPMENT_MARK, readConfig } from '../../../platform/config';

const key32 = randomBytes(32).toString('base64');
const der = (type: 'ed25519' | 'x25519'): string => {
  const { privateKey } = type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519');
  return privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
};
const problemsOf = (run: () => unknown): readonly string[] => {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error('nothing was wrong');
};

describe('secret lists', () => {
  it('reads encryption keys in order, with their versions', () => {
    const keys = parseEncryptionKeys([`7:${key32}`, `1-${DEVELOPMENT_MARK}:${randomBytes(32).toString('base64')}`]);
    expect(keys.map(({ version }) => version)).toEqual([7, 1]);
    expect(keys[0]?.key.toString('base64')).toBe(key32);
  });

  it.each([
    ['no version', key32, 'must be <version>:<base64>'],
    ['version 0', `0:${key32}`, 'must be <version>:<base64>'],
    ['a version past 32 bits', `4294967296:${key32}`, 'must be <version>:<base64>'],
    ['a short key', `1:${randomBytes(16).toString('base64')}`, 'must be 32 bytes'],
    ['what is not base64', `1:${'*'.repeat(44)}`, 'must be 32 bytes'],
  ])('refuses an encryption key with %s, without repeating it', (_, entry, message) => {
    const problems = problemsOf(() => parseEncryptionKeys([`2:${key32}`, entry]));
    expect(problems).toEqual([expect.stringContaining(`SOUK_ENCRYPTION_KEYS: entry 2 `)]);
    expect(problems[0]).toContain(message);
    expect(problems[0]).not.toContain(entry);
  });

  it('refuses two keys of one name and an empty list', () => {
    expect(problemsOf(() => parseEncryptionKeys([`1:${key32}`, `1:${key32}`]))).toHaveLength(1);
    expect(problemsOf(() => parseJwtKeys([`a:${der('ed25519')}`, `a:${der('ed25519')}`]))).toHaveLength(1);
    expect(problemsOf(() => parseJwtKeys([]))).toEqual(['SOUK_JWT_PRIVATE_KEYS: needs at least one entry']);
  });

  it('reads Ed25519 keys and refuses any other', () => {
    expect(parseJwtKeys([`2024-a:${der('ed25519')}`])[0]).toMatchObject({ kid: '2024-a' });
    expect(problemsOf(() => parseJwtKeys([`b:${der('x25519')}`]))[0]).toContain('must be an Ed25519 private key');
    expect(problemsOf(() => parseJwtKeys([`b:${key32}`]))[0]).toContain('must be an Ed25519 private key');
  });
});

describe('loadSecrets', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'souk-secrets-'));
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  it('gives processes that start together, and later ones, the same marked secrets', async () => {
    const config = readConfig({ DATA_DIR: join(dataDir, 'new') });
    const [first, ...others] = await Promise.all(Array.from({ length: 8 }, () => loadSecrets(config)));
    for (const other of [...others, await loadSecrets(config)]) expect(other).toEqual(first);
    const { sandboxWebhookSecret, ...lists } = first!;
    expect(Object.values(lists).flat()).toHaveLength(3);
    for (const value of Object.values(lists).flat()) expect(value).toContain(DEVELOPMENT_MARK);
    expect(sandboxWebhookSecret).toHaveLength(43);
    for (const value of lists.internalSecrets) expect(value).not.toContain(sandboxWebhookSecret);
    expect((await stat(join(dataDir, 'new/secrets.json'))).mode & 0o777).toBe(0o600);
  });

  it('makes nothing when everything is configured, and reports all that is wrong at once', async () => {
    const settings = {
      DATA_DIR: dataDir,
      SOUK_JWT_PRIVATE_KEYS: `k:${der('ed25519')}`,
      SOUK_INTERNAL_SECRETS: 'x'.repeat(32),
      SOUK_ENCRYPTION_KEYS: `1:${key32}`,
    };
    expect((await loadSecrets(readConfig(settings))).internalSecrets).toEqual(['x'.repeat(32)]);
    await expect(stat(join(dataDir, 'secrets.json'))).rejects.toThrow('ENOENT');
    const bad = readConfig({ ...settings, SOUK_INTERNAL_SECRETS: 'short', SOUK_ENCRYPTION_KEYS: '1:short' });
    await expect(loadSecrets(bad)).rejects.toMatchObject({
      problems: [expect.stringContaining('SOUK_INTERNAL_SECRETS'), expect.stringContaining('SOUK_ENCRYPTION_KEYS')],
    });
  });

  it('takes the webhook secret that is configured, and otherwise makes one that only who knows the others can make', async () => {
    const webhookSecret = 'w'.repeat(32);
    const secretOf = async (more: object) =>
      (await loadSecrets(readConfig({ DATA_DIR: dataDir, ...more }))).sandboxWebhookSecret;
    expect(await secretOf({ SANDBOX_WEBHOOK_SECRET: webhookSecret })).toBe(webhookSecret);
    const made = await secretOf({ SOUK_INTERNAL_SECRETS: 'x'.repeat(32) });
    expect(await secretOf({ SOUK_INTERNAL_SECRETS: `${'x'.repeat(32)},${'y'.repeat(32)}` })).toBe(made);
    expect(await secretOf({ SOUK_INTERNAL_SECRETS: 'y'.repeat(32) })).not.toBe(made);
  });

  it('says so when the file is damaged', async () => {
    await writeFile(join(dataDir, 'secrets.json'), '{"jwt');
    await expect(loadSecrets(readConfig({ DATA_DIR: dataDir }))).rejects.toThrow(/DATA_DIR: secrets\.json is damaged/);
    expect(await readFile(join(dataDir, 'secrets.json'), 'utf8')).toBe('{"jwt');
  });
});
