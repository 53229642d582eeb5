/** What every cache must do, and what the layered one must do between processes and when Redis is away. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import type { Cache } from '../../platform/cache/cache';
import { createLayeredCache } from '../../platform/cache/layered';
import { createMemoryCache } from '../../platform/cache/memory';
import { readConfig } from '../../platform/config';
import { createMemoryPubSub } from '../../platform/pubsub/memory';
import type { PubSub } from '../../platform/pubsub/pubsub';
import { createRedisPubSub } from '../../platform/pubsub/redis';
import { dropRedisNamespace } from '../../platform/redis';
import { eventually } from '../support/eventually';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';

const redisUrl = readConfig().redisUrl ?? 'redis://127.0.0.1:6379';
const log = pino({ level: 'silent' });
const opened: { close(): Promise<void> }[] = [];
let namespace: string;

function keep<T extends { close(): Promise<void> }>(thing: T): T {
  opened.push(thing);
  return thing;
}

beforeEach(() => {
  namespace = `t_${randomBytes(6).toString('hex')}`;
});
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close();
  await dropRedisNamespace(redisUrl, namespace);
});

/** One process's cache; processes of one test share the namespace. */
async function layered(options: { url?: string; pubsub?: PubSub; localSeconds?: number; maxEntries?: number } = {}) {
  const pubsub = options.pubsub ?? keep(createRedisPubSub({ url: options.url ?? redisUrl, namespace, log }));
  return keep(await createLayeredCache({ url: redisUrl, namespace, log, ...options, pubsub }));
}

/** A source of numbers that counts how often it was asked, and may be held. */
function source() {
  const state = { value: 1, loads: 0 };
  return {
    state,
    load: async (): Promise<{ n: number }> => {
      state.loads += 1;
      return { n: state.value };
    },
  };
}

/** A promise to be resolved by hand. */
function gate<T>() {
  let open: (value: T) => void = () => undefined;
  const passed = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { open, passed };
}

const adapters: { name: string; make: (options?: { maxEntries?: number }) => Promise<Cache> }[] = [
  { name: 'memory', make: async (options) => keep(createMemoryCache({ maxEntries: 100, ...options })) },
  { name: 'layered', make: (options) => layered(options) },
];

