import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../platform/db/embedded-postgres';
import { SHARED_HOME } from '../../platform/db/embedded-home';
import { mayEnter } from '../../platform/db/embedded-user';
import { createLog } from '../../platform/log';
import { PROJECT_ROOT } from '../../platform/root';
import { holdEmbedded } from '../support/embedded-shop';

const log = createLog({ level: 'silent', name: 'test' });
const isRoot = process.geteuid?.() === 0;
const NOBODY = { uid: 65_534, gid: 65_534 };
const nobodyMayRunUs = isRoot && [PROJECT_ROOT, dirname(process.execPath)].every((path) => mayEnter(NOBODY, path));

let base: string;
const running: EmbeddedPostgres[] = [];
const homesOutside: string[] = [];

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'souk-embedded-'));
  await chmod(base, 0o755);
});
afterEach(() => Promise.all(running.splice(0).map((server) => server.stop())));
afterAll(async () => {
  await Promise.all([base, ...homesOutside].map((path) => rm(path, { recursive: true })));
  await rmdir(SHARED_HOME).catch(() => undefined); // unless there is more in it
});

const start = async (dataDir: string, join?: boolean): Promise<EmbeddedPostgres> => {
  const server = await startEmbeddedPostgres({ dataDir, log, join });
  running.push(server);
  return server;
};
const query = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};
const exists = (path: string): Promise<boolean> => stat(path).then(() => true, () => false); // prettier-ignore

it('keeps its data between starts, on loopback with a password, and leaves nothing running', async () => {
  const dataDir = join(base, 'plain');
  const first = await start(dataDir);
  await query(first.url, 'create table kept as select 1 as one');
  expect(await query(first.url, `select current_setting('fsync') as fsync, lower('ÄÖ') as lower`)).toEqual([
    { fsync: 'on', lower: 'äö' },
  ]);
  const { port, hostname } = new URL(first.url);
  expect(hostname).toBe('127.0.0.1');
  expect(Number(port)).toBeLessThan(32_768);
  await expect(query(first.url.replace(/:[0-9a-f]+@/, ':wrong@'), 'select 1')).rejects.toMatchObject({ code: '28P01' });
  expect((await stat(join(dataDir, 'postgres/data'))).mode & 0o777).toBe(0o700);
  expect((await stat(join(dataDir, 'postgres/password'))).mode & 0o777).toBe(0o600);
  await first.stop();
  expect(await exists(join(dataDir, 'postgres/data/postmaster.pid'))).toBe(false);

  const second = await start(dataDir);
  expect(await query(second.url, 'select one from kept')).toEqual([{ one: 1 }]);
});

it('stops at once though clients are connected, and only once', async () => {
  const server = await start(join(base, 'plain'));
  const client = new Client({ connectionString: server.url });
  client.on('error', () => undefined);
  const lost = new Promise((resolve) => client.once('end', resolve));
  await client.connect();
  const begun = Date.now();
  await Promise.all([server.stop(), server.stop()]);
  expect(Date.now() - begun).toBeLessThan(5_000);
  await lost;
});

it('runs two shops beside each other', async () => {
  const [one, other] = await Promise.all([start(join(base, 'plain')), start(join(base, 'other'))]);
  expect(await query(one.url, 'select 1 as n')).toEqual(await query(other.url, 'select 1 as n'));
  expect(one.url).not.toBe(other.url);
});

it('gives one clear line when another shop has the directory, and joins it when asked to', async () => {
  const dataDir = join(base, 'plain');
  const [a, b] = await Promise.allSettled([start(dataDir), start(dataDir)]);
  const outcomes = [a, b].sort((x, y) => x.status.localeCompare(y.status));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  const [, refused] = outcomes;
  const message = refused?.status === 'rejected' && refused.reason instanceof Error ? refused.reason.message : '';
  expect(message).toMatch(
    /^DATA_DIR .* is in use by another shop \(pid \d+\): stop that one, or set another DATA_DIR\.$/,
  );

  const joined = await start(dataDir, true);
  expect(joined.url).toBe(running[0]?.url);
  await joined.stop();
  expect(await query(joined.url, 'select 1 as n')).toEqual([{ n: 1 }]);
});

it('takes over after kill -9: the server that was left is stopped, its data is there', async () => {
  const dataDir = join(base, 'killed');
  const shop = await holdEmbedded(dataDir);
  await query(shop.url, 'create table kept as select 7 as seven');
  shop.process.kill('SIGKILL');
  await once(shop.process, 'exit');
  expect(await query(shop.url, 'select 1 as n')).toEqual([{ n: 1 }]); // still up, nobody's

  const server = await start(dataDir);
  expect(await query(server.url, 'select seven from kept')).toEqual([{ seven: 7 }]);
  await expect(query(shop.url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

it('recovers when the server was killed too, and when its pid is another program now', async () => {
  const dataDir = join(base, 'killed');
  const pidFile = join(dataDir, 'postgres/data/postmaster.pid');
  const shop = await holdEmbedded(dataDir);
  const left = await readFile(pidFile, 'utf8');
  shop.process.kill('SIGKILL');
  process.kill(Number.parseInt(left, 10), 'SIGKILL');
  await once(shop.process, 'exit');
  await writeFile(pidFile, left.replace(/^\d+/, String(process.pid)));

  const server = await start(dataDir);
  expect(await query(server.url, 'select seven from kept')).toEqual([{ seven: 7 }]);
});

it('begins again after a kill in the middle of making the cluster', async () => {
  const dataDir = join(base, 'half');
  await mkdir(join(dataDir, 'postgres/data.new/base'), { recursive: true });
  expect(await query((await start(dataDir)).url, 'select 1 as n')).toEqual([{ n: 1 }]);
  expect(await readdir(join(dataDir, 'postgres'))).not.toContain('data.new');
});

it('ends with its shop when that ends by itself', async () => {
  const shop = await holdEmbedded(join(base, 'killed'));
  shop.process.stdin?.end();
  await once(shop.process, 'exit');
  await expect(query(shop.url, 'select 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

(nobodyMayRunUs ? it : it.skip)('works for an ordinary user, whose directory root can use afterwards', async () => {
  const dataDir = join(base, 'ordinary');
  await mkdir(dataDir, { mode: 0o700 });
  await chown(dataDir, NOBODY.uid, NOBODY.gid);
  const shop = await holdEmbedded(dataDir, NOBODY);
  expect(await query(shop.url, 'select 1 as n')).toEqual([{ n: 1 }]);
  shop.process.stdin?.end();
  await once(shop.process, 'exit');
  expect(await query((await start(dataDir)).url, 'select 1 as n')).toEqual([{ n: 1 }]);
  await expect(holdEmbedded(join(base, 'plain'), NOBODY)).rejects.toThrow(/^DATA_DIR .* cannot be made or written to/);
});

(isRoot ? it : it.skip)('as root, keeps the data elsewhere when only root may enter DATA_DIR', async () => {
  const closed = join(base, 'closed');
  await mkdir(closed, { mode: 0o700 });
  const dataDir = join(closed, 'data-dir');
  const first = await start(dataDir);
  const home = (await readFile(join(dataDir, 'postgres.location'), 'utf8')).trim();
  homesOutside.push(home);
  expect(home).toMatch(/^\/var\/lib\/souk\/shop-/);
  expect((await stat(home)).uid).toBe(0);
  expect((await stat(join(home, 'data'))).mode & 0o777).toBe(0o700);
  await query(first.url, 'create table kept as select 1 as one');
  await first.stop();
  expect(await query((await start(dataDir)).url, 'select one from kept')).toEqual([{ one: 1 }]);
});
