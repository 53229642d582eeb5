/** Settings: sensible without any, every problem at once, values never repeated, and development refused in production. */
import { ConfigError, DEVELOPMENT_MARK, readConfig } from '../../platform/config';

function problems(env: Record<string, string | undefined>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const secret = 'x'.repeat(32);
const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://db.internal/postgres',
  SOUK_JWT_PRIVATE_KEYS: secret,
  SOUK_INTERNAL_SECRETS: secret,
  SOUK_ENCRYPTION_KEYS: secret,
};

test('nothing set is a whole shop on this machine', () => {
  expect(readConfig({})).toMatchObject({
    production: false,
    port: 4000,
    host: '127.0.0.1',
    publicUrl: 'http://127.0.0.1:4000',
    dataDir: '.souk',
    namespace: 'souk',
    work: 'both',
    databaseUrl: undefined,
    databasePoolSize: 10,
    redisUrl: undefined,
    rabbitUrl: undefined,
    demo: true,
    introspection: 'all',
    operationCost: 20_000,
    rates: {
      anonymous: { perHour: 10_000, burst: 1_000 },
      signedIn: { perHour: 100_000, burst: 5_000 },
      premium: { perHour: 1_000_000, burst: 20_000 },
      partner: { perHour: 5_000_000, burst: 100_000 },
    },
    corsOrigins: [],
    plainSupergraph: undefined,
    currency: 'USD',
    reservationMinutes: 15,
    loginFailuresPerAddress: 10_000,
    sockets: { perUser: 50, perAddress: 3_000, trustedProxies: 0 },
    eventRetentionDays: 90,
    paymentProvider: 'sandbox',
    sandbox: { url: undefined, webhookSecret: undefined },
    stripe: undefined,
    subgraphUrls: {
      accounts: 'http://127.0.0.1:4001',
      catalog: 'http://127.0.0.1:4002',
      cart: 'http://127.0.0.1:4003',
      orders: 'http://127.0.0.1:4004',
      payments: 'http://127.0.0.1:4005',
    },
  });
});

