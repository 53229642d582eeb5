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
  REDIS_URL: url('redis', 'rediss'),
  RABBITMQ_URL: url('amqp', 'amqps'),
  SOUK_JWT_PRIVATE_KEYS: secretList,
  SOUK_INTERNAL_SECRETS: secretList,
  SOUK_ENCRYPTION_KEYS: secretList,
  PAYMENT_PROVIDER: oneOf('sandbox').default('sandbox'),
  SMTP_URL: url('smtp', 'smtps'),
  SOUK_DEMO: oneOf('0', '1').optional(),
  SOUK_INTROSPECTION: oneOf('all', 'admins').optional(),
  SOUK_CURRENCY: z
    .string()
    .refine((code) => currencyDigits(code) !== null, 'must be an ISO 4217 code')
    .default('USD'),
  SOUK_RESERVATION_MINUTES: whole(1, 1440).default(15),
  SOUK_LOG_LEVEL: oneOf('silent', 'error', 'warn', 'info', 'debug').default('info'),
  ...perSubgraph((name) => [`${name}_DATABASE_URL`, postgresUrl]),
  ...perSubgraph((name) => [`${name}_REPLICA_URL`, postgresUrl]),
  ...perSubgraph((name) => [`${name}_URL`, url('http', 'https')]),
});

function perSubgraph<T extends z.ZodType>(entry: (name: string) => [string, T]): Record<string, T> {
  return Object.fromEntries(SUBGRAPHS.map((name) => entry(name.toUpperCase())));
}

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
  replicaUrls: Partial<Record<SubgraphName, string>>;
  /** Where the other processes listen, when separate. */
  subgraphUrls: Record<SubgraphName, string>;
  redisUrl?: string;
  rabbitUrl?: string;
  /** undefined: made in DATA_DIR (never in production). */
  jwtPrivateKeys?: string[];
  internalSecrets?: string[];
  encryptionKeys?: string[];
  paymentProvider: 'sandbox';
  smtpUrl?: string;
  /** Whether the demonstration shop and accounts are made on first start. */
  demo: boolean;
  introspection: 'all' | 'admins';
  currency: string;
  reservationMinutes: number;
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
    replicaUrls: each('REPLICA_URL', () => undefined),
    subgraphUrls: each('URL', (_, index) => `http://127.0.0.1:${4001 + index}`),
    redisUrl: e.REDIS_URL,
    rabbitUrl: e.RABBITMQ_URL,
    jwtPrivateKeys: e.SOUK_JWT_PRIVATE_KEYS,
    internalSecrets: e.SOUK_INTERNAL_SECRETS,
    encryptionKeys: e.SOUK_ENCRYPTION_KEYS,
    paymentProvider: e.PAYMENT_PROVIDER,
    smtpUrl: e.SMTP_URL,
    demo: e.SOUK_DEMO === undefined ? !production : e.SOUK_DEMO === '1',
    introspection: e.SOUK_INTROSPECTION ?? (production ? 'admins' : 'all'),
    currency: e.SOUK_CURRENCY,
    reservationMinutes: e.SOUK_RESERVATION_MINUTES,
    logLevel: e.SOUK_LOG_LEVEL,
  };
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
