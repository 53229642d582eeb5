/** Manners of sockets under load: how many there may be, and what becomes of readers that do not read. */
import { randomUUID } from 'node:crypto';
import { register } from 'prom-client';
import { eventually } from '../support/eventually';
import { CATALOG_RESOLVERS, endpointOf, startTestGateway, type TestGateway } from '../support/gateway';
import { closeSockets, RawSocket, until } from '../support/raw-socket';

const TOO_MANY = { code: 4429, reason: 'Too many sockets' };
const SLOW = { code: 4410, reason: 'Slow reader: resume with your last cursor' };

let shop: TestGateway;
const start = async (options: Parameters<typeof startTestGateway>[0]): Promise<void> => {
  shop = await startTestGateway(options);
};
afterEach(async () => {
  closeSockets();
  await until(() => shop.openStreams() === 0);
  await shop.gateway.stop();
});

async function metric(name: string, labels: Record<string, string> = {}): Promise<number> {
  const found = await register.getSingleMetric(name)?.get();
  const matches = (of: Partial<Record<string, string | number>>): boolean =>
    Object.entries(labels).every(([label, value]) => of[label] === value);
  return found?.values.find((value) => matches(value.labels))?.value ?? 0;
}
const cuts = (reason: string): Promise<number> => metric('souk_sockets_cut_total', { reason });

/** A socket of this user. */
async function socketOf(userId: string, headers: Record<string, string> = {}): Promise<RawSocket> {
  const client = await new RawSocket(shop, '/graphql', 'graphql-transport-ws', headers).open();
  client.send({ type: 'connection_init', payload: { authorization: `Bearer ${await shop.token({ userId })}` } });
  return client;
}
const acknowledged = (client: RawSocket) => until(() => client.received[0]?.type === 'connection_ack');

describe('caps', () => {
  test('of a user: 4429 for one more, until another has gone', async () => {
    await start({ config: { sockets: { perUser: 2, perAddress: 100, trustedProxies: 0 } } });
    const before = await cuts('too_many');
    const [ada, grace] = [randomUUID(), randomUUID()];
    const mine = [await socketOf(ada), await socketOf(ada)];
    await Promise.all(mine.map(acknowledged));
    const third = await socketOf(ada);
    expect([await third.closed, third.received]).toEqual([TOO_MANY, []]);
    await acknowledged(await socketOf(grace));
    const renewing = { type: 'ping', payload: { authorization: `Bearer ${await shop.token({ userId: ada })}` } };
    mine[0]!.send(renewing);
    await until(() => mine[0]!.received[1]?.type === 'pong');
    mine[1]!.socket.close();
    await mine[1]!.closed;
    await acknowledged(await socketOf(ada));
    expect([await (await socketOf(ada)).closed, await cuts('too_many')]).toEqual([TOO_MANY, before + 2]);
  });

  test('of an address: 4429 at once, whatever the client says of its address', async () => {
    await start({ config: { sockets: { perUser: 100, perAddress: 2, trustedProxies: 0 } } });
    const first = await new RawSocket(shop).init();
    await new RawSocket(shop).init();
    const third = new RawSocket(shop, '/graphql', 'graphql-transport-ws', { 'x-forwarded-for': '192.0.2.7' });
    expect(await third.closed).toEqual(TOO_MANY);
    expect((await shop.post({ query: '{ whoami }' })).body).toEqual({ data: { whoami: 'anonymous' } });
    first.socket.terminate();
    await first.closed;
    await eventually(async () => {
      await new RawSocket(shop).init();
    });
  });

  test('of an address behind a proxy: that which the proxy has seen', async () => {
    await start({ config: { sockets: { perUser: 100, perAddress: 1, trustedProxies: 1 } } });
    const from = (forwarded: string) =>
      new RawSocket(shop, '/graphql', 'graphql-transport-ws', { 'x-forwarded-for': forwarded });
    await from('192.0.2.7').init();
    await from('192.0.2.7, 192.0.2.8').init();
    expect(await from('192.0.2.9, 192.0.2.7').closed).toEqual(TOO_MANY);
  });

  test('by default let in 2,000 users of one address and refuse 5,000 sockets, and HTTP is answered meanwhile', async () => {
    await start({});
    const before = await cuts('too_many');
    const sockets: RawSocket[] = [];
    while (sockets.length < 2_000) {
      sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => socketOf(randomUUID())))));
    }
    await Promise.all(sockets.map(acknowledged));
    let refused = 0;
    for (let opened = 0; opened < 3_000; opened += 100) {
      const more = Array.from({ length: 100 }, () => new RawSocket(shop));
      for (const { closed } of more) void closed.then(({ code }) => (refused += code === TOO_MANY.code ? 1 : 0));
      await Promise.all(more.map((client) => client.open()));
      // Those that are let in would otherwise leave room again after 15 s.
      for (const client of more) client.send({ type: 'connection_init' });
      expect((await shop.post({ query: '{ whoami }' })).status).toBe(200);
    }
    await eventually(async () => expect([refused, await cuts('too_many')]).toEqual([2_000, before + 2_000]));
    expect(sockets.filter(({ socket }) => socket.readyState !== socket.OPEN)).toEqual([]);
    sockets[0]!.subscribe('{ whoami }');
    await until(() => sockets[0]!.received.length === 3);
  }, 240_000);
});

