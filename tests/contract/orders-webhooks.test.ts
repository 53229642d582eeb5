/** Webhooks to partners: the log of events, pushed; signed, in order, at least once. */
import { randomUUID } from 'node:crypto';
import { register } from 'prom-client';
import type { Principal } from '../../platform/auth/principal';
import { createDatabase, dropDatabase, migrate } from '../../platform/db/prepare';
import { seededRandom } from '../../platform/random';
import { toCursor } from '../../subgraphs/orders/event-cursor';
import { CreateWebhooks1700009000000 } from '../../subgraphs/orders/migrations/1700009000000-create-webhooks';
import { finishAttempt, takeDue } from '../../subgraphs/orders/webhooks/delivery-store';
import { eventually } from '../support/eventually';
import { startOrders, user, type OrdersShop, type ShownOrder } from '../support/orders-shop';
import { startReceiver, type Received, type Receiver } from '../support/webhook-receiver';
import { webhooksOf } from '../support/webhooks';

let shop: OrdersShop;
let receiver: Receiver;
let slow: Receiver | undefined;
let hooks: ReturnType<typeof webhooksOf>;
let now: Date | null = null;

beforeAll(async () => {
  shop = await startOrders({ clock: { now: () => now ?? new Date() } });
  hooks = webhooksOf(shop);
});
beforeEach(async () => {
  now = null;
  await shop.reset();
  await shop.services.db.rows('TRUNCATE webhook_endpoint, webhook_delivery');
  receiver = await startReceiver();
});
afterEach(async () => {
  await receiver.stop();
  await slow?.stop();
  slow = undefined;
});
afterAll(() => shop.stop());

// What their people bought as customers stays theirs; of their API clients: orders-partners.test.ts.
const [PARTNER, OTHER] = [randomUUID(), randomUUID()];
const [partner, buyer] = [user('PARTNER', PARTNER), user('CUSTOMER', PARTNER)];
const [other, otherBuyer] = [user('PARTNER', OTHER), user('CUSTOMER', OTHER)];
const support = user('SUPPORT');

/** The cursors of an order's events, oldest first, from the database. */
async function cursorsOf(order?: ShownOrder): Promise<string[]> {
  await shop.job('orders.number-events');
  const rows = await shop.services.db.rows<{ position: string }>(
    `SELECT e.position FROM order_event e JOIN orders o ON o.id = e.order_id WHERE $1::text IS NULL OR o.number = $1
     ORDER BY e.position`,
    [order?.number ?? null],
  );
  return rows.map(({ position }) => toCursor(BigInt(position)));
}
const cursors = (received: readonly Received[]): string[] => received.map(({ message }) => message.data.cursor);
const ids = (received: readonly Received[]): string[] => received.map(({ id }) => id);

/** An order that goes all its way to DELIVERED; five events. */
async function delivered(by: Principal): Promise<ShownOrder> {
  const order = await shop.place(by);
  await fulfil(order);
  return order;
}

async function fulfil({ id: orderId }: ShownOrder): Promise<void> {
  await shop.mutate('startProcessing', { orderId }, support);
  await shop.mutate(
    'shipOrder',
    { orderId, carrier: 'UPS', trackingNumber: '1Z', idempotencyKey: randomUUID() },
    support,
  );
  const { order: last } = await shop.mutate('confirmDelivery', { orderId }, support);
  expect(last?.status).toBe('DELIVERED');
}

