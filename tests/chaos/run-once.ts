/** One run, from empty stores to a judgement. */
import { chmod, mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../../platform/free-port';
import { Lifecycle } from '../../platform/lifecycle';
import { createLog } from '../../platform/log';
import { PROJECT_ROOT } from '../../platform/root';
import { eventually } from '../support/eventually';
import { Chance } from './chance';
import { check } from './checker';
import { FaultSchedule, planFaults } from './faults';
import { Graph } from './graph';
import { History } from './history';
import type { Ledgers } from './ledgers';
import { runLoad } from './load';
import { buildMutant, MUTANTS } from './mutants';
import type { RunOptions } from './options';
import { PointBoard } from './points';
import { readProvider, setFaults } from './provider';
import { waitUntilQuiet } from './quiet';
import { onDatabase } from './read-shop';
import { reportOf, type Report } from './report';
import { startShop } from './shop';
import { createPostgres, createRabbit, createRedis } from './stores';
import { tellStories } from './stories';

/** Stream of the seed from which the faults are drawn. */
const FAULTS = 9_999;
/** How long the shop may take to come to rest, in milliseconds; a mutant may never do, and is given less time. */
const REST_MS = 180_000;
const MUTANT_REST_MS = 25_000;
/** How long a client asks for an answer; by then the faults are over. */
const CLIENT_MS = 150_000;
const MUTANT_CLIENT_MS = 20_000;
/** Checkouts between two lines of progress. */
const PROGRESS_EVERY = 250;

/** Runs it, removes everything it made, and gives the report; violations are printed with their histories. */
export async function runOnce(options: RunOptions, print: (line: string) => void): Promise<Report> {
  const lifecycle = new Lifecycle(createLog({ level: 'warn', name: 'chaos' }));
  const stop = (): void => void lifecycle.stop().then(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  try {
    return await carryOut(options, lifecycle, print);
  } finally {
    await lifecycle.stop();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, stop);
  }
}

async function carryOut(options: RunOptions, lifecycle: Lifecycle, print: (line: string) => void): Promise<Report> {
  const { seed, checkouts, buyers } = options;
  const mutant = options.mutant === null ? undefined : MUTANTS[options.mutant];
  const folder = await makeFolder();
  lifecycle.onStop('folder', () => rm(folder, { recursive: true, force: true }), 20_000);
  const servers = await startStores(folder, lifecycle);
  const board = new PointBoard();
  const shop = await startShop({
    root: mutant ? await buildMutant(mutant, folder) : PROJECT_ROOT,
    ...{ folder, board, lifecycle },
    stores: { postgres: servers.PostgreSQL, rabbit: servers.RabbitMQ, redis: servers.Redis },
    // Short, so that some lapse in the middle of a checkout.
    settings: { SOUK_RESERVATION_MINUTES: '1' },
  });
  for (const { subgraph, sql } of mutant?.statements ?? []) {
    await onDatabase(servers.PostgreSQL.url(), subgraph, (query) => query(sql));
  }
  const graph = new Graph(shop.url);
  lifecycle.onStop('clients', () => graph.close());
  const history = new History(path.join(folder, 'history.jsonl'));
  lifecycle.onStop('history', () => history.close());

  const faults = new FaultSchedule(planFaults(new Chance(seed, FAULTS), options), shop, board, servers);
  let began = 0;
  await runLoad({
    ...{ seed, checkouts, buyers, graph, history },
    patienceMs: mutant ? MUTANT_CLIENT_MS : CLIENT_MS,
    onReady: async () => {
      if (options.providerFaults) await setFaults(shop.providerUrl, options.providerFaults, seed);
      began = Date.now();
    },
    onCheckout: (begun) => {
      if (begun % PROGRESS_EVERY === 0)
        print(`${begun} of ${checkouts} checkouts, ${Math.round((Date.now() - began) / 1_000)} s`);
      faults.onCheckout(begun);
    },
  });
  const seconds = (Date.now() - began) / 1_000;
  await faults.end();
  if (options.providerFaults) await eventually(() => setFaults(shop.providerUrl, null, seed)); // it may have been killed a moment ago
  const ended = Date.now();
  const missed = board.disarm().length;

  const known = {
    history: history.entries,
    lastFaultAt: options.providerFaults ? ended : Math.max(faults.lastAt, board.lastKillAt),
    restarts: faults.restarts,
    providerFailed: options.providerFaults !== null,
  };
  const places = {
    databaseServer: servers.PostgreSQL.url(),
    rabbitUrl: `amqp://guest:guest@127.0.0.1:${servers.RabbitMQ.port()}`,
    mailbox: path.join(shop.dataDir, 'mailbox'),
  };
  const shopLedger = await waitUntilQuiet(places, known, mutant ? MUTANT_REST_MS : REST_MS);
  const ledgers: Ledgers = { ...known, shop: shopLedger, provider: await readProvider(shop.providerUrl) };
  const violations = check(ledgers);
  const report = reportOf(
    { seed, checkouts, seconds, kills: faults.kills, points: board.kills, missed },
    ledgers,
    violations,
  );
  for (const line of tellStories(report.violations, ledgers)) print(line);
  return report;
}

/** Servers that run as other users have to enter it. */
async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'souk-chaos-'));
  await chmod(folder, 0o755);
  return folder;
}

async function startStores(folder: string, lifecycle: Lifecycle) {
  const [redisFolder, rabbitFolder] = [path.join(folder, 'redis'), path.join(folder, 'rabbit')];
  await Promise.all([redisFolder, rabbitFolder].map((directory) => mkdir(directory)));
  const servers = {
    PostgreSQL: await createPostgres(folder),
    RabbitMQ: await createRabbit(rabbitFolder, await freePort()),
    Redis: createRedis(redisFolder, await freePort()),
  };
  for (const [name, server] of Object.entries(servers)) lifecycle.onStop(name, () => server.stop());
  const started = await Promise.allSettled(Object.values(servers).map((server) => server.start()));
  for (const result of started) if (result.status === 'rejected') throw result.reason;
  return servers;
}
