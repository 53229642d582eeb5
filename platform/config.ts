/**
 * Settings. The only file that reads the environment. Every problem is reported at once, by the setting's name.
 */
import { z } from 'zod';
import { currencyDigits } from './money';

/** The five subgraphs, in the order in which the demonstration shop is filled. */
export const SUBGRAPHS = ['accounts', 'catalog', 'cart', 'orders', 'payments'] as const;
/** One of {@link SUBGRAPHS}. */
export type SubgraphName = (typeof SUBGRAPHS)[number];

/** A whole number within bounds, as text. */
const whole = (min: number, max: number): z.ZodType<number> => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.coerce.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};
/** One of a few words. */
const oneOf = <const Words extends readonly [string, ...string[]]>(...words: Words) =>
  z.enum(words, { error: `must be ${words.join(' or ')}` });
/** A URL of one of these schemes: without the check "localhost:6379" would pass, as scheme "localhost". */
const url = (...schemes: string[]): z.ZodType<string | undefined> =>
  z
    .url({ protocol: new RegExp(`^(${schemes.join('|')})$`), error: `must be a URL: ${schemes.join('://… or ')}://…` })
    .optional();
const secretList = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  // A stray comma would otherwise be an empty secret, with which anybody can sign.
  .refine((parts) => parts.every((part) => part !== ''), 'must not have empty entries')
  .optional();

/** "tokens an hour/tokens at once". */
const rate = z
  .string()
  .regex(/^[1-9]\d{0,8}\/[1-9]\d{0,8}$/, 'must be <requests an hour>/<burst>, like 1000/50')
  .transform((text) => text.split('/').map(Number))
  .transform(([perHour = 1, burst = 1]): Rate => ({ perHour, burst }))
  .optional();
/** Origins of browsers, separated by commas. */
const origins = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .refine(
    (parts) => parts.every((part) => URL.canParse(part) && new URL(part).origin === part),
    'must be origins like https://shop.example, separated by commas',
  )
  .default([]);

const postgresUrl = url('postgres', 'postgresql');

const environment = z.object({
  NODE_ENV: oneOf('development', 'test', 'production').default('development'),
  PORT: whole(1, 65_535).default(4000),
  HOST: z.string().min(1).default('127.0.0.1'),
  SOUK_PUBLIC_URL: url('http', 'https'),
  DATA_DIR: z.string().min(1).default('.souk'),
  SOUK_NAMESPACE: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,30}$/, 'must be 1 to 31 lower-case letters, digits and "_", a letter first')
    .default('souk'),
  SOUK_WORK: oneOf('api', 'jobs', 'both').default('both'),
  DATABASE_URL: postgresUrl,
  DATABASE_POOL_SIZE: whole(2, 200).default(10),
  REDIS_URL: url('redis', 'rediss'),
  RABBITMQ_URL: url('amqp', 'amqps'),
  SOUK_JWT_PRIVATE_KEYS: secretList,
  SOUK_INTERNAL_SECRETS: secretList,
  SOUK_ENCRYPTION_KEYS: secretList,
  PAYMENT_PROVIDER: oneOf('sandbox', 'stripe').default('sandbox'),
  SANDBOX_URL: url('http'),
  SANDBOX_WEBHOOK_SECRET: z.string().min(32, 'needs at least 32 characters').optional(),
  STRIPE_API_KEY: z.string().optional(),
  STRIPE_WEBHOOK_SECRET: z.string().optional(),
  STRIPE_API_BASE: url('http', 'https'),
  SMTP_URL: url('smtp', 'smtps'),
  SOUK_DEMO: oneOf('0', '1').optional(),
  SOUK_INTROSPECTION: oneOf('all', 'admins').optional(),
  SOUK_OPERATION_COST: whole(100, 1_000_000).default(20_000),
  SOUK_RATE_LIMITS: oneOf('on', 'off').default('on'),
  SOUK_RATE_ANONYMOUS: rate,
  SOUK_RATE_SIGNED_IN: rate,
  SOUK_RATE_PREMIUM: rate,
  SOUK_RATE_PARTNER: rate,
  SOUK_CORS_ORIGINS: origins,
  SUPERGRAPH_FILE: z.string().optional(),
  SOUK_PLAIN_GATEWAY: oneOf('0', '1').default('0'),
  SOUK_CURRENCY: z
    .string()
    .refine((code) => currencyDigits(code) !== null, 'must be an ISO 4217 code')
    .default('USD'),
  SOUK_RESERVATION_MINUTES: whole(1, 1440).default(15),
  SOUK_LOGIN_FAILURES_PER_ADDRESS: whole(5, 1_000_000).optional(),
  SOUK_SOCKETS_PER_USER: whole(1, 100_000).default(50),
  SOUK_SOCKETS_PER_ADDRESS: whole(1, 1_000_000).default(3_000),
  SOUK_TRUSTED_PROXIES: whole(0, 10).default(0),
  SOUK_EVENT_RETENTION_DAYS: whole(0, 36_500).default(90),
  SOUK_LOG_LEVEL: oneOf('silent', 'error', 'warn', 'info', 'debug').default('info'),
  ...perSubgraph((name) => [`${name}_DATABASE_URL`, postgresUrl]),
  ...perSubgraph((name) => [`${name}_REPLICA_URL`, postgresUrl]),
  ...perSubgraph((name) => [`${name}_URL`, url('http', 'https')]),
});