test("a partner is sent the events of their own orders, in order, signed, and nobody else's", async () => {
  await shop.place(buyer); // before there was an endpoint
  await shop.job('orders.number-events');
  const { secret, id } = await hooks.endpoint(receiver.url, partner, { description: 'our warehouse' });
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  await delivered(user());
  const order = await delivered(buyer);
  await hooks.settle();

  expect(cursors(receiver.received)).toEqual(await cursorsOf(order));
  expect(receiver.received.map(({ message }) => message.data.status)).toEqual([
    ...['PENDING', 'CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED'],
  ]);
  for (const received of receiver.received) {
    receiver.verify(received, secret);
    const { cursor } = received.message.data;
    const { type, timestamp, data } = received.message;
    expect(received.message).toEqual({ type, timestamp, data });
    expect(type).toBe('order.status_changed');
    expect(data).toEqual({ cursor, orderId: order.id, orderNumber: order.number, status: data.status });
    expect(received.id).toBe(`evt_${cursor}`);
    expect(received.headers['content-type']).toBe('application/json');
  }
  expect(() => receiver.verify(receiver.received[0]!, `whsec_${'A'.repeat(43)}=`)).toThrow();

  const log = await hooks.look(id, partner);
  expect(log).toMatchObject({ status: 'ACTIVE', failingSince: null, url: receiver.url, description: 'our warehouse' });
  expect(log?.cursor).toBe((await cursorsOf()).at(-1));
  expect(log?.deliveries.map(({ eventCursor }) => eventCursor)).toEqual((await cursorsOf(order)).toReversed());
  for (const delivery of log?.deliveries ?? []) {
    expect(delivery).toMatchObject({
      status: 'DELIVERED',
      attempts: 1,
      responseStatus: 204,
      error: null,
      nextAttemptAt: null,
    });
    expect(delivery).toMatchObject({ orderId: order.id, messageId: `evt_${delivery.eventCursor}` });
  }
  const [stored] = await shop.services.db.rows<{ row: string }>('SELECT e::text AS row FROM webhook_endpoint e');
  for (const secretText of [secret, receiver.url, 'our warehouse']) expect(stored?.row).not.toContain(secretText);
});

test('only the types that were asked for', async () => {
  const { id } = await hooks.endpoint(receiver.url, partner, { types: ['RETURN_CHANGED', 'RETURN_CHANGED'] });
  const order = await delivered(buyer);
  await hooks.settle();
  expect(receiver.received).toEqual([]);
  await shop.mutate('requestReturn', { orderId: order.id, idempotencyKey: randomUUID() }, buyer);
  await hooks.settle();
  expect(receiver.received.map(({ message }) => message.type)).toEqual(['order.return_changed']);
  expect((await hooks.look(id, partner))?.types).toEqual(['RETURN_CHANGED']);
});

test('a receiver that fails half the time gets each event, each order in order, and knows duplicates by their id', async () => {
  const { secret, id } = await hooks.endpoint(receiver.url, partner);
  const random = seededRandom(7);
  const failures = new Map<string, number>();
  receiver.answer = ({ id: message }) => {
    const before = failures.get(message) ?? 0;
    // Never eight times: then it would be given up, which is another story.
    if (before === 7 || random() < 0.5) return 200;
    failures.set(message, before + 1);
    return [0, 500, 429, 302][Math.floor(random() * 4)] ?? 500;
  };
  for (let batch = 0; batch < 6; batch += 1) {
    const orders: ShownOrder[] = [];
    // One after the other: a buyer has one cart.
    for (let count = 0; count < 10; count += 1) orders.push(await shop.place(buyer));
    await Promise.all([...orders.map(fulfil), hooks.run()]);
  }
  await hooks.settle();

  const all = await cursorsOf();
  expect(all).toHaveLength(300);
  const taken = receiver.received.filter(({ answered }) => answered === 200);
  expect(cursors(taken).toSorted()).toEqual(all.toSorted());
  expect(receiver.received.length).toBeGreaterThan(400);
  const bodies = new Map(receiver.received.map(({ id: message, body }) => [message, body]));
  expect(bodies.size).toBe(300);
  for (const received of receiver.received) {
    receiver.verify(received, secret);
    expect(received.body).toBe(bodies.get(received.id));
  }
  // An order's next event is not even tried before the one before was taken.
  const firsts = receiver.received.filter(
    ({ id: message }, index) => ids(receiver.received).indexOf(message) === index,
  );
  for (const list of [firsts, taken]) {
    for (const orderId of new Set(list.map(({ message }) => message.data.orderId))) {
      const statuses = list.filter(({ message }) => message.data.orderId === orderId);
      expect(statuses.map(({ message }) => message.data.status)).toEqual([
        ...['PENDING', 'CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED'],
      ]);
    }
  }
  expect(await hooks.look(id, partner)).toMatchObject({ status: 'ACTIVE', failingSince: null });
}, 120_000);

