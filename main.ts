/**
 * The front door and the only composition root. `node dist/main.js` runs the whole shop in one process; with a role
 * (`gateway`, `accounts`, …) it runs that part alone. One code path: only the adapters differ (platform/adapters.ts).
 */
import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createGateway, type Gateway, type GatewayRoute } from './gateway';
import { banner } from './gateway/banner';
import { paymentWebhooks } from './gateway/payment-webhooks';
import { clientTokens } from './gateway/oauth/client-tokens';
import { operationSource } from './gateway/persisted/operation-source';
import { createPlainGateway } from './gateway/plain';
import { sessionReader } from './gateway/session-reader';
import { mailboxFolder, openAdapters, type Adapters } from './platform/adapters';
import { systemClock } from './platform/clock';
import { createCommandClient, type LocalDispatch } from './platform/commands/client';
import type { CommandClient } from './platform/commands/command';
import { readConfig, SUBGRAPHS, type Config, type SubgraphName } from './platform/config';
import { Database } from './platform/db/database';
import { createDatabase, migrate } from './platform/db/prepare';
import { Fault } from './platform/errors';
import { portProblem, requirePort } from './platform/free-port';
import type { SubgraphEndpoint } from './platform/graph/endpoint';
import { localEndpoint } from './platform/graph/executor';
import { buildSubgraph } from './platform/graph/schema';
import { createSubgraphServer } from './platform/graph/server';
import { startJobs } from './platform/jobs';
import { Lifecycle } from './platform/lifecycle';
import { createLog, type Log } from './platform/log';
import { readMailbox, renderMailbox } from './platform/mail/mailbox';
import { pruneMessages, registerOutboxMetrics, startRelay } from './platform/outbox';
import { PROJECT_ROOT } from './platform/root';
import { isExplained, runCommand, StartProblem } from './platform/start-problem';
import type { Services, StartedSubgraph } from './platform/subgraph';
import { consumerBindings, SUBGRAPH_DEFINITIONS } from './subgraphs';
import { seedAccounts } from './subgraphs/accounts/seed';
import { demoPicture } from './subgraphs/catalog/demo-picture';
import { seedCatalog } from './subgraphs/catalog/seed';
import { launchSandbox, needsSandbox } from './subgraphs/payments/sandbox/launch';

/** A part of the shop that can run alone. */
type Role = 'gateway' | SubgraphName;
const ROLES: readonly Role[] = ['gateway', ...SUBGRAPHS];

/** Products of the demonstration shop. */
const DEMO_PRODUCTS = 1_000;
/** Pause between two prunings of outbox and inbox. */
const PRUNE_MS = 3_600_000;
const MAILBOX_SIZE = 100;

/** How long a signal that comes while starting waits for the stage at work, in milliseconds. */
const STAGE_MS = 3_000;

/** One subgraph in this process. */
interface Opened {
  name: SubgraphName;
  services: Services;
  started: StartedSubgraph;
}

/**
 * Starts the roles and gives the gateway's URL, if it is among them. Everything started is registered for stopping. Once
 * `stopping` is aborted no further stage begins: the call rejects, and the caller stops what there is.
 */
