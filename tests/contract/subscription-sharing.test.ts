/** Equal subscriptions of a session: one stream at the subgraph, one execution for each event, and nobody misses any. */
import { eventually } from '../support/eventually';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { eventsOf, openRaw, type RawStream } from '../support/raw-stream';

let shop: TestGateway;
let mine: string;
const streams = new Set<RawStream>();

beforeEach(async () => {
  shop = await startTestGateway();
  mine = `Bearer ${await shop.token()}`;
});
afterEach(async () => {
  for (const stream of streams) stream.leave();
  streams.clear();
  await eventually(() => expect(shop.openStreams()).toBe(0));
  await eventually(async () => {
    const metrics = await (await fetch(`${shop.url}/metrics`)).text();
    expect(metrics).toContain('\nsouk_subscriptions_active 0\n');
    expect(metrics).toContain('\nsouk_subscription_sources 0\n');
  });
  await shop.gateway.stop();
});

const FIELDS = 'step cursor order { product { name } }';
const WATCH = `subscription W($after: String) { orderUpdated(orderId: "o1", after: $after) { ${FIELDS} } }`;

async function watch(query = WATCH, variables = {}, authorization = mine): Promise<RawStream> {
  const headers = { accept: 'text/event-stream', ...(authorization !== '' && { authorization }) };
  const stream = await openRaw(shop.port, { body: { query, variables }, headers });
  streams.add(stream);
  return stream;
}
const steps = (stream: RawStream) => [...stream.text().matchAll(/^id: (.+)$/gm)].map(([, id]) => id);
const active = async (count: number) =>
  eventually(async () => {
    const metrics = await (await fetch(`${shop.url}/metrics`)).text();
    expect(metrics).toContain(`\nsouk_subscriptions_active ${count}\n`);
  });

const handed = async () => {
  const metrics = await (await fetch(`${shop.url}/metrics`)).text();
  return Number(/^souk_subscription_events_total (\d+)$/m.exec(metrics)?.[1]);
};

test('those that begin before the first event share all the way, each to its own end', async () => {
  const before = await handed();
  const all = [await watch(), await watch(`# the same\n${WATCH.replaceAll(' ', '  ')}`), await watch()];
  await active(3);
  for (const step of [1, 2, 3]) shop.publish(step);
  for (const stream of all) await eventually(() => expect(steps(stream)).toEqual(['c1', 'c2', 'c3']));
  expect(shop.openStreams()).toBe(1);
  expect(shop.subgraphs.orders.requests).toHaveLength(1);
  expect(shop.subgraphs.catalog.requests).toHaveLength(3);
  all[0]!.leave();
  await active(2);
  shop.publish(4);
  for (const stream of all.slice(1)) await eventually(() => expect(steps(stream).at(-1)).toBe('c4'));
  expect(steps(all[0]!)).not.toContain('c4');
  // Three events to three clients, and one to two.
  expect((await handed()) - before).toBe(11);
});

test('a later one gets all it asked for by itself, and shares from the same cursor on', async () => {
  const first = await watch(WATCH, { after: 'c0' });
  await active(1);
  for (const step of [1, 2]) shop.publish(step);
  await eventually(() => expect(steps(first)).toEqual(['c1', 'c2']));
  const later = await watch(WATCH, { after: 'c0' });
  await eventually(() => expect(steps(later)).toEqual(['c1', 'c2']));
  await eventually(() => expect(shop.openStreams()).toBe(1));
  const fetches = shop.subgraphs.catalog.requests.length;
  shop.publish(3);
  for (const stream of [first, later]) await eventually(() => expect(steps(stream)).toEqual(['c1', 'c2', 'c3']));
  expect(shop.subgraphs.catalog.requests.length - fetches).toBe(1);
  shop.publish(4);
  first.leave();
  await eventually(() => expect(steps(later)).toEqual(['c1', 'c2', 'c3', 'c4']));
});

test('without cursors a later one stays by itself', async () => {
  const query = 'subscription { orderUpdated(orderId: "o1") { step } }';
  await watch(query);
  await active(1);
  shop.publish(1);
  await eventually(() => expect(eventsOf([...streams][0]!.text())).toHaveLength(1));
  await watch(query);
  await eventually(() => expect(shop.openStreams()).toBe(2));
  shop.publish(2);
  for (const stream of streams)
    await eventually(() =>
      expect(eventsOf(stream.text()).at(-1)?.data).toEqual({ data: { orderUpdated: { step: 2 } } }),
    );
  expect(shop.openStreams()).toBe(2);
});

test('other variables, another selection, another user and nobody share with nobody', async () => {
  await watch();
  await watch(WATCH, { after: 'c0' });
  await watch(WATCH.replace('name', 'stock'));
  await watch(WATCH, {}, `Bearer ${await shop.token({ userId: '018f0000-0000-7000-8000-000000000002' })}`);
  await watch(WATCH, {}, `Bearer ${await shop.token({ role: 'SUPPORT' })}`);
  await watch(WATCH, {}, '');
  await watch(WATCH, {}, '');
  await eventually(() => expect(shop.openStreams()).toBe(7));
  shop.publish(1);
  for (const stream of streams) await eventually(() => expect(steps(stream)).toEqual(['c1']));
  expect(shop.subgraphs.catalog.requests).toHaveLength(7);
});

test('a refusal and an end are told to all', async () => {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  shop.subgraphs.orders.before = () => gate;
  const all = [await watch(WATCH, { after: 'bad' }), await watch(WATCH, { after: 'bad' })];
  await active(2);
  release();
  for (const stream of all) {
    await eventually(() => expect(stream.ended()).toBe('whole'));
    expect(eventsOf(stream.text())).toMatchObject([
      { data: { errors: [{ extensions: { code: 'VALIDATION_ERROR' } }] } },
      { event: 'complete' },
    ]);
  }
  expect(shop.subgraphs.orders.requests).toHaveLength(1);
});

test('one that does not read holds back those it shares with until it leaves, and they miss nothing', async () => {
  const query = `subscription { orderUpdated(orderId: "o1") { bulk ${FIELDS} } }`;
  const [slow, quick] = [await watch(query), await watch(query)];
  await active(2);
  slow.stall();
  for (let step = 1; step <= 60; step += 1) shop.publish(step);
  await eventually(() => expect(steps(quick).length).toBeGreaterThan(16));
  slow.leave();
  await eventually(() => expect(steps(quick)).toEqual(Array.from({ length: 60 }, (_, index) => `c${index + 1}`)));
  expect(shop.subgraphs.catalog.requests).toHaveLength(60);
});