function perSubgraph<T extends z.ZodType>(entry: (name: string) => [string, T]): Record<string, T> {
  return Object.fromEntries(SUBGRAPHS.map((name) => entry(name.toUpperCase())));
}

/** Whose requests are counted together, and by which limit. */
export type RateTier = 'anonymous' | 'signedIn' | 'premium' | 'partner';
/** What a caller may ask for: `burst` requests at once, and `perHour` of them come back each hour, evenly. */
export interface Rate {
  perHour: number;
  burst: number;
}
/** In production; a hundred times as much elsewhere, where nobody should have to think of it. */
const RATES: Record<RateTier, Rate> = {
  anonymous: { perHour: 100, burst: 10 },
  signedIn: { perHour: 1_000, burst: 50 },
  premium: { perHour: 10_000, burst: 200 },
  partner: { perHour: 50_000, burst: 1_000 },
};

/** Typed settings; see the README for each one's meaning. */
export interface Config {
  production: boolean;
  /** The gateway's port and the address every process listens on. */
  port: number;
  host: string;
  /** Base of image and mail links, without a trailing slash. */
  publicUrl: string;
  dataDir: string;
  /** Prefix of databases, Redis keys and channels, exchanges and queues. */
  namespace: string;
  /** What this process does: answers requests, runs jobs and consumers, or both. */
  work: 'api' | 'jobs' | 'both';
  /** Server for all five databases; undefined: the embedded one. */
  databaseUrl?: string;
  databaseUrls: Partial<Record<SubgraphName, string>>;
  /** Connections of a subgraph's process to its database at most, and as many to its replica. */
  databasePoolSize: number;
  replicaUrls: Partial<Record<SubgraphName, string>>;
  /** Where the other processes listen, when separate. */
  subgraphUrls: Record<SubgraphName, string>;
  redisUrl?: string;
  rabbitUrl?: string;
  /** undefined: made in DATA_DIR (never in production). */
  jwtPrivateKeys?: string[];
  internalSecrets?: string[];
  encryptionKeys?: string[];
  paymentProvider: 'sandbox' | 'stripe';
  /** Where the sandbox provider is, and what it signs its webhooks with; undefined: started and made by the shop itself. */
  sandbox: { url?: string; webhookSecret?: string };
  /** Set when the provider is stripe. `apiBase`: undefined: Stripe's own. */
  stripe?: { apiKey: string; webhookSecret: string; apiBase?: string };
  smtpUrl?: string;
  /** Whether the demonstration shop and accounts are made on first start. */
  demo: boolean;
  introspection: 'all' | 'admins';
  /** Cost one operation may have, at most. */
  operationCost: number;
  /** undefined: nobody is limited (never in production). */
  rates?: Record<RateTier, Rate>;
  /** Origins whose pages may read the graph's answers in a browser. */
  corsOrigins: string[];
  /** Set: this process is only a gateway for the supergraph in this file, without any protection (never in production). */
  plainSupergraph?: string;
  currency: string;
  reservationMinutes: number;
  /** Wrong passwords and tokens from one network address in 15 minutes, at most. */
  loginFailuresPerAddress: number;
  /** Open sockets of a user and of an address at most, and how many proxies in front of the gateway tell the address. */
  sockets: { perUser: number; perAddress: number; trustedProxies: number };
  /** Days that a subscription can go back to; what happened before is a GAP to it. 0: as far as there are events. */
  eventRetentionDays: number;
  logLevel: string;
}

