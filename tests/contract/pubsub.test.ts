/** What every pub/sub adapter must do, and what the one over Redis must do when Redis is away. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { readConfig } from '../../platform/config';
import { createMemoryPubSub } from '../../platform/pubsub/memory';
import type { PubSub } from '../../platform/pubsub/pubsub';
import { createRedisPubSub } from '../../platform/pubsub/redis';
import { eventually } from '../support/eventually';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';

const redisUrl = readConfig().redisUrl ?? 'redis://127.0.0.1:6379';
const lines: string[] = [];
const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
const opened: { close(): Promise<void> }[] = [];
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);

function keep<T extends { close(): Promise<void> }>(thing: T): T {
  opened.push(thing);
  return thing;
}

function redisPubSub(url: string, namespace: string): PubSub {
  return keep(createRedisPubSub({ url, namespace, log }));
}

beforeAll(() => process.on('unhandledRejection', onUnhandled));
afterAll(() => process.off('unhandledRejection', onUnhandled));
beforeEach(() => lines.splice(0));
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) await thing.close();
  await sleep(20); // a rejection nobody attends to is reported a turn later
  expect(unhandled.splice(0)).toEqual([]);
});

interface Adapter {
  name: string;
  /** Two ends that hear each other: two processes, or the same one twice. */
  pair: () => [PubSub, PubSub];
}

const adapters: Adapter[] = [
  {
    name: 'memory',
    pair: () => {
      const pubsub = keep(createMemoryPubSub({ log }));
      return [pubsub, pubsub];
    },
  },
  {
    name: 'redis',
    pair: () => {
      const namespace = `t_${randomBytes(6).toString('hex')}`;
      return [redisPubSub(redisUrl, namespace), redisPubSub(redisUrl, namespace)];
    },
  },
];

describe.each(adapters)('pub/sub: $name', ({ pair }) => {
  test('delivers what is published after subscribing, in order, to every listener of the channel only', async () => {
    const [sender, receiver] = pair();
    const first: unknown[] = [];
    const second: unknown[] = [];
    const other: unknown[] = [];
    await receiver.subscribe('order:1', (message) => first.push(message));
    await receiver.subscribe('order:1', (message) => second.push(message));
    await receiver.subscribe('order:2', (message) => other.push(message));
    const messages = [{ position: 1 }, ['two'], 'three', 4, false, null];
    for (const message of messages) await sender.publish('order:1', message);
    await sender.publish('order:2', 'end');
    await eventually(() => expect(other).toEqual(['end']));
    await eventually(() => expect(second).toEqual(messages));
    expect(first).toEqual(messages);
  });

  test('messages are JSON: dates arrive as text, and a listener cannot change what another gets', async () => {
    const [sender, receiver] = pair();
    const seen: unknown[] = [];
    await receiver.subscribe('c', (message) => {
      if (typeof message === 'object' && message !== null) Object.assign(message, { changed: true });
    });
    await receiver.subscribe('c', (message) => seen.push(message));
    await sender.publish('c', { at: new Date(0), nothing: undefined });
    await sender.publish('c', undefined);
    await eventually(() => expect(seen).toHaveLength(2));
    expect(seen).toEqual([{ at: '1970-01-01T00:00:00.000Z' }, null]);
  });

  test('a message that is not JSON is logged, not sent, and does not reject', async () => {
    const [sender, receiver] = pair();
    const seen: unknown[] = [];
    await receiver.subscribe('c', (message) => seen.push(message));
    await sender.publish('c', { count: 1n });
    await sender.publish('c', 'after');
    await eventually(() => expect(seen).toEqual(['after']));
    expect(lines.filter((line) => line.includes('is not JSON'))).toHaveLength(1);
  });

  test('a listener that throws harms neither the others nor later messages', async () => {
    const [sender, receiver] = pair();
    const seen: unknown[] = [];
    await receiver.subscribe('c', () => {
      throw new Error('broken');
    });
    await receiver.subscribe('c', (message) => seen.push(message));
    await sender.publish('c', 1);
    await sender.publish('c', 2);
    await eventually(() => expect(seen).toEqual([1, 2]));
    expect(lines.filter((line) => line.includes('listener failed'))).toHaveLength(2);
  });

  test('a closed subscription hears nothing; its neighbours go on; closing twice is fine', async () => {
    const [sender, receiver] = pair();
    const closed: unknown[] = [];
    const open: unknown[] = [];
    const listen = (message: unknown): void => void closed.push(message);
    const one = await receiver.subscribe('c', listen);
    const two = await receiver.subscribe('c', listen);
    await receiver.subscribe('c', (message) => open.push(message));
    await one.close();
    await one.close();
    await sender.publish('c', 1);
    await eventually(() => expect(open).toEqual([1]));
    expect(closed).toEqual([1]);
    await two.close();
    await sender.publish('c', 2);
    await eventually(() => expect(open).toEqual([1, 2]));
    expect(closed).toEqual([1]);
  });

  test('a channel whose last subscription was closed can be subscribed again at once', async () => {
    const [sender, receiver] = pair();
    const seen: unknown[] = [];
    for (let round = 1; round <= 20; round += 1) {
      const subscription = await receiver.subscribe('c', (message) => seen.push(message));
      await sender.publish('c', round);
      await eventually(() => expect(seen.at(-1)).toBe(round));
      await subscription.close();
    }
    expect(seen).toHaveLength(20);
  });

  test('after close nothing arrives, and publish still does not reject', async () => {
    const [sender, receiver] = pair();
    const seen: unknown[] = [];
    await receiver.subscribe('c', (message) => seen.push(message));
    await receiver.close();
    await receiver.publish('c', 1);
    await sender.publish('c', 2);
    await sleep(50);
    expect(seen).toEqual([]);
  });
});

