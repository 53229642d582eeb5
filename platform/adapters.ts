/** What differs between one process and twelve: stores, bus, pub/sub, cache. Chosen here, by configuration, and nowhere else. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createAccessTokenSigner, type AccessTokenSigner } from './auth/access-token';
import { loadSecrets } from './auth/development-secrets';
import { parseEncryptionKeys, parseJwtKeys } from './auth/secret-lists';
import { RequestSigner } from './auth/signature';
import type { Bus } from './bus/bus';
import { registerBusMetrics } from './bus/bus-metrics';
import { createMemoryBus } from './bus/memory';
import { createRabbitBus } from './bus/rabbit';
import type { Cache } from './cache/cache';
import { createLayeredCache } from './cache/layered';
import { createMemoryCache } from './cache/memory';
import { systemClock, type Clock } from './clock';
import { ConfigError, type Config, type SubgraphName } from './config';
import { startEmbeddedPostgres } from './db/embedded-postgres';
import { databaseUrl } from './db/prepare';
import type { Lifecycle } from './lifecycle';
import type { Limiter } from './limiter/limiter';
import { createMemoryLimiter } from './limiter/memory';
import { createRedisLimiter } from './limiter/redis';
import type { Log } from './log';
import { createMailboxMailer } from './mail/mailbox';
import type { Mailer } from './mail/mail';
import { createSmtpMailer } from './mail/smtp';
import { registerCacheMetrics, registerProcessMetrics } from './metrics';
import { createMemoryPubSub } from './pubsub/memory';
import type { PubSub } from './pubsub/pubsub';
import { createRedisPubSub } from './pubsub/redis';
import { createSealer, installSealer, type Sealer } from './seal';

/** Entries the process's own cache keeps. */
const CACHE_ENTRIES = 20_000;

/** The adapters of one process. */
export interface Adapters {
  /** The settings, with the secrets that were made. */
  config: Config;
  log: Log;
  clock: Clock;
  /** Connects to the bus when first asked for: a gateway alone has no use for one. */
  openBus(): Bus;
  /** Connects when it is asked for, once: only a gateway has use for it. */
  openLimiter(): Promise<Limiter>;
  pubsub: PubSub;
  cache: Cache;
  mailer: Mailer;
  sealer: Sealer;
  signer: RequestSigner;
  accessTokens: AccessTokenSigner;
  /** URL of a subgraph's database; starts the embedded server when first asked for and none is configured. */
  databaseOf(subgraph: SubgraphName): Promise<string>;
}

/** Where the mailbox of an installation without SMTP lies. */
export function mailboxFolder(config: Config): string {
  return path.join(config.dataDir, 'mailbox');
}

/**
 * For whom adapters are opened. `shop`: a process with all the parts. `part`: one of several that work with the same stores, so
 * DATABASE_URL, REDIS_URL and RABBITMQ_URL are required: in-process ones would reach nobody. `command`: an operator's command,
 * which uses the embedded PostgreSQL of a shop that runs. `payments`: the part that talks to the payment provider, so with the
 * sandbox it requires SANDBOX_URL as well.
 */
export type AdapterUse = 'shop' | 'part' | 'payments' | 'command';

/** Opens what the settings name. What is not configured lives inside this process. */
export async function openAdapters(config: Config, log: Log, lifecycle: Lifecycle, use: AdapterUse): Promise<Adapters> {
  if (use === 'part' || use === 'payments') requireShared(config, use);
  await mkdir(config.dataDir, { recursive: true });
  const secrets = await loadSecrets(config);
  registerProcessMetrics();
  const sealer = createSealer(parseEncryptionKeys(secrets.encryptionKeys));
  installSealer(sealer);

  const pubsub = config.redisUrl
    ? createRedisPubSub({ url: config.redisUrl, namespace: config.namespace, log })
    : createMemoryPubSub({ log });
  lifecycle.onStop('pub/sub', () => pubsub.close());
  const cache = config.redisUrl
    ? await createLayeredCache({
        url: config.redisUrl,
        namespace: config.namespace,
        pubsub,
        log,
        maxEntries: CACHE_ENTRIES,
      })
    : createMemoryCache({ maxEntries: CACHE_ENTRIES });
  lifecycle.onStop('cache', () => cache.close());
  registerCacheMetrics(cache);
  let bus: Bus | undefined;
  const openBus = (): Bus => {
    if (bus) return bus;
    const opened = config.rabbitUrl
      ? createRabbitBus({ url: config.rabbitUrl, namespace: config.namespace, log })
      : createMemoryBus({ log });
    lifecycle.onStop('bus', () => opened.close());
    registerBusMetrics(opened);
    bus = opened;
    return opened;
  };

  let embedded: Promise<string> | undefined;
  const serverUrl = async (): Promise<string> => {
    if (config.databaseUrl) return config.databaseUrl;
    embedded ??= startEmbeddedPostgres({ dataDir: config.dataDir, log, join: use === 'command' }).then((server) => {
      lifecycle.onStopLast('database server', () => server.stop());
      return server.url;
    });
    return embedded;
  };

  return {
    config: { ...config, sandbox: { ...config.sandbox, webhookSecret: secrets.sandboxWebhookSecret } },
    log,
    clock: systemClock,
    openBus,
    openLimiter: async () => {
      const { redisUrl: url, namespace } = config;
      const limiter = url
        ? await createRedisLimiter({ url, namespace, clock: systemClock, log })
        : createMemoryLimiter(systemClock);
      lifecycle.onStop('limiter', () => limiter.close());
      return limiter;
    },
    pubsub,
    cache,
    mailer: openMailer(config, log, lifecycle),
    sealer,
    signer: new RequestSigner(secrets.internalSecrets, systemClock),
    accessTokens: createAccessTokenSigner(parseJwtKeys(secrets.jwtPrivateKeys)),
    databaseOf: async (subgraph) =>
      config.databaseUrls[subgraph] ?? databaseUrl(await serverUrl(), config.namespace, subgraph),
  };
}

function openMailer(config: Config, log: Log, lifecycle: Lifecycle): Mailer {
  if (config.smtpUrl) {
    const mailer = createSmtpMailer(config.smtpUrl);
    lifecycle.onStop('mail', () => mailer.close());
    return mailer;
  }
  if (config.production) log.warn('SMTP_URL is not set: mail is kept in DATA_DIR and reaches nobody');
  return createMailboxMailer(mailboxFolder(config));
}

function requireShared(config: Config, use: 'part' | 'payments'): void {
  const problems = [
    ...(config.databaseUrl || Object.values(config.databaseUrls).every(Boolean) ? [] : ['DATABASE_URL']),
    ...(config.redisUrl ? [] : ['REDIS_URL']),
    ...(config.rabbitUrl ? [] : ['RABBITMQ_URL']),
    ...(use === 'part' || config.paymentProvider !== 'sandbox' || config.sandbox.url ? [] : ['SANDBOX_URL']),
  ].map((name) => `${name}: required when the parts run as separate processes`);
  if (problems.length > 0) throw new ConfigError(problems);
}