test('a failed attempt is tried again later and holds up its own order alone; what fails is told', async () => {
  const { id } = await hooks.endpoint(receiver.url, partner);
  const first = await shop.place(buyer);
  receiver.answer = ({ message }) => (message.data.orderId === first.id ? 503 : 204);
  const second = await shop.place(buyer);
  await hooks.run();
  await hooks.run();
  expect(cursors(receiver.received.filter(({ answered }) => answered === 204))).toEqual(await cursorsOf(second));
  const log = await hooks.look(id, partner);
  const [, tried] = (log?.deliveries ?? []).filter(({ orderId }) => orderId === first.id);
  expect(tried).toMatchObject({ status: 'PENDING', attempts: 1, responseStatus: 503, error: null, deliveredAt: null });
  const [row] = await shop.services.db.rows<{ wait: number }>(
    `SELECT extract(epoch FROM due_at - now())::float AS wait FROM webhook_delivery WHERE attempts = 1 AND status = 'PENDING'`,
  );
  expect(row?.wait).toBeLessThanOrEqual(5.5);

  for (let attempt = 2; attempt <= 8; attempt += 1) {
    await hooks.hurry();
    await hooks.run();
  }
  receiver.answer = () => 204;
  await hooks.settle();
  const [next, given] = ((await hooks.look(id, partner))?.deliveries ?? []).filter(
    ({ orderId }) => orderId === first.id,
  );
  expect(given).toMatchObject({ status: 'FAILED', attempts: 8, responseStatus: 503, nextAttemptAt: null });
  expect(next).toMatchObject({ status: 'DELIVERED', orderStatus: 'CONFIRMED' });

  const cutter = await hooks.endpoint(receiver.url, other);
  receiver.answer = () => 0;
  await shop.place(otherBuyer);
  await hooks.run();
  const cut = await hooks.look(cutter.id, user('ADMIN'));
  expect(cut?.deliveries.at(-1)).toMatchObject({
    responseStatus: null,
    error: expect.stringMatching(/^Not reached: /) as string,
  });
  expect(cut?.failingSince).not.toBeNull();
});

test('an attempt whose worker died is made again when its lease is over, and not before; the dead one writes no more', async () => {
  const { db } = shop.services;
  const { id } = await hooks.endpoint(receiver.url, partner);
  receiver.answer = () => 500;
  const order = await shop.place(buyer);
  await hooks.run();
  receiver.answer = () => 204;
  await hooks.hurry();
  const [attempt] = await takeDue(db, [PARTNER], 5, new Date());
  expect(attempt).toMatchObject({ attempts: 2, status: 'PENDING' });
  receiver.received.length = 0;
  await hooks.run();
  expect(receiver.received).toEqual([]);
  await db.rows(`UPDATE webhook_delivery SET due_at = now() - interval '1 s' WHERE lease IS NOT NULL`);
  await hooks.run();
  expect(cursors(receiver.received)).toEqual(await cursorsOf(order));
  const before = await hooks.everything();
  expect(await finishAttempt(db, attempt!, { responseStatus: 410 }, new Date())).toBe('lost');
  expect(await hooks.everything()).toEqual(before);
  const { deliveries } = (await hooks.look(id, partner))!;
  expect(deliveries.map(({ status, attempts }) => [status, attempts])).toEqual([
    ['DELIVERED', 1],
    ['DELIVERED', 3],
  ]);
});

test('replay: everything after a cursor again, under the same ids; also what is no longer in the log of deliveries', async () => {
  const { id } = await hooks.endpoint(receiver.url, partner);
  const order = await delivered(buyer);
  await hooks.settle();
  const all = await cursorsOf(order);
  const [sent] = [receiver.received.splice(0)];
  now = new Date(Date.now() + 31 * 86_400_000);
  await shop.job('orders.prune-webhooks');
  expect((await hooks.look(id, partner))?.deliveries).toEqual([]);
  now = null;

  const replayed = await hooks.mutate('replay', { id, after: all[1] }, partner);
  expect(replayed).toMatchObject({ webhookEndpoint: { id, cursor: all[1] }, userErrors: [] });
  await hooks.settle();
  expect(receiver.received.map(({ id: message, body }) => [message, body])).toEqual(
    sent.slice(2).map(({ id: message, body }) => [message, body]),
  );
  receiver.received.length = 0;
  await hooks.mutate('replay', { id, after: all[0] }, partner);
  await hooks.settle();
  expect(ids(receiver.received)).toEqual(ids(sent.slice(1)));
  const future = Buffer.from('log:999999').toString('base64url');
  for (const after of ['', 'x', future, 'x'.repeat(10_000)]) {
    const before = await hooks.everything();
    expect(await hooks.mutate('replay', { id, after }, partner)).toMatchObject({
      ...{ webhookEndpoint: null, userErrors: [{ code: 'VALIDATION_ERROR', field: ['after'] }] },
    });
    expect(await hooks.everything()).toEqual(before);
  }
});

