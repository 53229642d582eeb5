/** Six processes, and a client that follows all its orders while what is between dies: it misses nothing and sees nothing twice. */
import { readConfig } from '../../platform/config';
import { cutRun } from '../support/cut-run';
import { eventually } from '../support/eventually';
import { MovingOrders } from '../support/moving-orders';
import { ResumingClient } from '../support/resuming-client';
import { startShop, type RunningShop } from '../support/start-shop';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';

let redis: TcpProxy;
let shop: RunningShop;
beforeAll(async () => {
  const url = new URL(readConfig().redisUrl ?? 'redis://127.0.0.1:6379');
  redis = await startTcpProxy(Number(url.port || 6379));
  url.port = String(redis.port);
  shop = await startShop('six', { REDIS_URL: url.toString() });
}, 180_000);
afterAll(async () => {
  await shop.stop();
  await redis.close();
}, 60_000);

// The same at full size, 100 cuts and 1,000 transitions, is `npm run bench -- --only cuts`.
test('cut at random moments (socket, gateway, orders, Redis), it sees each event once and in order', async () => {
  const cuts = { socket: 14, gateway: 2, orders: 2, redis: 2 };
  const report = await cutRun(shop, { orders: 10, units: 9, cuts, seed: 7, redis });
  expect(report.happened.length).toBeGreaterThanOrEqual(200);
  expect(report.seen).toEqual(report.happened);
  for (const { seen, timeline } of report.orders) expect(seen).toEqual(timeline);
  expect([...report.kinds]).toEqual(['EVENT']);
  expect(report.connections).toBeGreaterThan(14);
}, 180_000);

test('of two gateways one is shut down: 1012, and the client goes on at the other', async () => {
  await shop.restart('second gateway');
  const world = await MovingOrders.begin(shop.url);
  let url = shop.secondUrl;
  const order = await world.place(2);
  const [after, ...rest] = await world.timeline(order);
  const client = new ResumingClient(() => url, world.buyer, after);
  try {
    await eventually(() => expect(client.seen).toHaveLength(rest.length));
    url = shop.url; // as a balancer does with a gateway that is no longer ready
    const moving = world.deliver(order);
    expect(await shop.terminate('second gateway')).toBe(0);
    await moving;
    const timeline = (await world.timeline(order)).slice(1);
    await eventually(() => expect(client.seen.map(({ cursor }) => cursor)).toEqual(timeline));
    expect([client.ends, client.connections]).toEqual([['1012'], 2]);
  } finally {
    await client.stop();
    await world.end();
  }
}, 90_000);