describe.each(adapters)('cache: $name', ({ make }) => {
  test('loads once and keeps; each key is its own; forgetting loads again', async () => {
    const cache = await make();
    const { state, load } = source();
    expect(await cache.through('product:1', 60, load)).toEqual({ n: 1 });
    state.value = 2;
    expect(await cache.through('product:1', 60, load)).toEqual({ n: 1 });
    expect(await cache.through('product:2', 60, load)).toEqual({ n: 2 });
    await cache.forget('product:1', 'product:unknown');
    expect(await cache.through('product:1', 60, load)).toEqual({ n: 2 });
    expect(state.loads).toBe(3);
  });

  test('keeps what it is told for as long as it is told, and nothing for 0 seconds', async () => {
    const cache = await make();
    const { state, load } = source();
    await cache.through('a', 0.2, load);
    await cache.through('a', 0.2, load);
    expect(state.loads).toBe(1);
    await sleep(300);
    await cache.through('a', 0.2, load);
    expect(state.loads).toBe(2);
    await cache.through('b', 0, load);
    await cache.through('b', 0, load);
    expect(state.loads).toBe(4);
  });

  test('equal keys in flight are loaded once, and all get the value', async () => {
    const cache = await make();
    const { open, passed } = gate<number>();
    let loads = 0;
    const load = (): Promise<number> => {
      loads += 1;
      return passed;
    };
    const asked = Array.from({ length: 50 }, () => cache.through('hot', 60, load));
    await eventually(() => expect(loads).toBe(1));
    open(7);
    expect(new Set(await Promise.all(asked))).toEqual(new Set([7]));
    expect(await cache.through('hot', 60, load)).toBe(7);
    expect(loads).toBe(1);
  });

  test('a failing load fails for those who wait and is not kept', async () => {
    const cache = await make();
    let loads = 0;
    const fail = async (): Promise<number> => {
      loads += 1;
      throw new Error('no');
    };
    const results = await Promise.allSettled([cache.through('k', 60, fail), cache.through('k', 60, fail)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(loads).toBe(1);
    const began = performance.now();
    expect(await cache.through('k', 60, async () => 5)).toBe(5);
    expect(performance.now() - began).toBeLessThan(200); // nobody waits for the failed one's lock
  });

  test('null is kept, undefined is not', async () => {
    const cache = await make();
    let loads = 0;
    const giveNull = async (): Promise<null> => {
      loads += 1;
      return null;
    };
    const giveUndefined = async (): Promise<unknown> => {
      loads += 1;
      return undefined;
    };
    expect(await cache.through('null', 60, giveNull)).toBeNull();
    expect(await cache.through('null', 60, giveNull)).toBeNull();
    expect(loads).toBe(1);
    for (let n = 0; n < 2; n += 1) {
      expect(await cache.through('undefined', 60, giveUndefined)).toBeUndefined();
    }
    expect(loads).toBe(3);
  });

  test('the first caller gets what later ones get, and none can change it', async () => {
    const cache = await make();
    const load = async (): Promise<{ at: unknown; list: number[] }> => ({ at: new Date(0), list: [1] });
    const first = await cache.through('k', 60, load);
    const second = await cache.through('k', 60, load);
    expect(first).toEqual({ at: '1970-01-01T00:00:00.000Z', list: [1] });
    expect(second).toEqual(first);
    expect(() => first.list.push(2)).toThrow(TypeError);
  });

  test('a value that is not JSON is refused at the first load', async () => {
    const cache = await make();
    await expect(cache.through('k', 60, async () => ({ minor: 1n }))).rejects.toThrow(TypeError);
  });

  test('what was read before a forget is not kept after it, and who asks after the forget does not get it', async () => {
    const cache = await make();
    const { open, passed } = gate<string>();
    let begun = false;
    const slow = cache.through('k', 60, () => {
      begun = true;
      return passed;
    });
    await eventually(() => expect(begun).toBe(true));
    await cache.forget('k');
    expect(await cache.through('k', 60, async () => 'new')).toBe('new');
    open('old');
    expect(await slow).toBe('old'); // it asked before the change
    expect(await cache.through('k', 60, async () => 'newer')).toBe('new');
  });

  test('counts hits and misses by the kind of key', async () => {
    const cache = await make();
    const { load } = source();
    await cache.through('product:1', 60, load);
    await cache.through('product:1', 60, load);
    await cache.through('product:2', 60, load);
    await cache.through('search', 60, load);
    expect(cache.stats()).toEqual({ product: { hits: 1, misses: 2 }, search: { hits: 0, misses: 1 } });
  });
});

test('the memory cache drops the least recently used, and its clock can be moved', async () => {
  let now = 1_000_000;
  const clock = { now: () => new Date(now) };
  const cache = keep(createMemoryCache({ maxEntries: 2, clock }));
  const { state, load } = source();
  for (const key of ['a', 'b', 'a', 'c', 'a']) await cache.through(key, 10, load);
  expect(state.loads).toBe(3);
  await cache.through('b', 10, load);
  expect(state.loads).toBe(4);
  now += 10_001;
  await cache.through('b', 10, load);
  expect(state.loads).toBe(5);
});

describe('the layered cache between processes', () => {
  test('one process finds what another loaded', async () => {
    const [one, two] = [await layered(), await layered()];
    const { state, load } = source();
    await one.through('k', 60, load);
    expect(await two.through('k', 60, load)).toEqual({ n: 1 });
    expect(state.loads).toBe(1);
    expect(two.stats()).toEqual({ k: { hits: 1, misses: 0 } });
  });

  test('several processes at once load once', async () => {
    const processes = [await layered(), await layered(), await layered()];
    let loads = 0;
    const load = async (): Promise<number> => {
      loads += 1;
      await sleep(100);
      return 3;
    };
    const results = await Promise.all(processes.flatMap((cache) => [1, 2].map(() => cache.through('hot', 60, load))));
    expect(results).toEqual([3, 3, 3, 3, 3, 3]);
    expect(loads).toBe(1);
  });

  test('a process that died while loading holds the others up for a moment only', async () => {
    const cache = await layered();
    const redis = new Redis(redisUrl);
    keep({ close: async () => redis.disconnect() });
    await redis.set(`${namespace}:cache-lock:{k}`, 'a dead one', 'PX', 10_000);
    const began = performance.now();
    expect(await cache.through('k', 60, async () => 1)).toBe(1);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('forgetting reaches the other processes', async () => {
    const [one, two] = [await layered(), await layered()];
    const { state, load } = source();
    await one.through('k', 60, load);
    await two.through('k', 60, load);
    state.value = 2;
    await one.forget('k');
    await eventually(async () => expect(await two.through('k', 60, load)).toEqual({ n: 2 }), 1_000);
    expect(await one.through('k', 60, load)).toEqual({ n: 2 });
  });

  test('a slow load in one process is not stored after a forget in another, even if the word was lost', async () => {
    const [one, two] = [
      await layered({ pubsub: createMemoryPubSub() }),
      await layered({ pubsub: createMemoryPubSub() }),
    ];
    const { open, passed } = gate<string>();
    let begun = false;
    const slow = one.through('k', 60, () => {
      begun = true;
      return passed;
    });
    await eventually(() => expect(begun).toBe(true));
    await two.forget('k');
    open('old');
    expect(await slow).toBe('old');
    expect(await two.through('k', 60, async () => 'new')).toBe('new');
    expect(await one.through('k', 60, async () => 'newer')).toBe('new');
  });

  test('if the word to forget was lost, a process has the old value for its own short life only', async () => {
    const local = { localSeconds: 0.2, pubsub: createMemoryPubSub() };
    const [one, two] = [await layered(local), await layered({ pubsub: createMemoryPubSub() })];
    const { state, load } = source();
    await one.through('k', 60, load);
    state.value = 2;
    await two.forget('k');
    expect(await one.through('k', 60, load)).toEqual({ n: 1 });
    await sleep(300);
    expect(await one.through('k', 60, load)).toEqual({ n: 2 });
  });

  test('a stored text that is not JSON is as if missing', async () => {
    const cache = await layered();
    const redis = new Redis(redisUrl);
    keep({ close: async () => redis.disconnect() });
    await redis.set(`${namespace}:cache:{k}`, '{broken');
    expect(await cache.through('k', 60, async () => 1)).toBe(1);
  });
});

describe('the layered cache and a Redis in trouble', () => {
  let proxy: TcpProxy;
  const throughProxy = (localSeconds = 5): Promise<Cache> =>
    layered({ url: `redis://127.0.0.1:${proxy.port}`, localSeconds });

  beforeEach(async () => {
    proxy = keep(await startTcpProxy(Number(new URL(redisUrl).port || 6379)));
  });

  test('unreachable from the start: it loads and keeps in the process, quickly', async () => {
    await proxy.cut();
    const cache = await throughProxy();
    const { state, load } = source();
    const began = performance.now();
    for (let n = 0; n < 100; n += 1) await cache.through(`k:${n % 10}`, 60, load);
    await cache.forget('k:1');
    await cache.through('k:1', 60, load);
    expect(state.loads).toBe(11);
    expect(performance.now() - began).toBeLessThan(200);
  });

  test('lost and found again: it goes on without, and uses Redis again afterwards', async () => {
    const [cache, witness] = [await throughProxy(0.05), await layered()];
    const { state, load } = source();
    await cache.through('a', 60, load);
    await proxy.cut();
    await sleep(100);
    expect(await cache.through('a', 60, load)).toEqual({ n: 1 });
    expect(state.loads).toBe(2);
    await proxy.restore();
    await eventually(async () => {
      const key = `b:${randomBytes(4).toString('hex')}`;
      await cache.through(key, 60, async () => 'from here');
      expect(await witness.through(key, 60, async () => 'loaded again')).toBe('from here');
    });
  });

  test('slow: one wait of a moment, then none for a while', async () => {
    const cache = await throughProxy();
    await cache.through('warm', 60, async () => 1);
    proxy.stall();
    const began = performance.now();
    for (let n = 0; n < 50; n += 1) expect(await cache.through(`k:${n}`, 60, async () => n)).toBe(n);
    expect(performance.now() - began).toBeLessThan(600);
  });

  test('what was forgotten during an outage does not come back from Redis after it', async () => {
    const [cache, witness] = [await throughProxy(0.05), await layered({ localSeconds: 0.05 })];
    const { state, load } = source();
    await cache.through('k', 60, load);
    await proxy.cut();
    state.value = 2;
    await cache.forget('k');
    await proxy.restore();
    // This process never sees the old value again, whenever the connection is back.
    const until = performance.now() + 2_500;
    while (performance.now() < until) {
      expect(await cache.through('k', 60, load)).toEqual({ n: 2 });
      await sleep(60);
    }
    // And the debt has been paid: the others do not see it either.
    expect(await witness.through('k', 60, load)).toEqual({ n: 2 });
  });
});
