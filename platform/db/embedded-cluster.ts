/** The files of an embedded server: made once, freed from what a killed run left, and read to learn how far it is. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartProblem } from '../start-problem';
import type { EmbeddedBinaries } from './embedded-binaries';
import type { EmbeddedHome } from './embedded-home';
import { CLEAN_ENVIRONMENT } from './embedded-user';

/** The server's superuser, the only role it has. */
export const SUPERUSER = 'souk';

/** How long a server left by a killed run may take to stop, in ms, when asked kindly, and when told to drop everything. */
const STRAY_STOP_MS: readonly [NodeJS.Signals, number][] = [
  ['SIGINT', 3_000],
  ['SIGQUIT', 2_000],
  ['SIGKILL', 1_000],
];

/** Makes the cluster unless it is there; gives its superuser's password. Takes about a second the first time. */
export async function prepareCluster(home: EmbeddedHome, binaries: EmbeddedBinaries): Promise<string> {
  const passwordFile = join(home.directory, 'password');
  if (await exists(join(home.data, 'PG_VERSION'))) return readFile(passwordFile, 'utf8');
  const password = randomBytes(24).toString('hex');
  await writeFile(passwordFile, password, { mode: 0o600 });
  // Made under another name: a cluster that initdb was killed over must not be taken for a whole one.
  const unfinished = `${home.data}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  const handedOver = join(home.directory, 'password.new');
  await writeFile(handedOver, password, { mode: 0o600 });
  if (home.user) for (const path of [unfinished, handedOver]) await chown(path, home.user.uid, home.user.gid);
  try {
    initialize(unfinished, handedOver, home, binaries);
  } finally {
    await rm(handedOver);
  }
  await rename(unfinished, home.data);
  return password;
}

function initialize(directory: string, passwordFile: string, home: EmbeddedHome, binaries: EmbeddedBinaries): void {
  const { status, stderr } = spawnSync(
    binaries.initdb,
    [
      ...['--pgdata', directory, '--username', SUPERUSER, '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
      // The provider built in sorts and folds case the same on every machine, whatever locales are installed.
      ...['--encoding', 'UTF8', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--locale', 'C'],
      // An empty cluster lost to a power cut is made again.
      ...['--no-sync', '--no-instructions'],
    ],
    { ...home.user, cwd: '/', env: CLEAN_ENVIRONMENT, encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] },
  );
  if (status === 0) return;
  throw new StartProblem(`initdb failed: ${lastLine(stderr) ?? 'it was killed'}`);
}

/** What a running server says of itself in postmaster.pid. */
export interface ServerStatus {
  pid: number;
  port: number;
  /** Whether it answers; false while it starts and while it ends. */
  ready: boolean;
}

/** Reads postmaster.pid; undefined when there is none. What it says may be about a server that is gone. */
export async function readStatus(data: string): Promise<ServerStatus | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const lines = text.split('\n').map((line) => line.trim());
  return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7] === 'ready' };
}

/** Stops a server that outlived the process that started it; removes its pid file if another program has its pid now. */
export async function stopStray(data: string): Promise<void> {
  const status = await readStatus(data);
  if (status === undefined || !Number.isInteger(status.pid)) return;
  for (const [signal, patience] of STRAY_STOP_MS) {
    if (!(await worksOn(status.pid, data))) break;
    process.kill(status.pid, signal);
    for (const until = Date.now() + patience; Date.now() < until && (await worksOn(status.pid, data));) await sleep(10);
  }
  // PostgreSQL would refuse to start if any process had the pid in this file.
  await rm(join(data, 'postmaster.pid'), { force: true });
}

/** Whether that process is a server on that cluster: a server's working directory is its cluster. */
async function worksOn(pid: number, data: string): Promise<boolean> {
  if (process.platform === 'linux') return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === data;
  const { stdout } = spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { env: CLEAN_ENVIRONMENT, encoding: 'utf8' });
  return stdout.includes(` -D ${data} `);
}

/** The last line of a text that says something, without PostgreSQL's time stamp. */
export function lastLine(text: string): string | undefined {
  return text
    .trim()
    .split('\n')
    .at(-1)
    ?.replace(/^.*?(?=FATAL|PANIC|ERROR|initdb)/, '');
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