async function start(
  config: Config,
  roles: readonly Role[],
  log: Log,
  lifecycle: Lifecycle,
  stopping: AbortSignal,
): Promise<string | undefined> {
  const alone = roles.length === ROLES.length;
  const names = SUBGRAPHS.filter((name) => roles.includes(name));
  if (config.plainSupergraph !== undefined) return startPlain(config, config.plainSupergraph, log, lifecycle);
  if (roles.includes('gateway')) await requirePort(config.port, config.host);
  const part = names.includes('payments') ? 'payments' : 'part';
  const adapters = await openAdapters(config, log, lifecycle, alone || names.length === 0 ? 'shop' : part);
  const local: Partial<Record<SubgraphName, LocalDispatch>> = {};
  const commands = createCommandClient({ local, urls: config.subgraphUrls, signer: adapters.signer });
  lifecycle.onStop('commands', () => commands.close());

  if (alone) await Promise.all(names.map((name) => prepareDatabase(adapters, name)));
  stopping.throwIfAborted();
  const sandbox = alone && needsSandbox(config) ? await launchSandbox(config, log) : undefined;
  if (sandbox) {
    lifecycle.onStop('sandbox', () => sandbox.stop());
    adapters.config.sandbox.url = sandbox.url;
  }
  const opened = await Promise.all(names.map((name) => openSubgraph(adapters, name, commands, lifecycle)));
  stopping.throwIfAborted();
  for (const { name, started } of opened) local[name] = (...call) => started.dispatch(...call);
  if (alone && config.demo) await seed(opened, {});

  const endpoints: Partial<Record<SubgraphName, SubgraphEndpoint>> = {};
  for (const { name, started } of opened) {
    stopping.throwIfAborted();
    const { schema } = await buildSubgraph(SUBGRAPH_DEFINITIONS[name]);
    endpoints[name] = localEndpoint({ schema, subgraph: started, log });
  }
  if (!alone) for (const one of opened) await openDoor(adapters, one, endpoints[one.name], lifecycle);
  if (!roles.includes('gateway')) {
    await startWork(adapters, opened, lifecycle);
    return undefined;
  }

  const gateway = await createGateway({
    config,
    log,
    clock: adapters.clock,
    signer: adapters.signer,
    sealer: adapters.sealer,
    limiter: await adapters.openLimiter(),
    cache: adapters.cache,
    operationSource: operationSource(commands),
    jwks: adapters.accessTokens.publicJwks(),
    supergraphSdl: await readSupergraph(),
    partnerSdl: await readFile(path.join(PROJECT_ROOT, 'schema', 'partner.graphql'), 'utf8'),
    endpoints,
    issueClientToken: clientTokens(commands),
    readSessions: sessionReader(commands),
    pubsub: adapters.pubsub,
    routes: routes(config, commands),
  });
  reloadOnSignal(gateway, log, lifecycle);
  stopping.throwIfAborted();
  // It has started beside all this.
  await sandbox?.ready;
  // After the gateway is built: building keeps the process busy for a second, too long for leases and time limits.
  if (names.length > 0) await startWork(adapters, opened, lifecycle);
  // Registered last, so stopped first: what is in flight still needs all the rest.
  lifecycle.onStop('gateway', () => gateway.stop(), 8_000);
  return (await gateway.listen()).url;
}

function readSupergraph(): Promise<string> {
  return readFile(path.join(PROJECT_ROOT, 'schema', 'supergraph.graphql'), 'utf8');
}

/**
 * SIGUSR2: the supergraph is read again; one that is no good is logged, and the old one stays. Not SIGHUP, which has to end
 * a shop whose terminal is closed.
 */
function reloadOnSignal(gateway: Gateway, log: Log, lifecycle: Lifecycle): void {
  const reload = (): void =>
    void readSupergraph()
      .then((supergraphSdl) => {
        gateway.reload(supergraphSdl);
        log.info('supergraph read again');
      })
      .catch((error: unknown) => log.error({ err: error }, 'supergraph refused: the old one stays'));
  process.on('SIGUSR2', reload);
  lifecycle.onStop('reload signal', () => void process.off('SIGUSR2', reload));
}

/** A gateway for the supergraph in `file`, and nothing of the shop. */
async function startPlain(config: Config, file: string, log: Log, lifecycle: Lifecycle): Promise<string> {
  await requirePort(config.port, config.host);
  const supergraphSdl = await readFile(file, 'utf8').catch(() => {
    throw new StartProblem('SUPERGRAPH_FILE: the file cannot be read.');
  });
  const gateway = await createPlainGateway({ config, log, clock: systemClock, supergraphSdl });
  lifecycle.onStop('gateway', () => gateway.stop(), 8_000);
  return (await gateway.listen()).url;
}

