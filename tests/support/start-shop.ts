/**
 * Starts a shop for tests: as one process, or as the six that production runs, with the sandbox provider beside it. Databases
 * and queues are its own and go with it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { dropRabbitNamespace } from '../../platform/bus/drop';
import { childEnvironment, readConfig, SUBGRAPHS, type SubgraphName } from '../../platform/config';
import { databaseUrl, dropDatabase } from '../../platform/db/prepare';
import { freePort } from '../../platform/free-port';
import { dropRedisNamespace } from '../../platform/redis';
import { PROJECT_ROOT } from '../../platform/root';
import { consumerBindings } from '../../subgraphs';
import { SANDBOX_PROGRAM } from '../../subgraphs/payments/sandbox/launch';

/** A part that can be killed and started by itself; `shop` when all are one process, which then starts the sandbox itself. */
export type Part = SubgraphName | 'gateway' | 'second gateway' | 'shop' | 'sandbox';

/** A running shop. */
export interface RunningShop {
  url: string;
  /** Where the second gateway is, once `restart` has started it; of six processes. */
  secondUrl: string;
  /** Its databases' server, and what their names begin with. */
  databases: { server: string; namespace: string };
  /** Address of the payment provider, when the parts are processes of their own. */
  sandboxUrl?: string;
  /** Doors of the subgraphs, when they are processes of their own. */
  subgraphUrls: Partial<Record<SubgraphName, string>>;
  pids(): Partial<Record<Part, number>>;
  /** kill -9, and nothing starts it again before {@link RunningShop.restart}. */
  kill(part: Part): Promise<void>;
  /** Starts a killed part; resolves when it is ready. `root`: of another copy of the program. */
  restart(part: Part, root?: string): Promise<void>;
  /** SIGTERM to a part; resolves with its exit code. */
  terminate(part: Part): Promise<number | null>;
  /** Ends it and removes everything it made. */
  stop(): Promise<void>;
}

const READY_MS = 120_000;

/**
 * Starts it. `env` adds or replaces settings. Logs go to this process's stderr, or line by line, with all else that
 * is printed, to `readLog`: errors only unless SOUK_LOG_LEVEL in `env` says more.
 */
export async function startShop(
  processes: 'one' | 'six',
  env: Record<string, string> = {},
  readLog?: (line: string) => void,
): Promise<RunningShop> {
  const given = readConfig();
  const namespace = `test_${randomBytes(4).toString('hex')}`;
  const dataDir = await mkdtemp(path.join(tmpdir(), 'souk-test-'));
  const port = await freePort();
  const server = given.databaseUrl ?? 'postgres://postgres@127.0.0.1:5432';
  const settings: Record<string, string> = {
    NODE_ENV: 'test',
    SOUK_LOG_LEVEL: 'error',
    SOUK_NAMESPACE: namespace,
    DATA_DIR: dataDir,
    DATABASE_URL: server,
    // Two of these and the other tests share a server that takes 100.
    DATABASE_POOL_SIZE: '5',
    // Everybody in a test comes from one address.
    SOUK_RATE_LIMITS: 'off',
    PORT: String(port),
    REDIS_URL: '',
    RABBITMQ_URL: '',
    ...env,
  };
  const six = processes === 'six';
  const ports: Partial<Record<Part, number>> = { [six ? 'gateway' : 'shop']: port };
  if (six) {
    settings['REDIS_URL'] ||= given.redisUrl ?? 'redis://127.0.0.1:6379';
    settings['RABBITMQ_URL'] ||= given.rabbitUrl ?? 'amqp://guest:guest@127.0.0.1:5672';
    for (const name of SUBGRAPHS) {
      ports[name] = await freePort();
      settings[`${name.toUpperCase()}_URL`] = `http://127.0.0.1:${ports[name]}`;
    }
    ports.sandbox = await freePort();
    ports['second gateway'] = await freePort();
    settings['SANDBOX_URL'] = `http://127.0.0.1:${ports.sandbox}`;
    await runToEnd(['dist/ops/seed.js'], settings);
  }

  const children = new Map<Part, ChildProcess>();
  const launch = (part: Part, root = PROJECT_ROOT): void => {
    const role = part === 'second gateway' ? 'gateway' : part;
    const program = role === 'sandbox' ? [SANDBOX_PROGRAM] : ['dist/main.js', ...(role === 'shop' ? [] : [role])];
    const args = ['--enable-source-maps', ...program];
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: childEnvironment({ ...settings, ...(role !== part && { PORT: String(ports[part]) }) }),
      stdio: ['ignore', readLog ? 'pipe' : 'ignore', readLog ? 'pipe' : 'inherit'],
    });
    if (readLog)
      for (const input of [child.stdout, child.stderr]) if (input) createInterface({ input }).on('line', readLog);
    children.set(part, child);
  };
  const parts: Part[] = six ? ['sandbox', ...SUBGRAPHS, 'gateway'] : ['shop'];
  for (const part of parts) launch(part);
  const ready = (part: Part): Promise<void> => untilReady(children, part, ports[part] ?? port);

  const end = async (part: Part, signal: NodeJS.Signals): Promise<number | null> => {
    const child = children.get(part);
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    return new Promise((resolve) => {
      child.once('exit', (code) => resolve(code));
      child.kill(signal);
    });
  };
  const stop = async (): Promise<void> => {
    await Promise.all([end('gateway', 'SIGTERM'), end('second gateway', 'SIGTERM')]);
    await Promise.all(parts.map((part) => end(part, 'SIGTERM')));
    await Promise.all(SUBGRAPHS.map((name) => dropDatabase(databaseUrl(server, namespace, name))));
    if (settings['REDIS_URL']) await dropRedisNamespace(settings['REDIS_URL'], namespace);
    if (settings['RABBITMQ_URL']) await dropRabbitNamespace(settings['RABBITMQ_URL'], namespace, consumerBindings());
    await rm(dataDir, { recursive: true, force: true });
  };
  // A run that is cut short must not leave processes behind that nobody knows of.
  process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));
  try {
    await Promise.all(parts.map(ready));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `http://127.0.0.1:${port}`,
    secondUrl: `http://127.0.0.1:${ports['second gateway'] ?? port}`,
    databases: { server, namespace },
    sandboxUrl: settings['SANDBOX_URL'],
    subgraphUrls: Object.fromEntries(
      SUBGRAPHS.filter((name) => ports[name]).map((name) => [name, `http://127.0.0.1:${ports[name] ?? 0}`]),
    ),
    pids: () => Object.fromEntries([...children].map(([part, child]) => [part, child.pid])),
    kill: async (part) => {
      await end(part, 'SIGKILL');
    },
    restart: async (part, root) => {
      launch(part, root);
      await ready(part);
    },
    terminate: (part) => end(part, 'SIGTERM'),
    stop,
  };
}

async function untilReady(children: Map<Part, ChildProcess>, part: Part, port: number): Promise<void> {
  const until = Date.now() + READY_MS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}${part === 'sandbox' ? '/health' : '/health/ready'}`).catch(
      () => undefined,
    );
    if (answer?.ok) return;
    const child = children.get(part);
    if (child && (child.exitCode !== null || child.signalCode !== null))
      throw new Error(`${part} ended while starting`);
    if (Date.now() > until) throw new Error(`${part} did not become ready`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function runToEnd(args: string[], settings: Record<string, string>): Promise<void> {
  const child = spawn(process.execPath, args, {
    cwd: PROJECT_ROOT,
    env: childEnvironment(settings),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}`);
}
