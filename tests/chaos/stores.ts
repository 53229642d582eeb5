/**
 * The stores of a run: servers of its own in its folder, on free ports, each of which can be killed -9 and started again on
 * the same data. Nothing is shared with what else runs on the machine.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '../../platform/config';
import { readStatus } from '../../platform/db/embedded-cluster';
import { findHome } from '../../platform/db/embedded-home';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../platform/db/embedded-postgres';
import { freePort } from '../../platform/free-port';
import { createLog } from '../../platform/log';
import { StartProblem } from '../../platform/start-problem';

/** The stores, as the report names them. */
export const STORES = ['PostgreSQL', 'RabbitMQ', 'Redis'] as const;
/** One of {@link STORES}. */
export type StoreName = (typeof STORES)[number];

/** One store. */
export interface Store {
  /** The port of the server that runs now, or ran last: a new one may get another. */
  port: () => number;
  /** kill -9 of the whole server, at once. */
  kill: () => Promise<void>;
  /** Starts it on the data it has; resolves when it answers. */
  start: () => Promise<void>;
  /** Ends it for good. */
  stop: () => Promise<void>;
}

const READY_MS = 60_000;
/** What to install for each program. */
const PACKAGES: Readonly<Record<string, string>> = {
  'redis-server': 'redis-server',
  'rabbitmq-server': 'rabbitmq-server',
  epmd: 'rabbitmq-server',
};

/** PostgreSQL as `npm start` brings it along, with what is committed on disk. `url` is of the server that runs now. */
export async function createPostgres(folder: string): Promise<Store & { url: () => string }> {
  const dataDir = path.join(folder, 'postgres-home');
  const { data } = await findHome(dataDir);
  const log = createLog({ level: 'silent', name: 'chaos' });
  let server: EmbeddedPostgres | undefined;
  let starting: Promise<EmbeddedPostgres> | undefined;
  const url = (): string => server?.url ?? '';
  return {
    url,
    port: () => Number(new URL(url()).port),
    async start() {
      starting = startEmbeddedPostgres({ dataDir, log });
      server = await starting;
    },
    async kill() {
      const status = await readStatus(data);
      if (!status) throw new Error('PostgreSQL does not run');
      // Its sessions end by themselves when they find it gone; starting waits for them.
      process.kill(status.pid, 'SIGKILL');
      while (isThere(status.pid)) await sleep(5);
    },
    // A run may be broken off while it starts.
    stop: async () => (await starting?.catch(() => undefined))?.stop(),
  };
}

/** Redis, with nothing but a log of what it is told. */
export function createRedis(folder: string, port: number): Store {
  const settings = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes', '--dir', folder];
  const ping = '*1\r\n$4\r\nPING\r\n';
  return serverStore('redis-server', settings.map(String), {}, { folder, port, hello: ping, answer: '+PONG' });
}

/** RabbitMQ, a node that knows no other: name, port mapper, files and cookie are its own. */
export async function createRabbit(folder: string, port: number): Promise<Store> {
  const mapperPort = await freePort();
  await mkdir(path.join(folder, 'home'));
  await writeFile(path.join(folder, 'plugins'), '[].');
  await writeFile(path.join(folder, 'rabbitmq.conf'), '');
  const settings = {
    HOME: path.join(folder, 'home'),
    RABBITMQ_NODENAME: `chaos${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(await freePort()),
    ERL_EPMD_PORT: String(mapperPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_MNESIA_BASE: path.join(folder, 'data'),
    RABBITMQ_LOG_BASE: path.join(folder, 'log'),
    RABBITMQ_ENABLED_PLUGINS_FILE: path.join(folder, 'plugins'),
    RABBITMQ_PID_FILE: path.join(folder, 'pid'),
    RABBITMQ_CONFIG_FILE: path.join(folder, 'rabbitmq'),
    RABBITMQ_CONF_ENV_FILE: path.join(folder, 'none'),
    // An idle scheduler would otherwise spin, and this machine has other work to do.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+sbwt none +sbwtdcpu none +sbwtdio none',
  };
  // Debian's command on the PATH starts it as another user, who may not enter the folder; this is what it starts.
  const inner = '/usr/lib/rabbitmq/bin/rabbitmq-server';
  const program = existsSync(inner) ? inner : 'rabbitmq-server';
  // Started here, so that it ends with the run: the node would leave one behind.
  const mapper = await launch('epmd', ['-port', String(mapperPort), '-address', '127.0.0.1'], {}, folder);
  const broker = serverStore(program, [], settings, { folder, port, hello: 'AMQP\0\0\x09\x01', answer: '\x01' });
  return {
    ...broker,
    async stop() {
      await broker.stop();
      mapper.kill('SIGKILL');
    },
  };
}

interface Place {
  folder: string;
  port: number;
  /** What is said to it to learn whether it is ready, and how its answer begins. */
  hello: string;
  answer: string;
}

function serverStore(program: string, args: string[], settings: Record<string, string>, place: Place): Store {
  let server: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    if (!server?.pid || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    process.kill(-server.pid, 'SIGKILL');
    await ended;
  };
  return {
    port: () => place.port,
    async start() {
      server = await launch(program, args, settings, place.folder);
      const until = Date.now() + READY_MS;
      while (!(await answers(place))) {
        if (server.exitCode !== null || Date.now() > until) throw new Error(`${program} does not start`);
        await sleep(50);
      }
    },
    kill,
    stop: kill,
  };
}

/** In a process group of its own, so that all of it can be killed, and only by us. */
async function launch(
  program: string,
  args: string[],
  settings: Record<string, string>,
  folder: string,
): Promise<ChildProcess> {
  const output = await open(path.join(folder, `${path.basename(program)}.out`), 'a');
  try {
    const stdio: ('ignore' | number)[] = ['ignore', output.fd, output.fd];
    const child = spawn(program, args, { cwd: folder, env: childEnvironment(settings), stdio, detached: true });
    await once(child, 'spawn').catch(() => {
      const name = path.basename(program);
      throw new StartProblem(`There is no ${name} on the PATH: install ${PACKAGES[name]} (Debian and Ubuntu).`);
    });
    const end = (): unknown => child.kill('SIGKILL'); // however this process ends, short of a kill -9
    process.once('exit', end);
    child.once('exit', () => process.removeListener('exit', end));
    return child;
  } finally {
    await output.close();
  }
}

async function answers({ port, hello, answer }: Place): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', timeout: 1_000 });
  try {
    socket.write(hello, 'latin1');
    const [first] = (await Promise.race([once(socket, 'data'), once(socket, 'timeout')])) as [Buffer?];
    return first?.toString('latin1').startsWith(answer) ?? false;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