test('an empty value counts as not set', () => {
  const names = ['PORT', 'HOST', 'REDIS_URL', 'SOUK_CURRENCY', 'SOUK_INTERNAL_SECRETS', 'CART_URL', 'NODE_ENV'];
  expect(readConfig(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(readConfig({}));
});

test('Stripe needs its key and its webhook secret, told together with what else is wrong', () => {
  const stripe = { PAYMENT_PROVIDER: 'stripe', STRIPE_API_KEY: 'sk_test_1', STRIPE_WEBHOOK_SECRET: 'whsec_1' };
  expect(readConfig(stripe)).toMatchObject({
    ...{ paymentProvider: 'stripe', stripe: { apiKey: 'sk_test_1', webhookSecret: 'whsec_1', apiBase: undefined } },
  });
  expect(readConfig({ ...stripe, STRIPE_API_BASE: 'http://127.0.0.1:1' }).stripe?.apiBase).toBe('http://127.0.0.1:1');
  expect(readConfig({ ...stripe, PAYMENT_PROVIDER: 'sandbox' }).stripe).toBeUndefined();
  expect(problems({ PAYMENT_PROVIDER: 'stripe', PORT: 'x' }).map((line) => line.split(':')[0])).toEqual([
    ...['PORT', 'STRIPE_API_KEY', 'STRIPE_WEBHOOK_SECRET'],
  ]);
});

test('rates are those of production there, and what is set is taken as it is', () => {
  const rates = readConfig({ ...production, SOUK_RATE_PARTNER: '7/3' }).rates;
  expect(rates).toEqual({
    anonymous: { perHour: 100, burst: 10 },
    signedIn: { perHour: 1_000, burst: 50 },
    premium: { perHour: 10_000, burst: 200 },
    partner: { perHour: 7, burst: 3 },
  });
  expect(readConfig({ SOUK_RATE_ANONYMOUS: '7/3' }).rates?.anonymous).toEqual({ perHour: 7, burst: 3 });
  expect(readConfig({ SOUK_RATE_LIMITS: 'off' }).rates).toBeUndefined();
  expect(problems({ ...production, SOUK_RATE_LIMITS: 'off' })).toEqual([
    'SOUK_RATE_LIMITS: off is refused in production',
  ]);
});

test('a gateway for a foreign supergraph needs its file, and is refused in production', () => {
  const plain = { SOUK_PLAIN_GATEWAY: '1', SUPERGRAPH_FILE: '/a/supergraph.graphql' };
  expect(readConfig(plain).plainSupergraph).toBe('/a/supergraph.graphql');
  for (const half of [{ SOUK_PLAIN_GATEWAY: '1' }, { SUPERGRAPH_FILE: '/a' }]) {
    expect(problems(half)).toEqual(['SUPERGRAPH_FILE: goes with SOUK_PLAIN_GATEWAY=1, and that with it']);
  }
  expect(problems({ ...production, ...plain })).toEqual([
    'SOUK_PLAIN_GATEWAY: a gateway without protection is refused in production',
  ]);
});

test('what is set is taken', () => {
  const config = readConfig({
    PORT: '8080',
    SOUK_PUBLIC_URL: 'https://shop.example//',
    DATABASE_URL: 'postgres://one/postgres',
    ORDERS_DATABASE_URL: 'postgresql://two/orders',
    CATALOG_REPLICA_URL: 'postgres://three/catalog',
    CART_URL: 'http://cart.internal:4003',
    REDIS_URL: 'rediss://redis.internal',
    RABBITMQ_URL: 'amqps://rabbit.internal',
    SMTP_URL: 'smtp://mail.internal:25',
    SOUK_INTERNAL_SECRETS: 'new one, old one',
    SOUK_CURRENCY: 'JPY',
    SOUK_DEMO: '0',
    SOUK_CORS_ORIGINS: 'https://shop.example, http://127.0.0.1:3000',
    SOUK_TRUSTED_PROXIES: '2',
  });
  expect(config).toMatchObject({
    port: 8080,
    publicUrl: 'https://shop.example',
    databaseUrls: { orders: 'postgresql://two/orders', accounts: undefined },
    replicaUrls: { catalog: 'postgres://three/catalog' },
    redisUrl: 'rediss://redis.internal',
    internalSecrets: ['new one', 'old one'],
    currency: 'JPY',
    demo: false,
    corsOrigins: ['https://shop.example', 'http://127.0.0.1:3000'],
    sockets: { trustedProxies: 2 },
  });
  expect(config.subgraphUrls.cart).toBe('http://cart.internal:4003');
});

const wrong: Record<string, string> = {
  NODE_ENV: 'prod-marker',
  PORT: '70000-marker',
  SOUK_PUBLIC_URL: 'marker.example',
  SOUK_NAMESPACE: 'Marker!',
  SOUK_WORK: 'marker',
  DATABASE_URL: 'mysql://marker',
  REDIS_URL: 'localhost-marker:6379',
  RABBITMQ_URL: 'http://marker',
  SOUK_INTERNAL_SECRETS: 'marker,,marker',
  PAYMENT_PROVIDER: 'marker',
  SMTP_URL: 'marker:25',
  SOUK_DEMO: 'marker',
  SOUK_OPERATION_COST: 'marker',
  SOUK_RATE_LIMITS: 'marker',
  SOUK_RATE_ANONYMOUS: '1000/marker',
  SOUK_CORS_ORIGINS: 'https://shop.example, marker.example',
  SOUK_CURRENCY: 'marker',
  SOUK_RESERVATION_MINUTES: '-5-marker',
  SOUK_SOCKETS_PER_USER: 'marker',
  SOUK_SOCKETS_PER_ADDRESS: '1.5-marker',
  SOUK_TRUSTED_PROXIES: '-1-marker',
  SOUK_LOG_LEVEL: 'marker',
  ORDERS_URL: 'marker',
  CATALOG_REPLICA_URL: 'marker',
};

test('every problem is told at once, by name, and no value is repeated', () => {
  const told = problems(wrong);
  expect(told.map((line) => line.split(':')[0]).sort()).toEqual(Object.keys(wrong).sort());
  expect(told.join('\n')).not.toMatch(/marker/i);
  expect(() => readConfig(wrong)).toThrow(/The settings are not valid:\n {2}\w+: /);
});

test.each([
  ['PORT', '0'],
  ['PORT', '65536'],
  ['PORT', '80.5'],
  ['SOUK_NAMESPACE', '1souk'],
  ['SOUK_NAMESPACE', 'a'.repeat(32)],
  ['SOUK_NAMESPACE', 'so-uk'],
  ['SOUK_CURRENCY', 'usd'],
  ['SOUK_RESERVATION_MINUTES', '0'],
  ['SOUK_RESERVATION_MINUTES', '1441'],
  ['SOUK_SOCKETS_PER_USER', '0'],
  ['SOUK_SOCKETS_PER_ADDRESS', '1000001'],
  ['SOUK_TRUSTED_PROXIES', '11'],
  ['SOUK_EVENT_RETENTION_DAYS', '-1'],
  ['SOUK_EVENT_RETENTION_DAYS', '36501'],
  ['SOUK_INTERNAL_SECRETS', ','],
  ['REDIS_URL', 'localhost:6379'],
  ['PAYMENT_PROVIDER', 'paypal'],
  ['SANDBOX_URL', 'localhost:4006'],
  ['SANDBOX_WEBHOOK_SECRET', 'too short'],
])('%s "%s" is refused', (name, value) => {
  expect(problems({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name}: `))]);
});

describe('in production', () => {
  test('complete settings are accepted; no demonstration, introspection for admins', () => {
    expect(readConfig(production)).toMatchObject({
      production: true,
      demo: false,
      introspection: 'admins',
      loginFailuresPerAddress: 100,
    });
  });

  test('five databases of their own do instead of one server', () => {
    const { DATABASE_URL, ...rest } = production;
    const four = {
      ...rest,
      ACCOUNTS_DATABASE_URL: DATABASE_URL,
      CATALOG_DATABASE_URL: DATABASE_URL,
      CART_DATABASE_URL: DATABASE_URL,
      ORDERS_DATABASE_URL: DATABASE_URL,
    };
    expect(problems({ ...four, PAYMENTS_DATABASE_URL: DATABASE_URL })).toEqual([]);
    expect(problems(four)).toEqual([expect.stringMatching(/^DATABASE_URL: /)]);
  });

  test('secrets and database are required, and missing ones are told together with what is wrong', () => {
    const told = problems({ NODE_ENV: 'production', PORT: 'x', SOUK_DEMO: '1' });
    expect(told.map((line) => line.split(':')[0]).sort()).toEqual([
      'DATABASE_URL',
      'PORT',
      'SOUK_DEMO',
      'SOUK_ENCRYPTION_KEYS',
      'SOUK_INTERNAL_SECRETS',
      'SOUK_JWT_PRIVATE_KEYS',
    ]);
  });

  test.each(['SOUK_JWT_PRIVATE_KEYS', 'SOUK_INTERNAL_SECRETS', 'SOUK_ENCRYPTION_KEYS'])(
    '%s made for development, too short, or with one such entry is refused',
    (name) => {
      for (const value of [
        `${DEVELOPMENT_MARK}-${secret}`,
        `${secret},1-${DEVELOPMENT_MARK}:${secret}`,
        'short',
        `${secret},short`,
      ]) {
        const told = problems({ ...production, [name]: value });
        expect(told).toEqual([expect.stringMatching(new RegExp(`^${name}: `))]);
        expect(told.join()).not.toContain(secret);
      }
    },
  );
});
