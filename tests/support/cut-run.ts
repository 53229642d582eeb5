/** Orders move while the client that follows them is cut; what it saw, beside what the timelines say. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Chance } from '../chaos/chance';
import { eventually } from './eventually';
import { MovingOrders } from './moving-orders';
import { ResumingClient } from './resuming-client';
import type { RunningShop } from './start-shop';
import type { TcpProxy } from './tcp-proxy';

/** What can be cut: the client's socket, the gateway and the orders subgraph (kill -9), Redis (its connections). */
type Cut = 'socket' | 'gateway' | 'orders' | 'redis';

/** How much. */
export interface CutRunOptions {
  orders: number;
  /** Units of an order, shipped one by one: it has 2 × units + 3 events at least. */
  units: number;
  cuts: Record<Cut, number>;
  seed: number;
  /** In front of the shop's Redis. */
  redis: TcpProxy;
  /** Hears of each cut. */
  say?: (line: string) => void;
}

/** What came of it. */
export interface CutReport {
  /** Events that the timelines show, and those the client has seen, in the order it saw them; cursors. */
  happened: string[];
  seen: string[];
  /** Of each order: its timeline, and what the client saw of it. */
  orders: { timeline: string[]; seen: string[] }[];
  /** Kinds of all updates: EVENT, SNAPSHOT, GAP. */
  kinds: Set<string>;
  connections: number;
  /** How the client's subscriptions ended, and how often. */
  ends: Record<string, number>;
}

/** Orders that move at the same time. */
const AT_ONCE = 4;
/** Time for what the client has not seen yet when the last order is delivered, in milliseconds. */
const LATE_MS = 30_000;

/** Runs it. A seed gives the same cuts after as many events; what an order does just then is up to the machine. */
export async function cutRun(shop: RunningShop, options: CutRunOptions): Promise<CutReport> {
  const { units, redis } = options;
  const world = await MovingOrders.begin(shop.url);
  const ids = [await world.place(units)];
  const [after] = await world.timeline(ids[0] ?? '');
  const client = new ResumingClient(() => shop.url, world.buyer, after);
  try {
    while (ids.length < options.orders) ids.push(await world.place(units));
    const waiting = [...ids];
    const moving = Array.from({ length: AT_ONCE }, async () => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) await world.deliver(id);
    });
    const cutting = cutAtRandom(shop, client, options, redis);
    await Promise.all([...moving, cutting]);

    // All that came after the cursor the client began with.
    const whole = await Promise.all(ids.map((id) => world.timeline(id)));
    const timelines = whole.map((cursors) => cursors.filter((cursor) => cursor !== after));
    const happened = timelines.flat().sort((one, other) => positionOf(one) - positionOf(other));
    await eventually(() => assertTrue(client.seen.at(-1)?.cursor === happened.at(-1)), LATE_MS).catch(() => undefined);
    const orders = ids.map((id, index) => ({
      timeline: timelines[index] ?? [],
      seen: client.seen.filter(({ order }) => order.id === id).map(({ cursor }) => cursor),
    }));
    const { seen, connections, ends } = client;
    return {
      ...{ happened, orders, connections, ends: Object.fromEntries(counted(ends)) },
      ...{ seen: seen.map(({ cursor }) => cursor), kinds: new Set(seen.map(({ kind }) => kind)) },
    };
  } finally {
    await client.stop();
    await world.end();
  }
}

async function cutAtRandom(
  shop: RunningShop,
  client: ResumingClient,
  { orders, units, cuts, seed, say }: CutRunOptions,
  redis: TcpProxy,
): Promise<void> {
  const chance = new Chance(seed, 0);
  const kinds = chance.shuffle(
    (Object.entries(cuts) as [Cut, number][]).flatMap(([kind, count]) => Array.from({ length: count }, () => kind)),
  );
  const last = orders * (2 * units + 3);
  const moments = kinds.map(() => chance.between(orders, last)).sort((one, other) => one - other);
  for (const [index, kind] of kinds.entries()) {
    const moment = moments[index] ?? 0;
    await eventually(() => assertTrue(client.seen.length >= moment), 120_000);
    await sleep(chance.between(0, 50));
    say?.(`cut ${index + 1} of ${kinds.length}: ${kind}, after ${client.seen.length} events`);
    if (kind === 'socket') client.cut();
    else if (kind === 'redis') {
      await redis.cut();
      await sleep(chance.between(100, 1_000));
      await redis.restore();
    } else {
      await shop.kill(kind);
      await shop.restart(kind);
    }
  }
}

/** Cursors are opaque to clients; a test may look inside. */
const positionOf = (cursor: string): number => Number(Buffer.from(cursor, 'base64url').toString().slice('log:'.length));

function counted(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function assertTrue(condition: boolean): void {
  if (!condition) throw new Error('It did not happen.');
}
