/**
 * `npm run start:distributed`: the six processes on this machine as production runs them, over PostgreSQL, Redis and RabbitMQ by
 * their URLs or at their default local ports. A process that dies is started again. `-- --drop` removes everything it made.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { loadSecrets } from '../platform/auth/development-secrets';
import { childEnvironment, readConfig, SUBGRAPHS, type Config } from '../platform/config';
import { freePort, requirePort } from '../platform/free-port';
import { databaseUrl, dropDatabase } from '../platform/db/prepare';
import { dropRabbitNamespace } from '../platform/bus/drop';
import { dropRedisNamespace } from '../platform/redis';
import { banner } from '../gateway/banner';
import { prepareShop } from '../main';
import { PROJECT_ROOT } from '../platform/root';
import { runCommand, StartProblem } from '../platform/start-problem';
import { consumerBindings } from '../subgraphs';
import { needsSandbox, SANDBOX_PROGRAM } from '../subgraphs/payments/sandbox/launch';
import { sandboxFolder, sandboxUrl } from '../subgraphs/payments/sandbox/place';

const DEFAULTS = {
  DATABASE_URL: 'postgres://postgres@127.0.0.1:5432',
  REDIS_URL: 'redis://127.0.0.1:6379',
  RABBITMQ_URL: 'amqp://guest:guest@127.0.0.1:5672',
};

/** Name of the process that is the payment provider. */
const SANDBOX = 'sandbox';
/** How long a store may take to accept a connection, in milliseconds. */
const REACH_MS = 3_000;
/** Shortest time between two starts of the same process, in milliseconds. */
const RESTART_MS = 500;
/** After this a process that does not end is killed, in milliseconds. */
const END_MS = 8_000;

async function main(): Promise<void> {
  const first = readConfig();
  await mkdir(first.dataDir, { recursive: true });
  const namespace = await keptNamespace(first);
  const settings: Record<string, string> = {
    ...DEFAULTS,
    ...(first.databaseUrl && { DATABASE_URL: first.databaseUrl }),
    ...(first.redisUrl && { REDIS_URL: first.redisUrl }),
    ...(first.rabbitUrl && { RABBITMQ_URL: first.rabbitUrl }),
    SOUK_NAMESPACE: namespace,
    DATA_DIR: path.resolve(first.dataDir),
    SOUK_DEMO: first.demo ? '1' : '0',
  };
  for (const [name, url] of Object.entries(settings)) {
    if (name.endsWith('_URL')) await requireReachable(name, url);
  }
  if (process.argv.includes('--drop')) return drop(readConfig(childEnvironment(settings)), settings);

  for (const name of SUBGRAPHS) settings[`${name.toUpperCase()}_URL`] = `http://127.0.0.1:${await freePort()}`;
  const sandboxed = needsSandbox(first);
  if (sandboxed) settings['SANDBOX_URL'] = await sandboxUrl(readConfig(childEnvironment(settings)));
  const config = readConfig(childEnvironment(settings));
  await requirePort(config.port, config.host);
  await loadSecrets(config); // made here once, so that six processes starting at once find them
  await prepareShop(config);
  const family = new Family(settings);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void family.end());
  for (const role of [...(sandboxed ? [SANDBOX] : []), ...SUBGRAPHS, 'gateway']) family.start(role);
  if (await ready(config, family)) process.stdout.write(banner(config));
}

/** Asks a store whether it is there at all: six processes that wait for it would say so without end. */
async function requireReachable(setting: string, url: string): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const usual = Number(new URL(Object.entries(DEFAULTS).find(([name]) => name === setting)?.[1] ?? url).port);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || usual, timeout: REACH_MS });
  try {
    await Promise.race([
      once(socket, 'connect'),
      once(socket, 'timeout').then(() => Promise.reject(new Error('late'))),
    ]);
  } catch {
    throw new StartProblem(`Nothing answers at ${host}: start it there, or set ${setting}.`);
  } finally {
    socket.destroy();
  }
}

/** The namespace of this DATA_DIR: SOUK_NAMESPACE if set to other than the default, else made once and kept. */
async function keptNamespace(config: Config): Promise<string> {
  if (config.namespace !== 'souk') return config.namespace;
  const file = path.join(config.dataDir, 'namespace');
  const made = `souk_${randomBytes(4).toString('hex')}`;
  if (!existsSync(file)) await writeFile(file, made);
  return (await readFile(file, 'utf8')).trim();
}

async function drop(config: Config, settings: Record<string, string>): Promise<void> {
  for (const name of SUBGRAPHS) {
    await dropDatabase(
      config.databaseUrls[name] ?? databaseUrl(settings['DATABASE_URL'] ?? '', config.namespace, name),
    );
  }
  await dropRedisNamespace(config.redisUrl ?? '', config.namespace);
  await dropRabbitNamespace(config.rabbitUrl ?? '', config.namespace, consumerBindings());
  await rm(sandboxFolder(config), { recursive: true, force: true });
  await rm(path.join(config.dataDir, 'namespace'), { force: true });
  process.stdout.write(`Removed everything of ${config.namespace}.\n`);
}

/** The processes, restarted when they die, ended together. */
class Family {
  private readonly children = new Map<string, ChildProcess>();
  ending = false;

  constructor(private readonly settings: Record<string, string>) {}

  start(role: string): void {
    const program = role === SANDBOX ? [SANDBOX_PROGRAM] : [path.join(PROJECT_ROOT, 'dist', 'main.js'), role];
    const child = spawn(process.execPath, ['--enable-source-maps', ...program], {
      env: childEnvironment(this.settings),
      // The sandbox, of which there can be one, must not outlive us: it ends when its channel does.
      stdio: ['ignore', 'inherit', 'inherit', ...(role === SANDBOX ? ['ipc' as const] : [])],
      // Of its own group: a Ctrl-C at the terminal reaches this process alone, which ends the others in order.
      detached: true,
    });
    this.children.set(role, child);
    process.stdout.write(`${role.padEnd(9)} pid ${child.pid ?? '?'}\n`);
    child.once('exit', (code, signal) => {
      this.children.delete(role);
      if (this.ending) return;
      process.stdout.write(`${role.padEnd(9)} ended (${signal ?? code}), starts again\n`);
      setTimeout(() => this.ending || this.start(role), RESTART_MS);
    });
  }

  /** The gateway goes first, so that no request finds a subgraph gone; the sandbox last, for the same reason. */
  async end(): Promise<void> {
    if (this.ending) return;
    this.ending = true;
    const gateway = this.children.get('gateway');
    if (gateway) await endOne(gateway);
    const sandbox = this.children.get(SANDBOX);
    await Promise.all([...this.children.values()].filter((child) => child !== sandbox).map(endOne));
    if (sandbox) await endOne(sandbox);
    process.exit(0);
  }
}

function endOne(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const late = setTimeout(() => child.kill('SIGKILL'), END_MS / 2);
    child.once('exit', () => {
      clearTimeout(late);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

async function ready(config: Config, family: Family): Promise<boolean> {
  while (!family.ending) {
    const answer = await fetch(`http://127.0.0.1:${config.port}/health/ready`).catch(() => undefined);
    if (answer?.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

runCommand(main);