test('rotation: for a day both secrets sign, then the new one alone', async () => {
  const { id, secret: old } = await hooks.endpoint(receiver.url, partner);
  const { secret } = await hooks.mutate('rotate', { id }, partner);
  if (!secret) throw new Error('no secret');
  await shop.place(buyer);
  await hooks.settle();
  for (const received of receiver.received.splice(0)) {
    expect(received.headers['webhook-signature']?.split(' ')).toHaveLength(2);
    receiver.verify(received, old);
    receiver.verify(received, secret);
  }
  await shop.services.db.rows(`UPDATE webhook_endpoint SET previous_secret_until = now() - interval '1 s'`);
  await shop.place(buyer);
  await hooks.settle();
  expect(receiver.received).toHaveLength(2);
  for (const received of receiver.received) {
    receiver.verify(received, secret);
    expect(() => receiver.verify(received, old)).toThrow();
  }
});

test('410 disables; paused and disabled endpoints are sent nothing, and everything since once they are active', async () => {
  const { id } = await hooks.endpoint(receiver.url, partner);
  receiver.answer = () => 410;
  const order = await shop.place(buyer);
  await hooks.settle();
  expect(receiver.received).toHaveLength(1);
  expect(await hooks.look(id, partner)).toMatchObject({
    status: 'DISABLED',
    deliveries: [{ status: 'PENDING' }, { status: 'FAILED', responseStatus: 410, attempts: 1 }],
  });
  receiver.answer = () => 204;
  expect((await hooks.mutate('update', { id, status: 'PAUSED' }, partner)).webhookEndpoint).toMatchObject({
    status: 'PAUSED',
  });
  await shop.mutate('startProcessing', { orderId: order.id }, support);
  await hooks.settle();
  expect(receiver.received.splice(0)).toHaveLength(1);
  const active = (await hooks.mutate('update', { id, status: 'ACTIVE' }, partner)).webhookEndpoint;
  expect(active).toMatchObject({ status: 'ACTIVE', failingSince: null });
  await hooks.settle();
  expect(cursors(receiver.received)).toEqual((await cursorsOf(order)).slice(1));
});

test('an endpoint for which nothing has succeeded for five days is disabled', async () => {
  const { id } = await hooks.endpoint(receiver.url, partner);
  receiver.answer = () => 500;
  await shop.place(buyer);
  await hooks.run();
  now = new Date(Date.now() + 5 * 86_400_000 - 60_000);
  await hooks.hurry();
  await hooks.run();
  expect(await hooks.look(id, partner)).toMatchObject({ status: 'ACTIVE' });
  now = new Date(Date.now() + 5 * 86_400_000 + 60_000);
  await hooks.hurry();
  await hooks.run();
  expect(await hooks.look(id, partner)).toMatchObject({ status: 'DISABLED' });
});