describe('readers that stop reading', () => {
  const LARGE = 300_000;
  const WATCH = 'subscription { orderUpdated(orderId: "o1") { order { product { name } } } }';
  beforeEach(async () => {
    const product = { id: '1', name: 'x'.repeat(LARGE) };
    const resolvers = { ...CATALOG_RESOLVERS, Product: { __resolveReference: async () => product } };
    await start({ endpoints: { catalog: endpointOf('catalog', resolvers, { requests: [], down: false }) } });
  });
  const nothingLeft = async (): Promise<void> => {
    expect(shop.openStreams()).toBe(0);
    expect(await metric('souk_sockets_open')).toBe(0);
    expect(await metric('souk_subscriptions_active')).toBe(0);
  };

  test('a hundred are cut with 4410 while another gets everything, and nothing of them is left', async () => {
    const before = await cuts('slow');
    const stalled = await Promise.all(Array.from({ length: 100 }, () => new RawSocket(shop).init()));
    for (const client of stalled) {
      for (let n = 0; n < 10; n += 1) client.subscribe(WATCH, {}, `s${n}`);
    }
    const reader = await new RawSocket(shop).init();
    reader.subscribe(WATCH);
    await until(() => shop.openStreams() === 1_001);
    for (const { socket } of stalled) socket.pause();
    for (let step = 1; step <= 3; step += 1) shop.publish(step);
    await eventually(async () => expect(await cuts('slow')).toBe(before + 100));
    expect(shop.openStreams()).toBe(1);
    await eventually(async () => expect(await metric('souk_sockets_open')).toBe(1));
    expect(await reader.messages(3)).toHaveLength(3);
    reader.socket.close();
    await eventually(nothingLeft);
  }, 60_000);

  test('one that reads on is told why, behind what was sent', async () => {
    const client = await new RawSocket(shop).init();
    for (let n = 0; n < 50; n += 1) client.subscribe(WATCH, {}, `s${n}`);
    await until(() => shop.openStreams() === 50);
    client.socket.pause();
    const before = await cuts('slow');
    shop.publish(1);
    await eventually(async () => expect(await cuts('slow')).toBe(before + 1));
    client.socket.resume();
    expect(await client.closed).toEqual(SLOW);
    await eventually(nothingLeft);
  });

  test.each([
    [
      'pings of the protocol',
      (client: RawSocket) => client.send({ type: 'ping', payload: { x: 'y'.repeat(500_000) } }),
    ],
    [
      'pings of WebSocket',
      (client: RawSocket) => Array.from({ length: 2_000 }, () => client.socket.ping('z'.repeat(125))),
    ],
  ])(
    'one that goes on with %s is cut',
    async (_name, ping) => {
      const client = await new RawSocket(shop).init();
      client.socket.pause();
      const before = await cuts('slow');
      await eventually(async () => {
        ping(client);
        expect(await cuts('slow')).toBe(before + 1);
      });
      await eventually(nothingLeft);
    },
    30_000,
  );

  test('one with little waiting is cut by the ping that it misses', async () => {
    const before = (await cuts('slow')) + (await cuts('missed_ping'));
    const client = await new RawSocket(shop).init();
    client.subscribe(WATCH);
    await until(() => shop.openStreams() === 1);
    client.socket.pause();
    shop.publish(1);
    await eventually(async () => expect((await cuts('slow')) + (await cuts('missed_ping'))).toBe(before + 1), 40_000);
    await eventually(nothingLeft);
  }, 60_000);
});