/** Everything wrong with the settings, a line each. Thrown by {@link readConfig}; values are not repeated. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The settings are not valid:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** Development secrets start with this; production refuses them. */
export const DEVELOPMENT_MARK = 'development-only';

/** Reads the settings; throws {@link ConfigError} with every problem at once. An empty value counts as not set. */
export function readConfig(env: Record<string, string | undefined> = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  if (given['NODE_ENV'] === 'production') problems.push(...productionProblems(given));
  problems.push(...providerProblems(given));
  if ((given['SOUK_PLAIN_GATEWAY'] === '1') !== (given['SUPERGRAPH_FILE'] !== undefined))
    problems.push('SUPERGRAPH_FILE: goes with SOUK_PLAIN_GATEWAY=1, and that with it');
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const e = parsed.data;
  const production = e.NODE_ENV === 'production';
  const each = <T>(
    suffix: string,
    fallback: (name: SubgraphName, index: number) => T,
  ): Record<SubgraphName, string | T> => {
    const value = (name: SubgraphName): string | undefined => given[`${name.toUpperCase()}_${suffix}`];
    return {
      accounts: value('accounts') ?? fallback('accounts', 0),
      catalog: value('catalog') ?? fallback('catalog', 1),
      cart: value('cart') ?? fallback('cart', 2),
      orders: value('orders') ?? fallback('orders', 3),
      payments: value('payments') ?? fallback('payments', 4),
    };
  };
  return {
    production,
    port: e.PORT,
    host: e.HOST,
    publicUrl: (e.SOUK_PUBLIC_URL ?? `http://${e.HOST}:${e.PORT}`).replace(/\/+$/, ''),
    dataDir: e.DATA_DIR,
    namespace: e.SOUK_NAMESPACE,
    work: e.SOUK_WORK,
    databaseUrl: e.DATABASE_URL,
    databaseUrls: each('DATABASE_URL', () => undefined),
    databasePoolSize: e.DATABASE_POOL_SIZE,
    replicaUrls: each('REPLICA_URL', () => undefined),
    subgraphUrls: each('URL', (_, index) => `http://127.0.0.1:${4001 + index}`),
    redisUrl: e.REDIS_URL,
    rabbitUrl: e.RABBITMQ_URL,
    jwtPrivateKeys: e.SOUK_JWT_PRIVATE_KEYS,
    internalSecrets: e.SOUK_INTERNAL_SECRETS,
    encryptionKeys: e.SOUK_ENCRYPTION_KEYS,
    paymentProvider: e.PAYMENT_PROVIDER,
    sandbox: { url: e.SANDBOX_URL, webhookSecret: e.SANDBOX_WEBHOOK_SECRET },
    stripe: stripeOf(e),
    smtpUrl: e.SMTP_URL,
    demo: e.SOUK_DEMO === undefined ? !production : e.SOUK_DEMO === '1',
    introspection: e.SOUK_INTROSPECTION ?? (production ? 'admins' : 'all'),
    operationCost: e.SOUK_OPERATION_COST,
    rates: ratesOf(e, production),
    corsOrigins: e.SOUK_CORS_ORIGINS,
    plainSupergraph: e.SOUK_PLAIN_GATEWAY === '1' ? e.SUPERGRAPH_FILE : undefined,
    currency: e.SOUK_CURRENCY,
    reservationMinutes: e.SOUK_RESERVATION_MINUTES,
    loginFailuresPerAddress: e.SOUK_LOGIN_FAILURES_PER_ADDRESS ?? (production ? 100 : 10_000),
    sockets: {
      perUser: e.SOUK_SOCKETS_PER_USER,
      perAddress: e.SOUK_SOCKETS_PER_ADDRESS,
      trustedProxies: e.SOUK_TRUSTED_PROXIES,
    },
    eventRetentionDays: e.SOUK_EVENT_RETENTION_DAYS,
    logLevel: e.SOUK_LOG_LEVEL,
  };
}

