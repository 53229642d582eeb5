/** The shop under test: the processes that production runs, each behind proxies of its own, started again whenever one dies. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment, SUBGRAPHS } from '../../platform/config';
import { freePort } from '../../platform/free-port';
import type { Lifecycle } from '../../platform/lifecycle';
import type { PointBoard } from './points';
import { startProxy } from './proxy';
import { watchAmqp, watchPostgres, watchProvider } from './watchers';

/** The services that can be killed; `sandbox` is the payment provider. */
export const SERVICES = [...SUBGRAPHS, 'gateway', 'sandbox'] as const;
/** One of {@link SERVICES}. */
export type ServiceName = (typeof SERVICES)[number];

/** Databases, queues and keys of a run have this before their names. */
export const NAMESPACE = 'chaos';

/** A running shop. */
export interface Shop {
  /** Address of the gateway, and of the payment provider. */
  url: string;
  providerUrl: string;
  dataDir: string;
  /** kill -9; it starts again at once. False: it was dead already. */
  kill(service: ServiceName): boolean;
}

/** What a shop stands on. */
export interface ShopOptions {
  /** Root of the program: the project, or a mutant of it. */
  root: string;
  folder: string;
  stores: {
    postgres: { port: () => number; url: () => string };
    rabbit: { port: () => number };
    redis: { port: () => number };
  };
  board: PointBoard;
  /** Ends what is started, also when starting is broken off. */
  lifecycle: Lifecycle;
  /** Settings beside those that make it work. */
  settings: Record<string, string>;
}

const READY_MS = 60_000;
/** Milliseconds before a service that died while starting is started again: a store may be down. */
const AGAIN_MS = 200;

/** Makes databases and accounts, starts all services, and waits until a query through the whole graph succeeds. */
export async function startShop(options: ShopOptions): Promise<Shop> {
  const { folder, stores, lifecycle } = options;
  const dataDir = path.join(folder, 'shop');
  const port = await freePort();
  const direct: Record<string, string> = {
    NODE_ENV: 'test',
    SOUK_LOG_LEVEL: 'warn',
    SOUK_RATE_LIMITS: 'off',
    SOUK_NAMESPACE: NAMESPACE,
    DATA_DIR: dataDir,
    PORT: String(port),
    DATABASE_URL: stores.postgres.url(),
    REDIS_URL: `redis://127.0.0.1:${stores.redis.port()}`,
    RABBITMQ_URL: `amqp://guest:guest@127.0.0.1:${stores.rabbit.port()}`,
    ...options.settings,
  };
  for (const name of SUBGRAPHS) direct[`${name.toUpperCase()}_URL`] = `http://127.0.0.1:${await freePort()}`;
  const log = await open(path.join(folder, 'shop.log'), 'a');
  lifecycle.onStop('log', () => log.close());
  await seed(options.root, direct, log);

  const family = new Family(options.root, log);
  lifecycle.onStop('processes', () => family.end());
  const providerPort = await freePort();
  const providerUrl = `http://127.0.0.1:${providerPort}`;
  family.start('sandbox', { ...direct, SANDBOX_URL: providerUrl });
  const provider = await startProxy({
    ...{ service: 'payments', board: options.board, kill: () => family.kill('payments') },
    ...{ target: () => providerPort, watch: watchProvider },
  });
  lifecycle.onStop('proxy', () => provider.close());
  for (const name of SUBGRAPHS) {
    const common = { service: name, board: options.board, kill: () => family.kill(name) };
    const sql = await startProxy({ ...common, target: stores.postgres.port, watch: watchPostgres });
    const amqp = await startProxy({ ...common, target: stores.rabbit.port, watch: watchAmqp });
    for (const proxy of [sql, amqp]) lifecycle.onStop('proxy', () => proxy.close());
    const database = new URL(stores.postgres.url());
    database.port = String(sql.port);
    family.start(name, {
      ...direct,
      DATABASE_URL: database.toString(),
      RABBITMQ_URL: `amqp://guest:guest@127.0.0.1:${amqp.port}`,
      SANDBOX_URL: `http://127.0.0.1:${provider.port}`,
    });
  }
  family.start('gateway', direct);
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url);
  return { url, providerUrl, dataDir, kill: (service) => family.kill(service) };
}

async function seed(root: string, settings: Record<string, string>, log: FileHandle): Promise<void> {
  const args = ['dist/ops/seed.js', '--products', '1'];
  const child = spawn(process.execPath, args, {
    ...{ cwd: root, env: childEnvironment(settings), stdio: ['ignore', log.fd, log.fd] },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error('The databases could not be made; see shop.log.');
}

async function untilReady(url: string): Promise<void> {
  const until = Date.now() + READY_MS;
  for (;;) {
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > until) throw new Error('The shop does not start; see shop.log.');
    await sleep(50);
  }
}

/** The processes: one that dies is started again at once. */
class Family {
  private readonly children = new Map<ServiceName, ChildProcess>();
  private ending = false;

  constructor(
    private readonly root: string,
    private readonly log: FileHandle,
  ) {
    // However this process ends, short of a kill -9.
    process.once('exit', this.killAll);
  }

  private readonly killAll = (): void => {
    for (const child of this.children.values()) child.kill('SIGKILL');
  };

  start(service: ServiceName, settings: Record<string, string>): void {
    const started = Date.now();
    const program = service === 'sandbox' ? ['dist/subgraphs/payments/sandbox/serve.js'] : ['dist/main.js', service];
    const child = spawn(process.execPath, program, {
      cwd: this.root,
      env: childEnvironment(settings),
      stdio: ['ignore', this.log.fd, this.log.fd],
      // Of its own group: a Ctrl-C at the terminal reaches the run alone, which ends the others in order.
      detached: true,
    });
    this.children.set(service, child);
    child.once('exit', () => {
      const again = (): void => {
        if (!this.ending) this.start(service, settings);
      };
      setTimeout(again, Date.now() - started < AGAIN_MS ? AGAIN_MS : 0);
    });
  }

  kill(service: ServiceName): boolean {
    const child = this.children.get(service);
    return child !== undefined && !child.killed && child.kill('SIGKILL');
  }

  async end(): Promise<void> {
    this.ending = true;
    await Promise.all(
      [...this.children.values()].map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }),
    );
    process.removeListener('exit', this.killAll);
  }
}
