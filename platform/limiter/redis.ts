/** Buckets in Redis, for all gateways together; without Redis each process falls back to buckets of its own. */
import { Redis } from 'ioredis';
import type { Clock } from '../clock';
import type { Log } from '../log';
import { closeRedis, firstAttempt, impatient, watchRedis } from '../redis';
import { refillMs, verdictOf, type Bucket, type Limiter } from './limiter';
import { createMemoryLimiter } from './memory';

/** How long Redis may take to answer unless told otherwise, in milliseconds. */
const COMMAND_MS = 100;
/** After a failure Redis is left alone for so long, in milliseconds. */
const REST_MS = 1_000;
/** Part of each bucket that a process gives out by itself, for it does not know how many others do the same. */
const SHARE = 0.25;

/** One step, so that two gateways never give the same token; by the clock of Redis, so that theirs need not agree. */
const TAKE = `
local time = redis.call('time')
local now = time[1] * 1000 + time[2] / 1000
local burst, refill, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local held = burst
local state = redis.call('hmget', KEYS[1], 'tokens', 'at')
if state[1] then held = math.min(burst, state[1] + math.max(0, now - state[2]) / refill) end
if held < math.min(wanted, burst) then return {0, tostring(held)} end
held = held - wanted
redis.call('hset', KEYS[1], 'tokens', string.format('%.6f', held), 'at', string.format('%.3f', now))
redis.call('pexpire', KEYS[1], math.ceil((burst - held) * refill) + 1000)
return {1, tostring(held)}`;

/** Makes the limiter; resolves when the first attempt to connect has succeeded or failed. */
export async function createRedisLimiter(options: {
  url: string;
  namespace: string;
  clock: Clock;
  log: Log;
  /** How long Redis may take to answer, in milliseconds; after that this process decides alone (default 100). */
  commandMs?: number;
}): Promise<Limiter> {
  const { namespace, log, commandMs = COMMAND_MS } = options;
  const client = watchRedis(new Redis(options.url, impatient(commandMs)), 'limiter', log);
  const alone = createMemoryLimiter(options.clock);
  let restUntil = 0;
  await firstAttempt(client);

  async function shared(key: string, tokens: number, bucket: Bucket): Promise<{ allowed: boolean; left: number }> {
    const { burst } = bucket;
    const reply: unknown = await client.eval(TAKE, 1, `${namespace}:limit:${key}`, burst, refillMs(1, bucket), tokens);
    if (!Array.isArray(reply)) throw new Error('Redis answered the limiter with something else.');
    return { allowed: reply[0] === 1, left: Number(reply[1]) };
  }

  return {
    take: async (key, tokens, bucket) => {
      if (client.status === 'ready' && performance.now() >= restUntil) {
        try {
          const { allowed, left } = await shared(key, tokens, bucket);
          return verdictOf(allowed, left, tokens, bucket);
        } catch (error) {
          restUntil = performance.now() + REST_MS;
          log.warn({ err: error }, 'the limiter in Redis did not answer');
        }
      }
      const { burst, perHour } = bucket;
      return alone.take(key, tokens, { burst: Math.max(1, burst * SHARE), perHour: perHour * SHARE });
    },
    close: async () => {
      await closeRedis(client);
      await alone.close();
    },
  };
}