function ratesOf(e: z.output<typeof environment>, production: boolean): Config['rates'] {
  if (e.SOUK_RATE_LIMITS === 'off') return undefined;
  const usual = ({ perHour, burst }: Rate): Rate =>
    production ? { perHour, burst } : { perHour: perHour * 100, burst: burst * 100 };
  return {
    anonymous: e.SOUK_RATE_ANONYMOUS ?? usual(RATES.anonymous),
    signedIn: e.SOUK_RATE_SIGNED_IN ?? usual(RATES.signedIn),
    premium: e.SOUK_RATE_PREMIUM ?? usual(RATES.premium),
    partner: e.SOUK_RATE_PARTNER ?? usual(RATES.partner),
  };
}

function stripeOf(e: z.output<typeof environment>): Config['stripe'] {
  const { PAYMENT_PROVIDER: provider, STRIPE_API_KEY: apiKey, STRIPE_WEBHOOK_SECRET: webhookSecret } = e;
  if (provider !== 'stripe' || apiKey === undefined || webhookSecret === undefined) return undefined;
  return { apiKey, webhookSecret, apiBase: e.STRIPE_API_BASE };
}

function providerProblems(env: Record<string, string | undefined>): string[] {
  if (env['PAYMENT_PROVIDER'] !== 'stripe') return [];
  return ['STRIPE_API_KEY', 'STRIPE_WEBHOOK_SECRET']
    .filter((name) => env[name] === undefined)
    .map((name) => `${name}: required when PAYMENT_PROVIDER is stripe`);
}

function productionProblems(env: Record<string, string | undefined>): string[] {
  const problems: string[] = [];
  for (const name of ['SOUK_JWT_PRIVATE_KEYS', 'SOUK_INTERNAL_SECRETS', 'SOUK_ENCRYPTION_KEYS']) {
    const value = env[name];
    if (value === undefined) problems.push(`${name}: required when NODE_ENV is production`);
    else if (value.includes(DEVELOPMENT_MARK)) problems.push(`${name}: a development value is refused in production`);
    else if (value.split(',').some((part) => part.trim().length < 32)) {
      problems.push(`${name}: every entry needs at least 32 characters`);
    }
  }
  if (env['SOUK_PLAIN_GATEWAY'] === '1')
    problems.push('SOUK_PLAIN_GATEWAY: a gateway without protection is refused in production');
  if (env['SOUK_RATE_LIMITS'] === 'off') problems.push('SOUK_RATE_LIMITS: off is refused in production');
  if (env['SOUK_DEMO'] === '1') problems.push('SOUK_DEMO: demonstration accounts are refused in production');
  if (
    env['DATABASE_URL'] === undefined &&
    SUBGRAPHS.some((name) => env[`${name.toUpperCase()}_DATABASE_URL`] === undefined)
  ) {
    problems.push('DATABASE_URL: required when NODE_ENV is production');
  }
  return problems;
}

/** Switches the gateway library's reports to its vendor off. It reads this when it is made, so call this before. */
export function disableApolloTelemetry(): void {
  process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';
}

/** The environment for a child process: this one's, with some settings replaced. */
export function childEnvironment(settings: Record<string, string>): Record<string, string | undefined> {
  return { ...process.env, ...settings };
}
