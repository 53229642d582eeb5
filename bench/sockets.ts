/**
 * `npm run bench -- --only sockets`: 2,000 sockets of as many users, each following its own order, and 20,000 events, 500 a
 * second; then the same bytes at the same pace from a bare ws server; then 100 readers that stop reading. The shop is one
 * process, the clients are another, and so is the bare server. `--share 0.1` for a tenth.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { freePort } from '../platform/free-port';
import { startShop } from '../tests/support/start-shop';
import { HOLES } from './bare-update';
import { Child } from './child';
import { FollowedOrders, type Followed } from './followed-orders';
import { scrape } from './scrape';
import type { SocketsSeen } from './socket-clients';
import { percentile, Target } from './target';

const QUERY = `subscription ($orderId: ID!) { orderUpdated(orderId: $orderId) {
  kind cursor event { type occurredAt } order { id number status cost { total { amount } } } } }`;
const SOCKETS = 2_000;
const EVENTS_OF_EACH = 10;
/** Events written at once, and how often, in milliseconds: 500 a second. */
const BURST = 50;
const EVERY_MS = 100;
/** Longest wait for what is under way, and for readers to be cut, in milliseconds. */
const LATE_MS = 60_000;
const STALLED = 100;

/** Runs it, prints, and rejects if an event is missing, foreign or came twice. */
export async function runSockets(share: number): Promise<void> {
  const count = Math.max(BURST, Math.round(SOCKETS * share));
  const bursts = Math.ceil((count * EVENTS_OF_EACH) / BURST);
  const shop = await startShop('one', { DATABASE_POOL_SIZE: '10' });
  const orders = await FollowedOrders.begin(shop, count, bursts + 1).catch(async (error: unknown) => {
    await shop.stop();
    throw error;
  });
  const [clients, bareClients, bare] = ['socket-clients', 'socket-clients', 'bare-sockets'].map((it) => new Child(it));
  if (!clients || !bareClients || !bare) return;
  const memory = async (): Promise<number> => (await scrape(shop.url)).memory;
  try {
    const idle = await memory();
    const url = `${shop.url.replace('http', 'ws')}/graphql`;
    await clients.ask({ url, query: QUERY, followers: orders.followed });
    const open = await memory();
    const souk = await paced(orders.followed, (some) => orders.write(some), clients);
    print('souk', count, souk, (open - idle) / count);
    say(`memory of the shop: ${mb(idle)} idle, ${mb(open)} with the sockets, ${mb(await memory())} after the events`);

    const port = await freePort();
    await bare.ask({ port });
    const bareIdle = await bare.ask<number>('memory');
    await bareClients.ask({ url: `ws://127.0.0.1:${port}`, query: QUERY, followers: orders.followed });
    const bareOpen = await bare.ask<number>('memory');
    const text = withHoles(souk.seen.sample);
    const measured = await paced(
      orders.followed,
      async (some) => bare.tell({ text, orderIds: some.map(({ orderId }) => orderId) }),
      bareClients,
    );
    print('bare ws', count, measured, (bareOpen - bareIdle) / count);
    await stall(shop.url, orders.followed.slice(0, STALLED));
    const { events, foreign, twice, failed } = souk.seen;
    if (events !== count * EVENTS_OF_EACH || foreign + twice + failed > 0) throw new Error('Not each event came once.');
  } finally {
    await orders.end();
    await Promise.all([clients.end(), bareClients.end(), bare.end()]);
    await shop.stop();
  }
}

interface Paced {
  seen: SocketsSeen;
  perSecond: number;
}

/** Sends bursts, one after the other's time, until each order had its events and the clients have them or are late. */
async function paced(
  followed: readonly Followed[],
  send: (some: readonly Followed[]) => Promise<void>,
  clients: Child,
): Promise<Paced> {
  const total = followed.length * EVENTS_OF_EACH;
  const began = performance.now();
  for (let sent = 0; sent < total; sent += BURST) {
    const due = began + (sent / BURST) * EVERY_MS;
    await sleep(Math.max(0, due - performance.now()));
    const start = sent % followed.length;
    await send([...followed, ...followed].slice(start, start + Math.min(BURST, total - sent)));
  }
  const until = performance.now() + LATE_MS;
  for (;;) {
    const seen = await clients.ask<SocketsSeen>('report');
    const elapsed = (performance.now() - began) / 1_000;
    if (seen.events >= total || performance.now() > until) return { seen, perSecond: seen.events / elapsed };
    await sleep(100);
  }
}

/** Sockets of clients that read nothing any more: how many are cut, and what becomes of the memory. */
async function stall(url: string, followed: readonly Followed[]): Promise<void> {
  const before = await scrape(url);
  const sockets = followed.map(({ token }) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    socket.on('error', () => undefined);
    const send = (message: unknown): void => socket.send(JSON.stringify(message));
    socket.on('open', () => send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
    // Asks for one large answer after the other, and reads none.
    socket.once('message', () => {
      socket.pause();
      const query = '{ products(first: 100) { nodes { id name description slug } } }';
      for (let n = 0; n < 90; n += 1) send({ type: 'subscribe', id: `q${n}`, payload: { query } });
    });
    return socket;
  });
  const watch = async (milliseconds: number, done: (cut: number, inUse: number) => boolean) => {
    const until = performance.now() + milliseconds;
    for (let most = 0; ;) {
      const { cut, inUse } = await scrape(url);
      most = Math.max(most, inUse);
      if (done(cut - before.cut, inUse) || performance.now() > until) return { cut: cut - before.cut, inUse, most };
      await sleep(250);
    }
  };
  const { cut, most } = await watch(LATE_MS, (so) => so >= followed.length);
  for (const socket of sockets) socket.terminate();
  // What was held is let go at once, but collected only when a process at work needs the room.
  const target = new Target(url);
  const work = { done: false };
  const working = (async () => {
    while (!work.done) {
      await target.send('{ products(first: 20) { nodes { id name } } }', {});
    }
  })();
  const { inUse } = await watch(LATE_MS / 2, (_, now) => now <= before.inUse);
  work.done = true;
  await working;
  await target.close();
  say(
    `${followed.length} stalled readers: ${cut} cut; in use ${mb(before.inUse)} before, ${mb(most)} at most, ${mb(inUse)} after`,
  );
}

/** The message with stand-ins for what differs from one to the next. */
function withHoles(sample: string): string {
  const { payload } = JSON.parse(sample) as {
    payload: { data: { orderUpdated: { cursor: string; event: { occurredAt: string }; order: { id: string } } } };
  };
  const { cursor, event, order } = payload.data.orderUpdated;
  return sample
    .replace(order.id, HOLES.orderId)
    .replaceAll(cursor, HOLES.cursor)
    .replace(event.occurredAt, HOLES.occurredAt);
}

function print(name: string, sockets: number, { seen, perSecond }: Paced, memory: number): void {
  const late = (at: number): string => percentile(seen.milliseconds, at).toFixed(0);
  say(`${name}: ${sockets} sockets, ${seen.events} of ${sockets * EVENTS_OF_EACH} events, ${perSecond.toFixed(0)}/s`);
  say(
    `  p50 ${late(50)} ms, p99 ${late(99)} ms, ${(memory / 1_024).toFixed(1)} kB a socket, ${seen.sample.length} bytes an event`,
  );
  say(`  foreign ${seen.foreign}, twice ${seen.twice}, failed ${seen.failed}`);
}

const mb = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
