/** The three subscriptions side by side: who sees what, where they begin, what they miss, and what they cost. */
import { randomUUID } from 'node:crypto';
import { register } from 'prom-client';
import type { Principal } from '../../platform/auth/principal';
import { fromId, toId } from '../../platform/ids';
import { RIGHTS_CHANNEL } from '../../subgraphs/accounts/messages';
import { toCursor } from '../../subgraphs/orders/event-cursor';
import { eventually } from '../support/eventually';
import { addEvents, copyOrder, tryWatch, watch, Watching, type Field } from '../support/order-updates';
import { startOrders, user, type OrdersShop, type ShownOrder } from '../support/orders-shop';
import { apiClient } from '../support/principals';

let shop: OrdersShop;
beforeAll(async () => {
  shop = await startOrders();
});
beforeEach(async () => {
  await shop.reset();
  shop.world.signIn(support);
});
afterAll(() => shop.stop());

const ada = user();
const support = user('SUPPORT');
const open: Watching[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  shop.services.config.eventRetentionDays = 90;
  for (const one of open.splice(0)) await one.stop();
});
const see = async (field: Field, variables: Record<string, unknown>, by: Principal): Promise<Watching> => {
  const one = await watch(shop, field, variables, by);
  open.push(one);
  return one;
};
const refusal = async (field: Field, variables: Record<string, unknown>, by?: Principal): Promise<string> => {
  const one = await tryWatch(shop, field, variables, by);
  if (typeof one === 'string') return one;
  open.push(one);
  return 'open';
};
const number = () => shop.job('orders.number-events');
const uuid = (order: { id: string }): string => fromId('ord', order.id)!;
const process = (order: ShownOrder) => shop.mutate('startProcessing', { orderId: order.id }, support);
/** Cursors of everything in the log, or of one order. */
const logged = async (order?: { id: string }): Promise<string[]> => {
  const rows = await shop.services.db.rows<{ position: string }>(
    'SELECT position FROM order_event WHERE $1::uuid IS NULL OR order_id = $1 ORDER BY position',
    [order ? uuid(order) : null],
  );
  return rows.map(({ position }) => toCursor(BigInt(position)));
};
/** Sum of a metric's values; of a histogram the number of what it has seen. */
const metric = async (name: string, labels: Record<string, string> = {}): Promise<number> => {
  const { values } = (await register.getSingleMetric(name)!.get()) as {
    values: { value: number; metricName?: string; labels: Record<string, unknown> }[];
  };
  return values
    .filter(({ metricName }) => metricName === undefined || metricName === `${name}_count`)
    .filter((one) => Object.entries(labels).every(([label, value]) => one.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
};
const statements = () => metric('souk_db_statements_total', { subgraph: 'orders' });

describe('myOrdersUpdated', () => {
  test('starts live, with all orders of the user, those placed later too, and nobody else’s', async () => {
    const before = await shop.place(ada);
    const mine = await see('myOrdersUpdated', {}, ada);
    await shop.place(user());
    const after = await shop.place(ada);
    await process(before);
    await number();
    const seen = [await mine.update(), await mine.update(), await mine.update()];
    expect(seen.map(({ kind, event, order }) => [kind, event.status, order.id])).toEqual([
      ['EVENT', 'PENDING', after.id],
      ['EVENT', 'CONFIRMED', after.id],
      ['EVENT', 'PROCESSING', before.id],
    ]);
    expect(seen.map(({ cursor }) => cursor)).toEqual(seen.map(({ event }) => event.cursor));
  });

  test.each<[string, Principal | undefined, string]>([
    ['nobody', undefined, 'UNAUTHENTICATED'],
    ['a guest', { kind: 'guest', id: randomUUID() }, 'UNAUTHENTICATED'],
    ['a client that may not read', apiClient({ scopes: ['orders:write'] }), 'FORBIDDEN'],
  ])('is not for %s', async (_, by, code) => {
    expect(await refusal('myOrdersUpdated', {}, by)).toBe(code);
  });
});

describe('ordersUpdated', () => {
  test('shows staff every order that passes the filter as it is when the update is sent', async () => {
    const [one, other] = [await shop.place(ada), await shop.place(user())];
    const [all, processing] = [
      await see('ordersUpdated', {}, support),
      await see('ordersUpdated', { filter: { status: ['PROCESSING'] } }, support),
    ];
    await addEvents(shop, [uuid(one), uuid(other)], { type: 'PAYMENT_CHANGED' });
    await process(other);
    await number();
    const seen = [await all.update(), await all.update(), await all.update()];
    expect(new Set(seen.map(({ order }) => order.id))).toEqual(new Set([one.id, other.id]));
    expect((await processing.update()).order).toEqual({ id: other.id, status: 'PROCESSING' });
    const since = await see(
      'ordersUpdated',
      { after: toCursor(0n), filter: { from: '2999-01-01T00:00:00Z' } },
      support,
    );
    const waiting = since.next();
    await since.stop();
    expect(await waiting).toBe('over');
  });

  test.each<[string, Principal | undefined, string]>([
    ['nobody', undefined, 'UNAUTHENTICATED'],
    ['a customer', ada, 'FORBIDDEN'],
    ['a partner', user('PARTNER'), 'FORBIDDEN'],
    ['support whose session accounts does not know', user('SUPPORT'), 'UNAUTHENTICATED'],
  ])('is not for %s', async (_, by, code) => {
    expect(await refusal('ordersUpdated', {}, by)).toBe(code);
  });

  test('not for whoever was staff when the token was made', async () => {
    const former = user('ADMIN');
    shop.world.signIn(former, { role: 'CUSTOMER' });
    const order = await shop.place(ada);
    expect(await refusal('ordersUpdated', {}, former)).toBe('FORBIDDEN');
    expect(await refusal('orderUpdated', { orderId: order.id }, former)).toBe('FORBIDDEN');
  });

  test('a bad filter is refused', async () => {
    const filter = { from: 'yesterday' };
    expect(await refusal('ordersUpdated', { filter }, support)).toBe('VALIDATION_ERROR');
  });
});

describe('cursors', () => {
  test('of a timeline and of each subscription lead on in all three; the timeline has the same events', async () => {
    const order = await shop.place(ada);
    const [one, mine, all] = [
      await see('orderUpdated', { orderId: order.id, after: toCursor(0n) }, ada),
      await see('myOrdersUpdated', { after: toCursor(0n) }, ada),
      await see('ordersUpdated', { after: toCursor(0n) }, support),
    ];
    await process(order);
    for (const type of ['PAYMENT_CHANGED', 'SHIPMENT_CHANGED', 'RETURN_CHANGED']) {
      await addEvents(shop, [uuid(order)], { type });
    }
    await number();
    const cursors = await logged();
    const walked: string[] = [];
    const step = async (): Promise<string[]> => {
      const { data } = await shop.run(
        'query ($id: ID, $after: String) { order(id: $id) { timeline(after: $after, first: 2) { cursor } } }',
        { id: order.id, after: walked.at(-1) },
        ada,
      );
      return (data?.['order'] as { timeline: { cursor: string }[] }).timeline.map(({ cursor }) => cursor);
    };
    for (let page = await step(); page.length > 0; page = await step()) walked.push(...page);
    expect(cursors).toHaveLength(6);
    expect([walked, await one.cursors(6), await mine.cursors(6), await all.cursors(6)]).toEqual(
      Array.from({ length: 4 }, () => cursors),
    );
    for (const [index, after] of cursors.slice(0, -1).entries()) {
      const rest = cursors.slice(index + 1);
      const again = [
        await see('orderUpdated', { orderId: order.id, after }, ada),
        await see('myOrdersUpdated', { after }, ada),
        await see('ordersUpdated', { after }, support),
      ];
      for (const stream of again) expect(await stream.cursors(rest.length)).toEqual(rest);
    }
  });

  test.each<Field>(['orderUpdated', 'myOrdersUpdated', 'ordersUpdated'])('a bad one is refused: %s', async (field) => {
    const order = await shop.place(ada);
    const by = field === 'ordersUpdated' ? support : ada;
    for (const after of ['nonsense', toCursor(1_000n)]) {
      const variables = { ...(field === 'orderUpdated' && { orderId: order.id }), after };
      expect(await refusal(field, variables, by)).toBe('VALIDATION_ERROR');
    }
  });

  test('what is asked for lies far apart: the rest is passed over, and a cursor still leads on', async () => {
    const order = await shop.place(ada);
    await addEvents(shop, [uuid(order)], { type: 'PAYMENT_CHANGED', count: 250 });
    await process(order);
    await number();
    const types = ['STATUS_CHANGED'];
    const last = (await logged()).at(-1);
    for (const [field, by] of [
      ['myOrdersUpdated', ada],
      ['ordersUpdated', support],
    ] as const) {
      const stream = await see(field, { after: toCursor(2n), types }, by);
      expect((await stream.update()).cursor).toBe(last);
    }
  });
});

describe('a past that is too old', () => {
  const grow = async (days: number): Promise<void> => {
    await number();
    await shop.services.db.rows(`UPDATE order_event SET occurred_at = occurred_at - make_interval(days => $1)`, [days]);
  };

  test.each<[Field, Principal]>([
    ['orderUpdated', ada],
    ['myOrdersUpdated', ada],
    ['ordersUpdated', support],
  ])('%s: one GAP with the order as it is, then live', async (field, by) => {
    const order = await shop.place(ada);
    await process(order);
    await grow(91);
    const end = (await logged()).at(-1);
    const which = field === 'orderUpdated' ? { orderId: order.id } : {};
    const stream = await see(field, { ...which, after: toCursor(1n) }, by);
    const gap = await stream.update();
    expect(gap).toEqual({
      kind: 'GAP',
      cursor: end,
      event: { cursor: end, type: 'STATUS_CHANGED', status: 'PROCESSING' },
      order: { id: order.id, status: 'PROCESSING' },
    });
    await addEvents(shop, [uuid(order)]);
    await number();
    const live = await stream.update();
    expect([live.kind, live.cursor]).toEqual(['EVENT', (await logged()).at(-1)]);
    // Its cursor leads on as any other does.
    const again = await see(field, { ...which, after: gap.cursor }, by);
    expect(await again.update()).toEqual(live);
    // Nothing was missed, however long ago that was.
    await grow(91);
    const quiet = await see(field, { ...which, after: live.cursor }, by);
    await addEvents(shop, [uuid(order)]);
    await number();
    expect(await quiet.update()).toMatchObject({ kind: 'EVENT', cursor: (await logged()).at(-1) });
  });

  test('nothing to show: live without a GAP; and no limit is no gap', async () => {
    await shop.place(user());
    const order = await shop.place(ada);
    await grow(91);
    const bob = await see('myOrdersUpdated', { after: toCursor(0n) }, user());
    const waiting = bob.next();
    await bob.stop();
    expect(await waiting).toBe('over');
    shop.services.config.eventRetentionDays = 0;
    const mine = await see('myOrdersUpdated', { after: toCursor(0n) }, ada);
    expect(await mine.cursors(2)).toEqual(await logged(order));
  });
});

describe('rights', () => {
  test.each([
    ['when accounts tells', true],
    ['also when nobody tells', false],
  ])('a lost role ends what rests on it and nothing else, between events too, %s', async (_, told) => {
    const staff = user('SUPPORT');
    shop.world.signIn(staff);
    const [foreign, own] = [await shop.place(ada), await shop.place(ada)];
    await shop.services.db.rows('UPDATE orders SET owner_id = $2 WHERE id = $1', [uuid(own), staff.id]);
    const [all, one, mine, ownOne] = [
      await see('ordersUpdated', {}, staff),
      await see('orderUpdated', { orderId: foreign.id }, staff),
      await see('myOrdersUpdated', {}, staff),
      await see('orderUpdated', { orderId: own.id }, staff),
    ];
    expect([(await one.update()).kind, (await ownOne.update()).kind]).toEqual(['SNAPSHOT', 'SNAPSHOT']);
    shop.world.signIn(staff, { role: 'CUSTOMER' });
    if (told) await shop.services.pubsub.publish(RIGHTS_CHANNEL, { userId: staff.id });
    expect([await all.next(), await all.next()]).toEqual(['FORBIDDEN', 'over']);
    expect([await one.next(), await one.next()]).toEqual(['FORBIDDEN', 'over']);
    await addEvents(shop, [uuid(foreign), uuid(own)]);
    await number();
    expect((await mine.update()).order.id).toBe(own.id);
    expect((await ownOne.update()).order.id).toBe(own.id);
  });

  test('while accounts cannot be reached, what the token says stands', async () => {
    const order = await shop.place(ada);
    shop.world.down.add('accounts');
    const fresh = user('ADMIN');
    const all = await see('ordersUpdated', {}, fresh);
    await addEvents(shop, [uuid(order)]);
    await number();
    expect((await all.update()).order.id).toBe(order.id);
    shop.world.down.clear();
    expect(await all.next()).toBe('UNAUTHENTICATED');
  });

  test('an order that is theirs no longer: NOT_FOUND and the end, for its own stream; left out of the others', async () => {
    const [lost, kept] = [await shop.place(ada), await shop.place(ada)];
    const one = await see('orderUpdated', { orderId: lost.id }, ada);
    const mine = await see('myOrdersUpdated', {}, ada);
    await one.update();
    await shop.services.db.rows('UPDATE orders SET owner_id = $2 WHERE id = $1', [uuid(lost), randomUUID()]);
    await addEvents(shop, [uuid(lost)]);
    await addEvents(shop, [uuid(kept)]);
    await number();
    expect([await one.next(), await one.next()]).toEqual(['NOT_FOUND', 'over']);
    expect((await mine.update()).order.id).toBe(kept.id);
  });
});

describe('nothing is lost', () => {
  test('wake-ups that reach nobody', async () => {
    const order = await shop.place(ada);
    await number();
    jest.spyOn(shop.services.pubsub, 'publish').mockResolvedValue();
    const streams = [
      await see('orderUpdated', { orderId: order.id, after: (await logged()).at(-1) }, ada),
      await see('myOrdersUpdated', {}, ada),
      await see('ordersUpdated', {}, support),
    ];
    await addEvents(shop, [uuid(order)]);
    await number();
    for (const stream of streams) expect((await stream.update()).cursor).toBe((await logged()).at(-1));
  });

  test('a reader that is slower than 100 events', async () => {
    const order = await shop.place(ada);
    await number();
    const before = (await logged()).length;
    const streams = [
      await see('orderUpdated', { orderId: order.id, after: (await logged()).at(-1) }, ada),
      await see('myOrdersUpdated', {}, ada),
      await see('ordersUpdated', {}, support),
    ];
    const write = async (count: number): Promise<void> => {
      await addEvents(shop, [uuid(order)], { count });
      await number();
    };
    await write(130);
    const first = await Promise.all(streams.map((stream) => stream.cursors(20)));
    await write(130);
    const rest = await Promise.all(streams.map((stream) => stream.cursors(240)));
    const written = (await logged()).slice(before);
    for (const [index] of streams.entries()) expect([...first[index]!, ...rest[index]!]).toEqual(written);
  });
});

describe('what it costs', () => {
  test('100 watchers of 100 orders cost as many statements as one; the metrics tell of them', async () => {
    const order = await shop.place(ada);
    const uuids = await copyOrder(shop, uuid(order), 100);
    await number();
    const after = (await logged()).at(-1);
    const one = await see('orderUpdated', { orderId: order.id, after }, ada);
    const cost = async (written: string[], streams: Watching[]): Promise<number> => {
      await addEvents(shop, written);
      // Only their delivery is counted. One wake-up, one batch, and perhaps a slow poll.
      const before = await statements();
      await number();
      await Promise.all(streams.map((stream) => stream.update()));
      return (await statements()) - before;
    };
    const ofOne = await cost([uuid(order)], [one]);
    const many: Watching[] = [];
    for (const id of uuids) many.push(await see('orderUpdated', { orderId: toId('ord', id), after }, ada));
    const lagged = await metric('souk_order_event_lag_seconds');
    expect(await cost(uuids, many)).toBeLessThanOrEqual(ofOne + 2);
    expect((await metric('souk_order_event_lag_seconds')) - lagged).toBe(100);
    expect(await metric('souk_order_streams', { subscription: 'orderUpdated' })).toBe(101);
    for (const stream of open.splice(0)) await stream.stop();
    expect(await metric('souk_order_streams')).toBe(0);
  }, 60_000);

  test('500 idle streams cost one statement in each turn of the slow poll', async () => {
    await shop.place(ada);
    await number();
    for (let count = 0; count < 250; count += 1) {
      await see('myOrdersUpdated', {}, user());
      await see('ordersUpdated', {}, support);
    }
    const rows = jest.spyOn(shop.services.db, 'rows');
    await eventually(() => expect(rows.mock.calls.length).toBeGreaterThanOrEqual(2), 30_000);
    const [before, calls] = [await statements(), rows.mock.calls.length];
    await eventually(() => expect(rows.mock.calls.length).toBeGreaterThanOrEqual(calls + 3), 30_000);
    expect((await statements()) - before).toBeLessThanOrEqual(rows.mock.calls.length - calls + 1);
    expect(new Set(rows.mock.calls.map(([sql]) => sql)).size).toBe(1);
  }, 120_000);
});
