/**
 * PostgreSQL from npm, for a shop that was given no DATABASE_URL: a server of its own in DATA_DIR, on a free port of
 * 127.0.0.1, with a password. Its data stays between starts, and through a kill -9 of either process.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port';
import type { Log } from '../log';
import { StartProblem } from '../start-problem';
import { findBinaries } from './embedded-binaries';
import { lastLine, prepareCluster, readStatus, stopStray, SUPERUSER } from './embedded-cluster';
import { findHome, type EmbeddedHome } from './embedded-home';
import { lockDirectory } from './embedded-lock';
import { CLEAN_ENVIRONMENT } from './embedded-user';

/** A server that answers. */
export interface EmbeddedPostgres {
  /** A superuser's URL, of the database "postgres". */
  url: string;
  /** Ends the server, connections included, within 5 s. Later calls wait for the first. */
  stop(): Promise<void>;
}

/** Where, and whether a server that another process has started there will do. */
export interface EmbeddedOptions {
  /** DATA_DIR: made if missing. */
  dataDir: string;
  log: Log;
  /** For commands beside a running shop: its server is used, and `stop` leaves it alone. Default false. */
  join?: boolean;
}

/** Starting again helps against a port taken at the last moment and the last processes of a server that was killed. */
const ATTEMPTS = 5;
/** Recovery after a kill can take a while on a slow disk. */
const START_MS = 60_000;
const FAST_STOP_MS = 4_000;

/** Small, on one machine, and still safe: what is committed is on disk. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 120,
  shared_buffers: '64MB',
  jit: 'off',
  huge_pages: 'off',
  // No helpers that nobody needs here: readers of files, parallel workers, replication.
  io_method: 'sync',
  max_parallel_workers_per_gather: 0,
  max_logical_replication_workers: 0,
  wal_level: 'minimal',
  max_wal_senders: 0,
  max_wal_size: '512MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Statements and the details of errors repeat values, personal ones among them.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

/**
 * Starts the server of `dataDir`: under 3 s the first time, then under 0.5 s. One that a killed run left is stopped first.
 * Throws {@link StartProblem} when it cannot be, or when another living process has it and `join` is not set.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const home = await findHome(options.dataDir);
  const lock = await lockDirectory(home.directory);
  if ('heldBy' in lock) {
    if (options.join) return joinServer(home);
    throw new StartProblem(
      `DATA_DIR ${options.dataDir} is in use by another shop (pid ${lock.heldBy}): stop that one, or set another DATA_DIR.`,
    );
  }
  try {
    const binaries = await findBinaries(home);
    const password = await prepareCluster(home, binaries);
    await stopStray(home.data);
    const { server, port } = await startServer(binaries.postgres, home);
    return { url: urlOf(password, port), stop: supervise(server, lock.release, options.log) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The server of a living shop, which may still be starting. */
async function joinServer(home: EmbeddedHome): Promise<EmbeddedPostgres> {
  const until = Date.now() + START_MS;
  while (Date.now() < until) {
    const status = await readStatus(home.data);
    if (status?.ready) {
      const password = await readFile(join(home.directory, 'password'), 'utf8');
      return { url: urlOf(password, status.port), stop: () => Promise.resolve() };
    }
    await sleep(50);
  }
  throw new StartProblem(`The shop that has ${home.directory} has not started its PostgreSQL.`);
}

function urlOf(password: string, port: number): string {
  return `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`;
}

async function startServer(program: string, home: EmbeddedHome): Promise<{ server: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const server = await spawnServer(program, home, port);
    if (await untilReady(server, home.data)) return { server, port };
    if (attempt < ATTEMPTS) {
      await sleep(200 * attempt);
      continue;
    }
    const said = lastLine(await readFile(home.logFile, 'utf8'));
    throw new StartProblem(`PostgreSQL does not start: ${said ?? 'it says nothing'} (${home.logFile})`);
  }
}

async function spawnServer(program: string, home: EmbeddedHome, port: number): Promise<ChildProcess> {
  const settings = Object.entries({ ...SETTINGS, port }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // A new file each time: it says what this server did, and cannot grow for ever.
  await rm(home.logFile, { force: true });
  const logFile = await open(home.logFile, 'wx', 0o600);
  try {
    return spawn(program, ['-D', home.data, ...settings], {
      ...home.user,
      cwd: '/',
      env: CLEAN_ENVIRONMENT,
      stdio: ['ignore', logFile.fd, logFile.fd],
      // A process group of its own: Ctrl-C in the terminal would otherwise end it before its clients.
      detached: true,
    });
  } finally {
    await logFile.close();
  }
}

/** False when it ended instead, or could not be run at all (it has no pid then). */
async function untilReady(server: ChildProcess, data: string): Promise<boolean> {
  server.once('error', () => undefined);
  const until = Date.now() + START_MS;
  while (server.pid !== undefined && server.exitCode === null && server.signalCode === null) {
    const status = await readStatus(data);
    if (status?.pid === server.pid && status.ready) return true;
    if (Date.now() > until) server.kill('SIGQUIT');
    await sleep(10);
  }
  return false;
}

/** Watches a server; gives what stops it. It also goes when this process ends without stopping it, short of a kill -9. */
function supervise(server: ChildProcess, release: () => void, log: Log): () => Promise<void> {
  let stopping: Promise<void> | undefined;
  const endWithProcess = () => server.kill('SIGINT');
  process.once('exit', endWithProcess);
  const ended = new Promise<void>((resolve) => {
    server.once('exit', (code, signal) => {
      process.removeListener('exit', endWithProcess);
      release();
      if (stopping === undefined) log.error({ code, signal }, 'the embedded PostgreSQL has ended by itself');
      resolve();
    });
  });
  return () => {
    stopping ??= stopServer(server, ended);
    return stopping;
  };
}

async function stopServer(server: ChildProcess, ended: Promise<void>): Promise<void> {
  server.kill('SIGINT'); // a fast shutdown: what is open is rolled back
  const late = setTimeout(() => server.kill('SIGQUIT'), FAST_STOP_MS);
  await ended;
  clearTimeout(late);
}