describe('whose owner', () => {
  // Workers that remember nobody.
  beforeEach(() => {
    hooks = webhooksOf(shop);
  });

  test.each([
    ['is suspended', { role: 'PARTNER', suspended: true }],
    ['is a partner no more', { role: 'CUSTOMER', suspended: false }],
  ] as const)('%s is sent nothing within 5 s, and everything since when that is lifted', async (_, standing) => {
    const { id } = await hooks.endpoint(receiver.url, partner);
    await hooks.endpoint(receiver.url, other);
    await shop.place(buyer);
    await hooks.settle();
    shop.world.users.set(PARTNER, standing);
    now = new Date(Date.now() + 3_000);
    receiver.received.length = 0;
    const waiting = await shop.place(buyer);
    await fulfil(waiting);
    const others = await shop.place(otherBuyer);
    await eventually(async () => {
      await hooks.run();
      expect(cursors(receiver.received)).toEqual(await cursorsOf(others));
    });
    receiver.received.length = 0;
    const held = ((await hooks.look(id, partner))?.deliveries ?? []).filter(({ status }) => status === 'PENDING');
    expect(held).toMatchObject(Array(5).fill({ orderId: waiting.id, attempts: 0 }));
    expect(await hooks.look(id, partner)).toMatchObject({ status: 'ACTIVE', failingSince: null });

    shop.world.users.delete(PARTNER);
    now = new Date(Date.now() + 6_000);
    await hooks.settle();
    expect(cursors(receiver.received)).toEqual(await cursorsOf(waiting));
  });

  test('cannot be asked about waits, and loses nothing', async () => {
    await hooks.endpoint(receiver.url, partner);
    const order = await shop.place(buyer);
    shop.world.down.add('accounts');
    await expect(hooks.run()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(receiver.received).toEqual([]);
    shop.world.down.clear();
    await hooks.settle();
    expect(cursors(receiver.received)).toEqual(await cursorsOf(order));
  });

  test('is a partner no more changes nothing of it', async () => {
    const { id } = await hooks.endpoint(receiver.url, partner);
    const before = await hooks.everything();
    for (const name of ['update', 'rotate', 'remove', 'replay'] as const) {
      const input = { id, ...(name === 'replay' && { after: toCursor(0n) }) };
      for (const role of ['CUSTOMER', 'ADMIN'] as const)
        expect(await hooks.mutate(name, input, user(role, PARTNER))).toMatchObject({ error: 'FORBIDDEN' });
    }
    expect(await hooks.everything()).toEqual(before);
  });
});

test('a receiver that does not answer keeps nobody else waiting', async () => {
  const hanging = (slow = await startReceiver());
  let letGo: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (letGo = resolve));
  hanging.answer = () => held.then(() => 204);
  await hooks.endpoint(hanging.url, other);
  await hooks.endpoint(receiver.url, partner);
  for (let count = 0; count < 6; count += 1) await shop.place(otherBuyer);
  await hooks.run();
  await shop.place(buyer);
  await hooks.run();
  expect(receiver.received).toHaveLength(2);
  expect(hanging.received).toHaveLength(0);
  const leased = await shop.services.db.rows('SELECT FROM webhook_delivery WHERE lease IS NOT NULL');
  expect(leased).toHaveLength(4);
  letGo();
  await eventually(async () => {
    await hooks.run();
    expect(hanging.received).toHaveLength(12);
  });
});