async function prepareDatabase(adapters: Adapters, name: SubgraphName): Promise<void> {
  const url = await adapters.databaseOf(name);
  await createDatabase(url);
  await migrate(url, SUBGRAPH_DEFINITIONS[name].migrations);
}

async function openSubgraph(
  adapters: Adapters,
  name: SubgraphName,
  commands: CommandClient,
  lifecycle: Lifecycle,
): Promise<Opened> {
  const definition = SUBGRAPH_DEFINITIONS[name];
  const { entities, migrations } = definition;
  const url = await adapters.databaseOf(name);
  const replicaUrl = adapters.config.replicaUrls[name];
  const poolSize = adapters.config.databasePoolSize;
  const db = await Database.connect({ subgraph: name, url, replicaUrl, entities, migrations, poolSize });
  lifecycle.onStop(`${name} database`, () => db.close());
  const { config, clock, log, cache, pubsub, sealer, accessTokens, mailer } = adapters;
  const services: Services = {
    subgraph: name,
    config,
    clock,
    log,
    db,
    commands,
    cache,
    pubsub,
    sealer,
    accessTokens,
    mailer,
  };
  return { name, services, started: definition.start(services) };
}

/** Relay, consumers and jobs. Queues are declared first, all of them: an event published before its consumer starts waits. */
async function startWork(adapters: Adapters, opened: readonly Opened[], lifecycle: Lifecycle): Promise<void> {
  const { config, log } = adapters;
  const bus = adapters.openBus();
  await bus.declare(consumerBindings());
  registerOutboxMetrics(opened.map(({ services }) => services));
  if (config.work === 'api') return;
  for (const { name, services, started } of opened) {
    for (const { queue, handle } of started.consumers) {
      const consumer = await bus.consume(queue, handle);
      lifecycle.onStop(`consumer ${queue}`, () => consumer.close());
    }
    const relay = startRelay({ db: services.db, url: await adapters.databaseOf(name), bus, log });
    lifecycle.onStop(`${name} relay`, () => relay.close());
    const prune = { name: `${name}.prune-messages`, everyMs: PRUNE_MS, run: () => pruneMessages(services.db) };
    const jobs = startJobs([...started.jobs, prune], log);
    lifecycle.onStop(`${name} jobs`, () => jobs.stop());
  }
}

async function openDoor(
  adapters: Adapters,
  { name, services, started }: Opened,
  endpoint: SubgraphEndpoint | undefined,
  lifecycle: Lifecycle,
): Promise<void> {
  if (!endpoint) throw new Error(`${name} has no endpoint`);
  let stopping = false;
  const server = createSubgraphServer({
    name,
    endpoint,
    commandNames: started.commandNames,
    dispatch: (...call) => started.dispatch(...call),
    signer: adapters.signer,
    log: adapters.log,
    ready: async () => !stopping && (await services.db.answers()),
  });
  const url = new URL(adapters.config.subgraphUrls[name]);
  await server.listen({ port: Number(url.port || '80'), host: adapters.config.host });
  lifecycle.onStop(`${name} door`, () => {
    stopping = true;
    return server.close();
  });
}

/** What the gateway serves beside the graph: webhooks, demonstration pictures and, outside production, the mailbox. */
function routes(config: Config, commands: CommandClient): GatewayRoute[] {
  const webhooks = paymentWebhooks(commands);
  const pictures: GatewayRoute = {
    method: 'GET',
    path: '/images/demo/:file',
    handle: async ({ params }) => {
      const picture = demoPicture(params['file'] ?? '');
      if (picture === null) throw new Fault('NOT_FOUND');
      return { status: 200, contentType: 'image/svg+xml', body: picture, cacheSeconds: 30 * 86_400 };
    },
  };
  const mailbox: GatewayRoute = {
    method: 'GET',
    path: '/dev/mailbox',
    handle: async ({ headers }) => ({
      status: 200,
      ...renderMailbox(await readMailbox(mailboxFolder(config), MAILBOX_SIZE), String(headers['accept'])),
    }),
  };
  return config.production ? [webhooks, pictures] : [webhooks, pictures, mailbox];
}

