/** What both caches share: a process LRU with single flight, forgetting that reaches loads in flight, and counts. */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock';
import { forAll } from '../db/statement-scope';

/** A value on its way into the cache. */
export interface Flight {
  /** The key was forgotten since the load began: its result may be older than the change and must not be kept. */
  forgotten: boolean;
}

/** What a load came to. */
export interface Filled<T> {
  value: T;
  /** Whether it had to be loaded, as opposed to found in a store behind. */
  loaded: boolean;
  /** Whether the process may keep it. */
  keep: boolean;
}

/** A value as JSON: its text (undefined: not representable, do not keep), and what the text reads as, frozen. */
export interface Plain<T> {
  text: string | undefined;
  value: T;
}

/**
 * Sends a value through JSON, so that the first caller gets exactly what later ones get. Frozen, because all callers
 * share one object: without that one of them could change what the others see.
 */
export function toPlain<T>(value: T): Plain<T> {
  const text = JSON.stringify(value) as string | undefined; // the library's type forgets undefined and functions
  return text === undefined ? { text, value } : { text, value: fromText<T>(text) };
}

/** Reads a kept value; throws SyntaxError if the text is not JSON. The type is what was kept under that key. */
export function fromText<T>(text: string): T {
  return freeze(JSON.parse(text)) as T; // the store cannot know the type; the key's loader gave it
}

function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  Object.values(value).forEach(freeze);
  return Object.freeze(value);
}

/** The process's own layer. */
export class LocalLayer {
  private readonly lru: LRUCache<string, { value: unknown }>;
  private readonly flights = new Map<string, Flight & { result: Promise<unknown> }>();
  private readonly counts = new Map<string, { hits: number; misses: number }>();

  /** `maxEntries`: the least recently used go first. Without a clock, the machine's monotonic one. */
  constructor(options: { maxEntries: number; clock?: Clock }) {
    const { maxEntries, clock } = options;
    const time = clock ? { perf: { now: () => clock.now().getTime() } } : {};
    // Resolution 0: the time is read at each look-up, else an entry lives on for as long as the loop is busy.
    this.lru = new LRUCache({ max: maxEntries, ttlResolution: 0, ...time });
  }

  /** Gives the kept value, or what a running `fill` of the same key gives, or runs `fill` and keeps it `lifeMs`. */
  async through<T>(key: string, lifeMs: number, fill: (flight: Flight) => Promise<Filled<T>>): Promise<T> {
    const kept = this.lru.get(key) ?? this.flights.get(key);
    if (kept) {
      this.count(key).hits += 1;
      return ('result' in kept ? await kept.result : kept.value) as T; // one key, one loader, one type
    }
    const flight: Flight = { forgotten: false };
    // Others may join, and the value is kept: it does not end with the request that began it.
    const result = forAll(() => this.fly(key, lifeMs, flight, fill));
    this.flights.set(key, Object.assign(flight, { result }));
    return result;
  }

  /** Forgets keys; loads in flight still answer those who wait, but are not kept, and nobody new joins them. */
  forget(keys: readonly string[]): void {
    for (const key of keys) {
      this.lru.delete(key);
      this.abandon(key);
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.lru.clear();
    for (const key of [...this.flights.keys()]) this.abandon(key);
  }

  /** Hits and misses by the part of the key before the first ":". */
  stats(): Record<string, { hits: number; misses: number }> {
    return Object.fromEntries([...this.counts].map(([group, counts]) => [group, { ...counts }]));
  }

  private async fly<T>(
    key: string,
    lifeMs: number,
    flight: Flight,
    fill: (flight: Flight) => Promise<Filled<T>>,
  ): Promise<T> {
    let loaded = true;
    try {
      const filled = await fill(flight);
      loaded = filled.loaded;
      if (filled.keep && !flight.forgotten) this.lru.set(key, { value: filled.value }, { ttl: lifeMs });
      return filled.value;
    } finally {
      this.count(key)[loaded ? 'misses' : 'hits'] += 1;
      if (this.flights.get(key) === flight) this.flights.delete(key);
    }
  }

  private abandon(key: string): void {
    const flight = this.flights.get(key);
    if (flight) flight.forgotten = true;
    this.flights.delete(key);
  }

  private count(key: string): { hits: number; misses: number } {
    const group = key.split(':', 1)[0] ?? key;
    const counts = this.counts.get(group) ?? { hits: 0, misses: 0 };
    this.counts.set(group, counts);
    return counts;
  }
}