describe('who may', () => {
  test('only partners make endpoints, at most 10 each', async () => {
    const before = await hooks.everything();
    for (const [who, error] of [
      [undefined, 'UNAUTHENTICATED'],
      [user(), 'FORBIDDEN'],
      [support, 'FORBIDDEN'],
      [user('ADMIN'), 'FORBIDDEN'],
    ] as const) {
      expect(await hooks.mutate('create', { url: receiver.url }, who)).toMatchObject({ webhookEndpoint: null, error });
    }
    expect(await hooks.everything()).toEqual(before);
    const made = await Promise.all(
      Array.from({ length: 12 }, () => hooks.mutate('create', { url: receiver.url }, partner)),
    );
    expect(made.filter(({ webhookEndpoint }) => webhookEndpoint !== null)).toHaveLength(10);
    const refused = { secret: null, userErrors: [{ code: 'CONFLICT', details: { maximum: 10 } }] };
    expect(made.filter(({ webhookEndpoint }) => webhookEndpoint === null)).toMatchObject([refused, refused]);
  });

  test("somebody else's looks like none, to staff that is not admin as well; an admin reads", async () => {
    const { id } = await hooks.endpoint(receiver.url, partner);
    const after = toCursor(0n);
    const unknown = 'hook_01h455vb4pex5vsknk084sn02q';
    const before = await hooks.everything();
    for (const stranger of [user('PARTNER'), user(), support, user('ADMIN')]) {
      for (const name of ['update', 'rotate', 'remove', 'replay'] as const) {
        const answer = await hooks.mutate(name, { id, ...(name === 'replay' && { after }) }, stranger);
        expect(answer).toEqual(
          await hooks.mutate(name, { id: unknown, ...(name === 'replay' && { after }) }, stranger),
        );
        expect(answer).toMatchObject({ webhookEndpoint: null, userErrors: [{ code: 'NOT_FOUND', field: ['id'] }] });
      }
    }
    expect(await hooks.mutate('remove', { id })).toMatchObject({ error: 'UNAUTHENTICATED' });
    expect(await hooks.everything()).toEqual(before);
    for (const stranger of [user('PARTNER'), user(), support]) expect(await hooks.look(id, stranger)).toBeNull();
    expect(await hooks.look('hook_x', partner)).toBeNull();
    expect(await hooks.look(id, user('ADMIN'))).toMatchObject({ id, url: receiver.url });
    const { data } = await shop.run('{ webhookEndpoints { id } }', {}, user('PARTNER'));
    expect(data).toEqual({ webhookEndpoints: [] });
  });

  test.each([
    [{ url: 'not a url' }, 'url'],
    [{ url: 'https://10.0.0.1/' }, 'url'],
    [{ url: 'http://me:pass@127.0.0.1/' }, 'url'],
    [{ url: `https://partner.example/${'x'.repeat(2_000)}` }, 'url'],
    [{ types: [] }, 'types'],
    [{ description: 'x'.repeat(2_001) }, 'description'],
  ])('what can not be sent to is refused, made or changed: %#', async (change, field) => {
    const { id } = await hooks.endpoint(receiver.url, partner);
    const before = await hooks.everything();
    const refused = { webhookEndpoint: null, userErrors: [{ code: 'VALIDATION_ERROR', field: [field] }] };
    expect(await hooks.mutate('create', { url: receiver.url, ...change }, partner)).toMatchObject(refused);
    expect(await hooks.mutate('update', { id, ...change }, partner)).toMatchObject(refused);
    expect(await hooks.everything()).toEqual(before);
  });

  test('DISABLED is not for its owner to say; deleted, it is gone with its deliveries', async () => {
    const { id } = await hooks.endpoint(receiver.url, partner);
    expect(await hooks.mutate('update', { id, status: 'DISABLED' }, partner)).toMatchObject({
      userErrors: [{ code: 'VALIDATION_ERROR', field: ['status'] }],
    });
    await shop.place(buyer);
    await hooks.settle();
    expect((await hooks.mutate('remove', { id }, partner)).webhookEndpoint).toMatchObject({ id });
    expect(await hooks.look(id, partner)).toBeNull();
    expect(await shop.services.db.rows('SELECT FROM webhook_delivery')).toEqual([]);
  });
});

test('ten endpoints with their deliveries cost three statements, as one does', async () => {
  const statements = async (): Promise<number> => {
    const { values } = await register.getSingleMetric('souk_db_statements_total')!.get();
    return values.find(({ labels }) => labels['subgraph'] === 'orders' && labels['source'] === 'request')?.value ?? 0;
  };
  const query =
    '{ webhookEndpoints { id deliveries(first: 3) { totalCount nodes { id status } pageInfo { hasNextPage } } } }';
  for (const count of [1, 9]) {
    for (let made = 0; made < count; made += 1) await hooks.endpoint(receiver.url, partner);
    await shop.place(buyer);
    await shop.place(buyer);
    await hooks.settle();
    const before = await statements();
    const { data, errors } = await shop.run(query, {}, partner);
    expect(errors).toBeUndefined();
    const totals = (data?.['webhookEndpoints'] as { deliveries: { totalCount: number } }[]).map(
      ({ deliveries }) => deliveries.totalCount,
    );
    expect(totals).toEqual(count === 1 ? [4] : [8, 4, 4, 4, 4, 4, 4, 4, 4, 4]);
    expect((await statements()) - before).toBe(3);
  }
});

test('the migration can be taken back and applied again', async () => {
  const other = `${shop.url}_back`;
  await createDatabase(other);
  try {
    for (const direction of ['up', 'down', 'up'] as const) {
      expect(await migrate(other, [CreateWebhooks1700009000000], direction)).toEqual(['CreateWebhooks1700009000000']);
    }
  } finally {
    await dropDatabase(other);
  }
});