/** How the demonstration catalogue is filled. */
interface SeedOptions {
  products?: number;
  onProgress?: (done: number) => void;
}

/** Fills the demonstration shop; what is there already stays. */
async function seed(opened: readonly Opened[], options: SeedOptions): Promise<void> {
  for (const { name, services } of opened) {
    if (name === 'accounts') await seedAccounts(services);
    if (name === 'catalog') await seedCatalog(services, { products: DEMO_PRODUCTS, ...options });
  }
}

/** Creates and migrates all databases and, where the settings say so, fills the demonstration shop. For operator commands. */
export async function prepareShop(config: Config, options: SeedOptions = {}): Promise<void> {
  const log = createLog({ level: config.logLevel, name: 'prepare' });
  const lifecycle = new Lifecycle(log);
  try {
    const adapters = await openAdapters(config, log, lifecycle, 'command');
    const commands = createCommandClient({ local: {}, urls: config.subgraphUrls, signer: adapters.signer });
    lifecycle.onStop('commands', () => commands.close());
    await Promise.all(SUBGRAPHS.map((name) => prepareDatabase(adapters, name)));
    if (!config.demo) return;
    const filled = ['accounts', 'catalog'] as const;
    await seed(await Promise.all(filled.map((name) => openSubgraph(adapters, name, commands, lifecycle))), options);
  } finally {
    await lifecycle.stop();
  }
}

/** Runs until SIGINT or SIGTERM. */
async function run(args: readonly string[]): Promise<void> {
  const role = roleOf(args);
  const config = readConfig();
  const log = createLog({ level: config.logLevel, name: role ?? 'souk' });
  const lifecycle = new Lifecycle(log);
  const stopping = new AbortController();
  const started = start(config, role ? [role] : ROLES, log, lifecycle, stopping.signal);
  let ended: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping.abort();
    ended ??= settled(started, STAGE_MS).then(() => lifecycle.stop());
    return ended;
  };
  const exit = (): void => void stop().then(() => process.exit());
  process.on('SIGINT', exit);
  process.on('SIGTERM', exit);
  try {
    const url = await started;
    if (!role && config.plainSupergraph === undefined && !stopping.signal.aborted) process.stdout.write(banner(config));
    else log.info({ url }, 'started');
  } catch (error) {
    // What was told to stop has failed for that reason.
    if (stopping.signal.aborted) return;
    const problem = listenProblem(error, config) ?? error;
    if (!isExplained(problem)) log.error({ err: problem }, 'start failed');
    process.stderr.write(`${problem instanceof Error ? problem.message : 'Souk could not start.'}\n`);
    process.exitCode = 1;
    exit();
  }
}

/** The part asked for; undefined: all of them. `--subgraph` (npm run start:subgraph) asks for the name of one. */
function roleOf(args: readonly string[]): Role | undefined {
  const [asked, ...rest] = args.filter((arg) => arg !== '--subgraph');
  const known: readonly Role[] = args.includes('--subgraph') ? SUBGRAPHS : ROLES;
  const role = known.find((name) => name === asked);
  if (rest.length > 0 || (!role && (asked !== undefined || known !== ROLES))) {
    throw new StartProblem(`Say which part to start, one of: ${known.join(', ')}.`);
  }
  return role;
}

/** Resolves when the promise has settled either way, at the latest after `withinMs`. */
async function settled(promise: Promise<unknown>, withinMs: number): Promise<void> {
  const done = promise.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([done, new Promise((resolve) => setTimeout(resolve, withinMs))]);
}

/** A port taken since it was looked at, or a subgraph's own. */
function listenProblem(error: unknown, config: Config): StartProblem | undefined {
  if (!(error instanceof Error && 'syscall' in error && error.syscall === 'listen' && 'code' in error))
    return undefined;
  return portProblem(String(error.code), 'port' in error && typeof error.port === 'number' ? error.port : config.port);
}

if (require.main === module) runCommand(() => run(process.argv.slice(2)));
