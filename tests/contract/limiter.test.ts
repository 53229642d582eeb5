/** Token buckets: the same in this process and in Redis, shared there, and smaller when Redis is away. */
import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { systemClock, type Clock } from '../../platform/clock';
import { readConfig } from '../../platform/config';
import { verdictOf, type Limiter } from '../../platform/limiter/limiter';
import { createMemoryLimiter } from '../../platform/limiter/memory';
import { createRedisLimiter } from '../../platform/limiter/redis';
import { dropRedisNamespace } from '../../platform/redis';
import { eventually } from '../support/eventually';
import { startTcpProxy } from '../support/tcp-proxy';

const url = readConfig().redisUrl!;
const namespace = `limits_${randomUUID().slice(0, 8)}`;
const log = pino({ level: 'silent' });
const open: Limiter[] = [];
const opened = (limiter: Limiter): Limiter => (open.push(limiter), limiter);
const redis = async (at = url): Promise<Limiter> =>
  // On a busy machine the test's own process may be what answers late.
  opened(await createRedisLimiter({ url: at, namespace, clock: systemClock, log, commandMs: 10_000 }));

afterAll(async () => {
  await Promise.all(open.map((limiter) => limiter.close()));
  await dropRedisNamespace(url, namespace);
});

describe.each([
  ['memory', async () => opened(createMemoryLimiter(systemClock))],
  ['redis', redis],
])('%s', (_name, create) => {
  // So slow that nothing comes back while the test runs.
  const bucket = { burst: 10, perHour: 1 };

  test('as many as the bucket holds, each with what is left, and then none', async () => {
    const limiter = await create();
    const key = randomUUID();
    for (let left = 9; left >= 0; left -= 1) {
      expect(await limiter.take(key, 1, bucket)).toMatchObject({ allowed: true, remaining: left, retrySeconds: 0 });
    }
    const refused = { allowed: false, remaining: 0, resetSeconds: 36_000, retrySeconds: 3_600 };
    expect(await limiter.take(key, 1, bucket)).toEqual(refused);
    // A refused one took nothing.
    expect(await limiter.take(key, 1, bucket)).toEqual(refused);
    expect(await limiter.take(randomUUID(), 1, bucket)).toMatchObject({ allowed: true, remaining: 9 });
  });

  test('more than the bucket holds is a debt, and needs a full one', async () => {
    const limiter = await create();
    const key = randomUUID();
    expect(await limiter.take(key, 26.5, bucket)).toMatchObject({ allowed: true, remaining: 0, resetSeconds: 95_400 });
    expect(await limiter.take(key, 1, bucket)).toMatchObject({ allowed: false, retrySeconds: 63_000 });
    const other = randomUUID();
    await limiter.take(other, 1, bucket);
    expect(await limiter.take(other, 26.5, bucket)).toMatchObject({
      allowed: false,
      remaining: 9,
      retrySeconds: 3_600,
    });
  });

  test('tokens come back', async () => {
    const limiter = await create();
    const key = randomUUID();
    const quick = { burst: 1, perHour: 3_600_000 };
    await limiter.take(key, 1, { ...quick, perHour: 36_000 });
    await eventually(async () => expect((await limiter.take(key, 1, quick)).allowed).toBe(true));
  });

  test('takers at the same time get no more than there is', async () => {
    const limiter = await create();
    const key = randomUUID();
    const verdicts = await Promise.all(Array.from({ length: 100 }, () => limiter.take(key, 1, bucket)));
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(10);
  });
});

test('tokens come back evenly, and never more than the bucket holds', async () => {
  let now = 0;
  const clock: Clock = { now: () => new Date(now) };
  const limiter = createMemoryLimiter(clock);
  const bucket = { burst: 50, perHour: 1_000 };
  await limiter.take('k', 50, bucket);
  now = 36_000;
  expect(await limiter.take('k', 10, bucket)).toEqual(verdictOf(true, 0, 10, bucket));
  now += 3_599;
  expect(await limiter.take('k', 1, bucket)).toMatchObject({ allowed: false, retrySeconds: 1 });
  now += 3_600_000;
  expect(await limiter.take('k', 1, bucket)).toMatchObject({ allowed: true, remaining: 49 });
});

test('two gateways share a bucket', async () => {
  const [one, other] = [await redis(), await redis()];
  const key = randomUUID();
  await one.take(key, 7, { burst: 10, perHour: 1 });
  expect(await other.take(key, 1, { burst: 10, perHour: 1 })).toMatchObject({ allowed: true, remaining: 2 });
});

test('without Redis each gateway gives out a quarter, and with it again what is shared', async () => {
  const proxy = await startTcpProxy(Number(new URL(url).port || '6379'));
  const limiter = await redis(`redis://127.0.0.1:${proxy.port}`);
  const bucket = { burst: 40, perHour: 1 };
  const key = randomUUID();
  expect(await limiter.take(key, 1, bucket)).toMatchObject({ allowed: true, remaining: 39 });
  await proxy.cut();
  await eventually(async () => expect((await limiter.take(key, 1, bucket)).remaining).toBeLessThan(10));
  const verdicts = await Promise.all(Array.from({ length: 20 }, () => limiter.take(key, 1, bucket)));
  expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(9);
  await proxy.restore();
  await eventually(async () => expect((await limiter.take(key, 1, bucket)).remaining).toBeGreaterThan(20));
  await proxy.close();
});
