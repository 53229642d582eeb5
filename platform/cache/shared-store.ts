/** The store in Redis behind the process LRU: values, and a lock for each value that is being loaded. */
import { Redis } from 'ioredis';
import type { Log } from '../log';
import { closeRedis, firstAttempt, impatient, watchRedis } from '../redis';

/** How long Redis may take to answer, in milliseconds; after that the answer is loaded instead. */
const COMMAND_MS = 150;
/** After a failure Redis is left alone for so long, in milliseconds: a slow Redis costs COMMAND_MS once, not each time. */
const REST_MS = 1_000;
/** How long one load may keep others waiting and still be stored, in milliseconds; a statement may take 10 s. */
const LOCK_MS = 10_000;

/**
 * Stores a value if the lock is still the loader's own. `forget` deletes lock and value, so what was read before a change
 * cannot be stored after it, in whichever process the two happen.
 */
const STORE_IF_LOCKED = `
if redis.call('get', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('del', KEYS[2])
return 1`;

/** What the store says to someone who wants a value. */
export type Found =
  /** Here it is. */
  | { kind: 'value'; text: string }
  /** It is missing, and the asker holds the lock: load and store it. */
  | { kind: 'mine' }
  /** It is missing, and somebody else is loading it. */
  | { kind: 'busy' }
  /** Redis is down or slow. */
  | { kind: 'down' };

/** Values in Redis. Nothing here rejects: a store that fails is as if empty. */
export class SharedStore {
  private readonly client: Redis;
  private restUntil = 0;

  constructor(
    url: string,
    private readonly namespace: string,
    private readonly log: Log,
  ) {
    this.client = watchRedis(new Redis(url, impatient(COMMAND_MS)), 'cache', log);
  }

  /** Resolves when the first attempt to connect has succeeded or failed. */
  attempted(): Promise<void> {
    return firstAttempt(this.client);
  }

  /** Reads a value, or takes the lock under `token` to load it. */
  async find(key: string, token: string): Promise<Found> {
    return this.attempt<Found>({ kind: 'down' }, async () => {
      const text = await this.client.get(this.valueKey(key));
      if (text !== null) return { kind: 'value', text };
      const locked = await this.client.set(this.lockKey(key), token, 'PX', LOCK_MS, 'NX');
      return { kind: locked === 'OK' ? 'mine' : 'busy' };
    });
  }

  /** Stores what was loaded under the lock. `refused`: forgotten since, or the lock ran out. */
  async store(key: string, token: string, text: string, lifeMs: number): Promise<'stored' | 'refused' | 'down'> {
    return this.attempt<'stored' | 'refused' | 'down'>('down', async () => {
      const life = Math.max(1, Math.round(lifeMs));
      const stored = await this.client.eval(
        STORE_IF_LOCKED, 2, this.valueKey(key), this.lockKey(key), token, text, life,
      ); // prettier-ignore
      return stored === 1 ? 'stored' : 'refused';
    });
  }

  /** Lets go of the lock after a load that gave nothing to store. If another holds it by now, it merely stores nothing. */
  async release(key: string): Promise<void> {
    await this.attempt(0, () => this.client.del(this.lockKey(key)));
  }

  /** Deletes values and locks, also while Redis rests: forgetting must not be skipped. Gives the keys that failed. */
  async remove(keys: readonly string[]): Promise<string[]> {
    const results = await Promise.allSettled(
      keys.map((key) => this.client.unlink(this.valueKey(key), this.lockKey(key))),
    );
    return keys.filter((_, index) => results[index]?.status === 'rejected');
  }

  async close(): Promise<void> {
    await closeRedis(this.client);
  }

  private async attempt<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
    if (this.client.status !== 'ready' || performance.now() < this.restUntil) return otherwise;
    try {
      return await work();
    } catch (error) {
      this.restUntil = performance.now() + REST_MS;
      this.log.warn({ err: error }, 'the cache in Redis did not answer');
      return otherwise;
    }
  }

  // In braces what Redis Cluster hashes: a value and its lock must lie on one node, for the script and for unlink.
  private valueKey(key: string): string {
    return `${this.namespace}:cache:{${key}}`;
  }

  private lockKey(key: string): string {
    return `${this.namespace}:cache-lock:{${key}}`;
  }
}
