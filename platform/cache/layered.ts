/**
 * Two layers: a process LRU with a short life, and Redis behind it. One loader for each key in a process (single flight)
 * and between processes (a lock). A value may be stale for `localSeconds` at most if the word to forget it was lost.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Clock } from '../clock';
import type { Log } from '../log';
import type { PubSub } from '../pubsub/pubsub';
import type { Cache } from './cache';
import { fromText, LocalLayer, toPlain, type Filled, type Flight } from './local';
import { SharedStore } from './shared-store';

/** How long to wait for another process's load, and how often to look, in milliseconds; then load it oneself. */
const WAIT_MS = 300;
const LOOK_MS = 25;
/** How often deletions that failed are tried again, in milliseconds. */
const RETRY_MS = 1_000;
/** Deletions remembered during an outage, and for how long: values live an hour at most. */
const OWED = { max: 50_000, ttl: 3_600_000 };
/** Keys in one message, and in one round of deletions. */
const BATCH = 500;
const CHANNEL = 'cache.forget';
const forgetMessage = z.object({ from: z.string(), keys: z.array(z.string()) });

/** What a layered cache needs. */
export interface LayeredCacheOptions {
  /** Redis; keys begin with the namespace. */
  url: string;
  namespace: string;
  /** Carries what to forget between processes; stays its owner's to close. */
  pubsub: PubSub;
  log: Log;
  /** Entries the process keeps (default 10,000), each for `localSeconds` at most (default 5). */
  maxEntries?: number;
  localSeconds?: number;
  /** For the process's own layer; Redis has its own time. */
  clock?: Clock;
}

/** Makes the cache; resolves also while Redis is unreachable. */
export async function createLayeredCache(options: LayeredCacheOptions): Promise<Cache> {
  const cache = new LayeredCache(options);
  await cache.open();
  return cache;
}

class LayeredCache implements Cache {
  private readonly local: LocalLayer;
  private readonly shared: SharedStore;
  private readonly localMs: number;
  private readonly id = randomUUID();
  /** Keys Redis may still hold although they were forgotten. Until they are gone this process does not ask Redis. */
  private readonly owed = new LRUCache<string, object>(OWED);
  private subscription?: { close(): Promise<void> };
  private timer?: NodeJS.Timeout;

  constructor(private readonly options: LayeredCacheOptions) {
    this.local = new LocalLayer({ maxEntries: options.maxEntries ?? 10_000, clock: options.clock });
    this.localMs = (options.localSeconds ?? 5) * 1_000;
    this.shared = new SharedStore(options.url, options.namespace, options.log);
  }

  async open(): Promise<void> {
    const hear = (message: unknown): void => {
      const decoded = forgetMessage.safeParse(message);
      if (decoded.success && decoded.data.from !== this.id) this.local.forget(decoded.data.keys);
    };
    // After an outage of pub/sub nobody knows what was to be forgotten: the process starts afresh from Redis.
    const subscribed = this.options.pubsub.subscribe(CHANNEL, hear, () => this.local.clear());
    [this.subscription] = await Promise.all([subscribed, this.shared.attempted()]);
    this.timer = setInterval(() => void this.settle(), RETRY_MS).unref();
  }

  through<T>(key: string, seconds: number, load: () => Promise<T>): Promise<T> {
    if (!(seconds > 0)) return load();
    const lifeMs = seconds * 1_000;
    return this.local.through(key, Math.min(lifeMs, this.localMs), (flight) => this.fill(key, lifeMs, flight, load));
  }

  async forget(...keys: string[]): Promise<void> {
    for (let at = 0; at < keys.length; at += BATCH) await this.forgetBatch(keys.slice(at, at + BATCH));
  }

  stats(): Record<string, { hits: number; misses: number }> {
    return this.local.stats();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.subscription?.close();
    await this.shared.close();
    this.local.clear();
  }

  private async fill<T>(key: string, lifeMs: number, flight: Flight, load: () => Promise<T>): Promise<Filled<T>> {
    const token = randomUUID();
    const found = await this.lookUp<T>(key, token);
    if (found.kind === 'value') return { value: found.value, loaded: false, keep: true };
    let stored: 'stored' | 'refused' | 'down' | 'not tried' = 'not tried';
    try {
      const { text, value } = toPlain(await load());
      if (found.kind === 'mine' && text !== undefined && !flight.forgotten) {
        stored = await this.shared.store(key, token, text, lifeMs);
      }
      return { value, loaded: true, keep: text !== undefined && stored !== 'refused' };
    } finally {
      // Others would wait for a value that is not coming.
      if (found.kind === 'mine' && stored === 'not tried') await this.shared.release(key);
    }
  }

  /** The value in Redis; or the right to load and store it (`mine`); or no help from Redis: load, store nothing there. */
  private async lookUp<T>(
    key: string,
    token: string,
  ): Promise<{ kind: 'value'; value: T } | { kind: 'mine' | 'alone' }> {
    const until = performance.now() + WAIT_MS;
    while (!this.owed.has(key)) {
      const found = await this.shared.find(key, token);
      if (found.kind === 'mine') return { kind: 'mine' };
      if (found.kind === 'value') return readable(found.text);
      if (found.kind === 'down' || performance.now() >= until) break;
      await sleep(LOOK_MS);
    }
    return { kind: 'alone' };
  }

  private async forgetBatch(keys: readonly string[]): Promise<void> {
    this.local.forget(keys);
    for (const key of await this.shared.remove(keys)) this.owed.set(key, {});
    // Again: someone here may have read the old value from Redis before it was deleted there.
    this.local.forget(keys);
    // Last: told earlier, another process could read the old value from Redis once more and keep it.
    await this.options.pubsub.publish(CHANNEL, { from: this.id, keys });
  }

  /** Deletes what could not be deleted before, until Redis fails again. */
  private async settle(): Promise<void> {
    const owed = [...this.owed.entries()];
    for (let at = 0; at < owed.length; at += BATCH) {
      const batch = owed.slice(at, at + BATCH);
      const failed = new Set(await this.shared.remove(batch.map(([key]) => key)));
      const gone = batch.filter(([key]) => !failed.has(key));
      // Only the debt that was paid: the key may have been forgotten, in vain, once more in the meantime.
      for (const [key, debt] of gone) if (this.owed.peek(key) === debt) this.owed.delete(key);
      if (gone.length > 0)
        await this.options.pubsub.publish(CHANNEL, { from: this.id, keys: gone.map(([key]) => key) });
      if (failed.size > 0) return;
    }
  }
}

/** What is kept as text; a text that is not JSON (a stranger wrote there) is no help. */
function readable<T>(text: string): { kind: 'value'; value: T } | { kind: 'alone' } {
  try {
    return { kind: 'value', value: fromText<T>(text) };
  } catch {
    return { kind: 'alone' };
  }
}
