/** Buckets of this process. */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock';
import { refillMs, verdictOf, type Limiter } from './limiter';

/** Buckets kept; about 100 bytes each. One that is dropped is full again. */
const KEPT_BUCKETS = 100_000;

/** Makes the limiter. */
export function createMemoryLimiter(clock: Clock): Limiter {
  const buckets = new LRUCache<string, { tokens: number; at: number }>({ max: KEPT_BUCKETS });
  return {
    take: async (key, tokens, bucket) => {
      const at = clock.now().getTime();
      const { burst } = bucket;
      const before = buckets.get(key) ?? { tokens: burst, at };
      const held = Math.min(burst, before.tokens + Math.max(0, at - before.at) / refillMs(1, bucket));
      const allowed = held >= Math.min(tokens, burst);
      const left = allowed ? held - tokens : held;
      buckets.set(key, { tokens: left, at });
      return verdictOf(allowed, left, tokens, bucket);
    },
    close: async () => buckets.clear(),
  };
}