describe('pub/sub over Redis', () => {
  let proxy: TcpProxy;
  let namespace: string;
  const through = (): PubSub => redisPubSub(`redis://127.0.0.1:${proxy.port}`, namespace);

  beforeEach(async () => {
    proxy = await startTcpProxy(Number(new URL(redisUrl).port || 6379));
    namespace = `t_${randomBytes(6).toString('hex')}`;
    keep(proxy);
  });

  test('namespaces do not hear each other, and channels carry the namespace', async () => {
    const mine: unknown[] = [];
    const theirs: unknown[] = [];
    const raw: string[] = [];
    const observer = new Redis(redisUrl);
    keep({ close: async () => observer.disconnect() });
    await observer.psubscribe(`${namespace}:*`);
    observer.on('pmessage', (_pattern, channel: string) => raw.push(channel));
    await redisPubSub(redisUrl, namespace).subscribe('c', (message) => mine.push(message));
    await redisPubSub(redisUrl, `${namespace}2`).subscribe('c', (message) => theirs.push(message));
    await redisPubSub(redisUrl, namespace).publish('c', 1);
    await eventually(() => expect(mine).toEqual([1]));
    await eventually(() => expect(raw).toEqual([`${namespace}:c`]));
    expect(theirs).toEqual([]);
  });

  test('subscriptions come back after an outage, tell of the gap, and the outage is logged once', async () => {
    const sender = redisPubSub(redisUrl, namespace);
    const receiver = through();
    const seen: unknown[] = [];
    let gaps = 0;
    const closed: unknown[] = [];
    await receiver.subscribe(
      'c',
      (message) => seen.push(message),
      () => {
        gaps += 1;
        // From the word of the gap on nothing is missed. The sender's way to Redis is the shorter one.
        void sender.publish('c', 'after');
        void sender.publish('d', 'after');
      },
    );
    const ended = await receiver.subscribe('d', (message) => closed.push(message));
    await sender.publish('c', 'before');
    await eventually(() => expect(seen).toEqual(['before']));
    lines.splice(0);

    await proxy.cut();
    await sender.publish('c', 'lost');
    await ended.close(); // while nothing can be told to Redis
    await sleep(300);
    expect(gaps).toBe(0);
    await proxy.restore();

    await eventually(() => expect(seen).toEqual(['before', 'after']));
    expect(gaps).toBe(1);
    expect(closed).toEqual([]);
    const outages = lines.filter((line) => line.includes('Redis is unreachable') && line.includes('subscribe'));
    expect(outages).toHaveLength(1);
  });

  test('with Redis unreachable from the start: nothing rejects or waits, and it all begins when Redis is there', async () => {
    await proxy.cut();
    const pubsub = through();
    const seen: unknown[] = [];
    let gaps = 0;
    await pubsub.publish('c', 'lost');
    const began = performance.now();
    const subscription = await pubsub.subscribe(
      'c',
      (message) => seen.push(message),
      () => (gaps += 1),
    );
    for (let n = 0; n < 100; n += 1) await pubsub.publish('c', 'lost');
    expect(performance.now() - began).toBeLessThan(500);

    await proxy.restore();
    await eventually(() => expect(gaps).toBe(1));
    await eventually(async () => {
      await pubsub.publish('c', 'found'); // its publishing connection comes back on its own
      expect(seen).toContain('found');
    });
    expect(seen).not.toContain('lost');
    await subscription.close();
  });

  test('what is subscribed to while a slow Redis still answers the handshake is heard', async () => {
    const sender = redisPubSub(redisUrl, namespace);
    proxy.stall();
    const pubsub = through();
    await pubsub.publish('c', 'waits for the first attempt to connect, and is lost');
    const seen: unknown[] = [];
    await Promise.all(['a', 'b'].map((channel) => pubsub.subscribe(channel, (message) => seen.push(message))));
    await proxy.restore();
    await eventually(async () => {
      await Promise.all(['a', 'b'].map((channel) => sender.publish(channel, channel)));
      expect(new Set(seen)).toEqual(new Set(['a', 'b']));
    });
  });

  test('a Redis that hangs holds publish up for a moment only, and a dead connection is replaced', async () => {
    const sender = redisPubSub(redisUrl, namespace);
    const pubsub = through();
    const seen: unknown[] = [];
    let gaps = 0;
    await pubsub.subscribe(
      'c',
      (message) => seen.push(message),
      () => (gaps += 1),
    );
    proxy.stall();
    const began = performance.now();
    await pubsub.publish('c', 1);
    expect(performance.now() - began).toBeLessThan(1_000);

    // As if the peer's machine had lost its power: the connections that stand are never heard of again.
    proxy.forsake();
    await eventually(() => expect(gaps).toBe(1), 12_000);
    await sender.publish('c', 'again');
    await eventually(() => expect(seen).toContain('again'));
  });

  test('Redis is told when the last subscription of a channel is closed, not before', async () => {
    const pubsub = redisPubSub(redisUrl, namespace);
    const observer = new Redis(redisUrl);
    keep({ close: async () => observer.disconnect() });
    const [one, two] = [await pubsub.subscribe('c', () => undefined), await pubsub.subscribe('c', () => undefined)];
    await one.close();
    await sleep(50);
    expect(await observer.pubsub('NUMSUB', `${namespace}:c`)).toEqual([`${namespace}:c`, 1]);
    await two.close();
    await eventually(async () => {
      expect(await observer.pubsub('NUMSUB', `${namespace}:c`)).toEqual([`${namespace}:c`, 0]);
    });
  });

  test('close ends the connections, in an outage too', async () => {
    const pubsub = through();
    await pubsub.subscribe('c', () => undefined);
    const observer = new Redis(redisUrl);
    keep({ close: async () => observer.disconnect() });
    const listening = async (): Promise<unknown> => (await observer.pubsub('NUMSUB', `${namespace}:c`))[1];
    expect(await listening()).toBe(1);
    await pubsub.close();
    await eventually(async () => expect(await listening()).toBe(0));

    const cut = through();
    await cut.subscribe('c', () => undefined);
    await proxy.cut();
    const pending = await cut.subscribe('d', () => undefined); // queued for a connection that never comes
    await pending.close();
    await cut.close();
    await proxy.restore();
    await sleep(300);
    expect(await listening()).toBe(0);
  });
});
