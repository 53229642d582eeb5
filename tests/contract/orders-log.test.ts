/** The one log of order events: positions, cursors, live updates, and what payments tells. */
import { randomUUID } from 'node:crypto';
import type { Principal } from '../../platform/auth/principal';
import type { SubgraphResult } from '../../platform/graph/endpoint';
import { fromId, toId } from '../../platform/ids';
import { toCursor } from '../../subgraphs/orders/event-cursor';
import { withEventLog } from '../../subgraphs/orders/services';
import { describeOrder } from '../../subgraphs/orders/messages';
import { paymentChanged } from '../../subgraphs/payments/messages';
import { eventually } from '../support/eventually';
import { startOrders, user, type OrdersShop, type ShownOrder } from '../support/orders-shop';

let shop: OrdersShop;
beforeAll(async () => {
  shop = await startOrders();
});
beforeEach(() => shop.reset());
afterAll(() => shop.stop());

const ada = user();
const support = user('SUPPORT');
const process = (order: ShownOrder) => shop.mutate('startProcessing', { orderId: order.id }, support);
const cancel = (order: ShownOrder) =>
  shop.mutate('cancelOrder', { orderId: order.id, idempotencyKey: randomUUID() }, support);

describe('positions', () => {
  test('50 transitions at once: without gaps, once each, and each order in its own order', async () => {
    const orders: ShownOrder[] = [];
    for (let batch = 0; batch < 5; batch += 1) {
      orders.push(...(await Promise.all(Array.from({ length: 10 }, () => shop.place(user())))));
    }
    await Promise.all(orders.map((order, index) => (index % 2 ? process(order) : cancel(order))));
    await shop.job('orders.number-events');
    const rows = await shop.services.db.rows<{ position: string; order_id: string; sequence: number }>(
      'SELECT position, order_id, sequence FROM order_event ORDER BY position',
    );
    expect(rows.map(({ position }) => Number(position))).toEqual(Array.from({ length: 150 }, (_, index) => index + 1));
    for (const order of orders) {
      const sequences = rows
        .filter(({ order_id }) => toId('ord', order_id) === order.id)
        .map(({ sequence }) => sequence);
      expect(sequences).toEqual([1, 2, 3]);
    }
  }, 20_000);

  test('a reader that follows the log while it is written misses nothing and sees nothing late', async () => {
    const seen: number[] = [];
    let writing = true;
    const follow = async (): Promise<void> => {
      let last = 0;
      const read = async (): Promise<void> => {
        const rows = await shop.services.db.rows<{ position: string }>(
          'SELECT position FROM order_event WHERE position > $1 ORDER BY position',
          [last],
        );
        seen.push(...rows.map(({ position }) => Number(position)));
        last = seen.at(-1) ?? 0;
      };
      while (writing) await read();
      await shop.job('orders.number-events');
      await read();
    };
    const following = follow();
    for (let batch = 0; batch < 4; batch += 1) await Promise.all(Array.from({ length: 10 }, () => shop.place(user())));
    writing = false;
    await following;
    expect(seen).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
  }, 20_000);

  test('eight processes that number while it is written never give a place away twice', async () => {
    const logs = Array.from({ length: 8 }, () => withEventLog(shop.services).eventLog);
    const places = new Map<string, string>();
    const state = { writing: true };
    const watch = async (): Promise<void> => {
      const rows = await shop.services.db.rows<{ position: string; event: string }>(
        `SELECT position, order_id || ':' || sequence AS event FROM order_event WHERE position IS NOT NULL`,
      );
      for (const { position, event } of rows) {
        expect(places.get(position) ?? event).toBe(event);
        places.set(position, event);
      }
      expect(Math.max(0, ...[...places.keys()].map(Number))).toBe(places.size);
    };
    const busy = logs.map(async (log) => {
      while (state.writing) await log.number();
    });
    const watching = (async () => {
      while (state.writing) await watch();
    })();
    for (let batch = 0; batch < 6; batch += 1) {
      await Promise.all(Array.from({ length: 10 }, () => shop.place(user())));
    }
    state.writing = false;
    await Promise.all([...busy, watching]);
    await shop.job('orders.number-events');
    await watch();
    expect(places.size).toBe(120);
  }, 30_000);

  test('an event that commits late comes after those that were numbered before, never among them', async () => {
    const [early, late] = [await shop.place(ada), await shop.place(ada)];
    const runner = shop.services.db.dataSource.createQueryRunner();
    await runner.startTransaction();
    const insert = `INSERT INTO order_event (order_id, sequence, type, status, occurred_at, actor_kind)
      VALUES ($1, 3, 'PAYMENT_CHANGED', 'CONFIRMED', now(), 'SYSTEM')`;
    await runner.query(insert, [fromId('ord', early.id)]);
    await process(late);
    await shop.job('orders.number-events');
    const positions = () =>
      shop.services.db.rows<{ order_id: string; position: string | null }>(
        'SELECT order_id, position FROM order_event WHERE sequence = 3 ORDER BY insert_no',
      );
    expect(await positions()).toEqual([{ order_id: fromId('ord', late.id), position: '5' }]);
    await runner.commitTransaction();
    await runner.release();
    await shop.job('orders.number-events');
    expect((await positions()).map(({ position }) => position)).toEqual(['6', '5']);
  });
});

describe('timeline', () => {
  const TIMELINE = `query ($id: ID!, $after: String, $first: Int) {
    order(id: $id) { timeline(after: $after, first: $first) { cursor status } } }`;
  const timeline = async (variables: Record<string, unknown>) => {
    const { data, errors } = await shop.run(TIMELINE, variables, ada);
    const order = data?.['order'] as { timeline: { cursor: string; status: string }[] } | null | undefined;
    return { events: order?.timeline ?? null, error: errors?.[0]?.extensions };
  };

  test('goes on after a cursor, in pieces', async () => {
    const order = await shop.place(ada);
    await process(order);
    const whole = (await timeline({ id: order.id })).events!;
    expect(whole.map(({ status }) => status)).toEqual(['PENDING', 'CONFIRMED', 'PROCESSING']);
    expect((await timeline({ id: order.id, first: 1 })).events).toEqual(whole.slice(0, 1));
    expect((await timeline({ id: order.id, after: whole[0]!.cursor, first: 1 })).events).toEqual(whole.slice(1, 2));
    expect((await timeline({ id: order.id, after: whole[2]!.cursor })).events).toEqual([]);
  });

  test.each([
    { after: '' },
    { after: 'nonsense' },
    { after: Buffer.from('log:01').toString('base64url') },
    { after: Buffer.from('log:-1').toString('base64url') },
    { after: 'x'.repeat(100_000) },
    { first: 0 },
    { first: 101 },
  ])('refuses %j', async (bad: Record<string, unknown>) => {
    const order = await shop.place(ada);
    const { events, error } = await timeline({ id: order.id, ...bad });
    expect([events, error?.['code']]).toEqual([null, 'VALIDATION_ERROR']);
  });
});

describe('orderUpdated', () => {
  const WATCH = `subscription ($orderId: ID!, $token: String, $after: String, $types: [OrderEventType!]) {
    orderUpdated(orderId: $orderId, token: $token, after: $after, types: $types) {
      cursor kind event { cursor type status } order { id status paymentStatus shipments { id } lines { shippedQuantity } } } }`;
  interface Update {
    cursor: string;
    kind: string;
    event: { cursor: string; type: string; status: string };
    order: {
      id: string;
      status: string;
      paymentStatus: string;
      shipments: unknown[];
      lines: { shippedQuantity: number }[];
    };
  }
  const streams: AsyncIterableIterator<SubgraphResult>[] = [];
  afterEach(async () => {
    for (const stream of streams.splice(0)) await stream.return?.();
  });

  const watch = async (variables: Record<string, unknown>, by?: Principal) => {
    const opened = await shop.subscribe(WATCH, variables, by);
    if (!(Symbol.asyncIterator in opened)) return { refused: opened.errors?.[0]?.extensions['code'] };
    streams.push(opened);
    const next = async (): Promise<Update | 'over'> => {
      const step = await opened.next();
      return step.done ? 'over' : (step.value.data?.['orderUpdated'] as Update);
    };
    return { next, stop: () => opened.return?.() };
  };
  const open = async (variables: Record<string, unknown>, by: Principal = ada) => {
    const stream = await watch(variables, by);
    if (!stream.next) throw new Error('refused');
    return stream;
  };

  test('first a snapshot under the newest cursor, then every event once, with the order as it is', async () => {
    const order = await shop.place(ada);
    const { next } = await open({ orderId: order.id });
    const first = (await next()) as Update;
    expect(first).toMatchObject({
      kind: 'SNAPSHOT',
      event: { status: 'CONFIRMED' },
      order: { id: order.id, status: 'CONFIRMED' },
    });
    expect(first.cursor).toBe(first.event.cursor);
    const second = next();
    await process(order);
    expect(await second).toMatchObject({
      kind: 'EVENT',
      event: { status: 'PROCESSING' },
      order: { status: 'PROCESSING', shipments: [] },
    });
    const third = next();
    await shop.mutate(
      'shipOrder',
      { orderId: order.id, carrier: 'UPS', trackingNumber: '1', idempotencyKey: 'k' },
      support,
    );
    // What belongs to the order is as new as the order itself, though the stream is one operation.
    expect(await third).toMatchObject({
      event: { status: 'SHIPPED' },
      order: { paymentStatus: 'PAID', shipments: [{}], lines: [{ shippedQuantity: 2 }] },
    });
  });

  test('after a cursor: what was missed, once and in order, then live; no snapshot', async () => {
    const order = await shop.place(ada);
    const { next: early } = await open({ orderId: order.id });
    const { cursor } = (await early()) as Update;
    await process(order);
    await shop.mutate(
      'shipOrder',
      { orderId: order.id, carrier: 'UPS', trackingNumber: '1', idempotencyKey: 'k' },
      support,
    );
    await shop.job('orders.number-events');
    const { next } = await open({ orderId: order.id, after: cursor });
    const missed = [(await next()) as Update, (await next()) as Update];
    expect(missed.map(({ kind, event }) => `${kind} ${event.status}`)).toEqual(['EVENT PROCESSING', 'EVENT SHIPPED']);
    const live = next();
    await shop.mutate('confirmDelivery', { orderId: order.id }, support);
    expect(await live).toMatchObject({ kind: 'EVENT', event: { status: 'DELIVERED' } });
  });

  test('only of the types asked for', async () => {
    const order = await shop.place(ada);
    const { next } = await open({ orderId: order.id, types: ['PAYMENT_CHANGED'], after: toCursor(0n) });
    const update = next();
    await process(order);
    await tell(order, 'PAID', 1);
    expect(await update).toMatchObject({
      kind: 'EVENT',
      event: { type: 'PAYMENT_CHANGED' },
      order: { paymentStatus: 'PAID' },
    });
  });

  test('ends at once when it is let go of, also while it waits', async () => {
    const order = await shop.place(ada);
    const { next, stop } = await open({ orderId: order.id });
    await next();
    const waiting = next();
    const started = Date.now();
    await stop();
    expect(await waiting).toBe('over');
    expect(Date.now() - started).toBeLessThan(500);
  });

  test('a guest by token; to all others the order does not exist', async () => {
    const { token: cartToken } = shop.world.guestCart();
    const input = { cartToken, email: 'guest@souk.example', payment: { token: 'tok_visa' }, idempotencyKey: 'k' };
    const guest = (await shop.mutate('placeOrder', input)).order!;
    const mine = await watch({ orderId: guest.id, token: guest.token });
    expect(await mine.next?.()).toMatchObject({ kind: 'SNAPSHOT' });
    const order = await shop.place(ada);
    const attempts: [Record<string, unknown>, Principal | undefined][] = [
      [{ orderId: guest.id, token: 'wrong' }, undefined],
      [{ orderId: guest.id }, ada],
      [{ orderId: order.id }, undefined],
      [{ orderId: order.id }, user()],
      [{ orderId: order.id, token: guest.token }, user('PARTNER')],
      [{ orderId: toId('ord', randomUUID()) }, ada],
      [{ orderId: 'nonsense' }, ada],
    ];
    for (const [variables, by] of attempts) expect(await watch(variables, by)).toEqual({ refused: 'NOT_FOUND' });
  });

  test('a cursor that is none, or lies in the future, is refused', async () => {
    const order = await shop.place(ada);
    for (const after of ['', 'nonsense', toCursor(1_000_000n), 'x'.repeat(100)]) {
      expect(await watch({ orderId: order.id, after }, ada)).toEqual({ refused: 'VALIDATION_ERROR' });
    }
    expect(await watch({ orderId: order.id, types: [] }, ada)).toEqual({ refused: 'VALIDATION_ERROR' });
  });
});

/** Delivers payments' event, as the bus would. */
async function tell(order: ShownOrder, status: 'AUTHORIZED' | 'PAID' | 'REFUNDED', version: number, id = randomUUID()) {
  const [consumer] = shop.started.consumers;
  const payload = { orderId: fromId('ord', order.id)!, paymentId: randomUUID(), status };
  return consumer!.handle({
    ...{ id, name: paymentChanged.name, version: 1, aggregateId: payload.paymentId, aggregateVersion: version },
    ...{ time: new Date().toISOString(), cause: 'test', payload: paymentChanged.encode(payload) },
  });
}

describe('news from payments', () => {
  const money = async (order: ShownOrder) => {
    const { data } = await shop.run(
      'query ($id: ID) { order(id: $id) { paymentStatus timeline { type } } }',
      { id: order.id },
      ada,
    );
    const { paymentStatus, timeline } = data?.['order'] as { paymentStatus: string; timeline: { type: string }[] };
    return [paymentStatus, timeline.filter(({ type }) => type === 'PAYMENT_CHANGED').length];
  };

  test('what orders knows already makes no event; news does, once; what is older is dropped', async () => {
    const order = await shop.place(ada);
    await tell(order, 'AUTHORIZED', 1);
    expect(await money(order)).toEqual(['AUTHORIZED', 0]);
    const id = randomUUID();
    await Promise.all([tell(order, 'REFUNDED', 3, id), tell(order, 'REFUNDED', 3, id)]);
    expect(await money(order)).toEqual(['REFUNDED', 1]);
    await tell(order, 'PAID', 2);
    expect(await money(order)).toEqual(['REFUNDED', 1]);
    // The provider has refused that refund: the order must not claim that the money is back.
    await tell(order, 'PAID', 4);
    expect(await money(order)).toEqual(['PAID', 2]);
  });

  test('a checkout that waits for the payment goes on at once', async () => {
    const order = await shop.place(ada, { payment: { token: 'tok_slow' } });
    await shop.services.db.rows(`UPDATE checkout SET due_at = now() + interval '1 hour'`);
    shop.world.providerSlow = false;
    await shop.job('orders.sweep-checkouts');
    expect((await shop.services.db.rows('SELECT status FROM orders'))[0]).toEqual({ status: 'PENDING' });
    await tell(order, 'AUTHORIZED', 1);
    await shop.job('orders.sweep-checkouts');
    expect((await shop.services.db.rows('SELECT status FROM orders'))[0]).toEqual({ status: 'CONFIRMED' });
  });
});

test('describeOrder: for services alone, with what is personal sealed', async () => {
  const { token: cartToken } = shop.world.guestCart();
  const input = { cartToken, email: 'guest@souk.example', payment: { token: 'tok_visa' }, idempotencyKey: 'k' };
  const placed = (await shop.mutate('placeOrder', input)).order!;
  const orderId = fromId('ord', placed.id)!;
  const { order } = await shop.command(describeOrder, { orderId });
  expect(order).toMatchObject({
    ...{ orderId, number: placed.number, ownerKind: 'guest', currencyCode: 'USD', total: 2_600n },
    lines: [{ productName: 'Mug', variantName: 'Blue', sku: 'SKU-1', quantity: 2, total: 2_000n }],
  });
  expect(shop.services.sealer.open(order!.sealedEmail!)).toBe('guest@souk.example');
  expect(shop.services.sealer.open(order!.sealedToken!)).toBe(placed.token);
  expect(await shop.command(describeOrder, { orderId: randomUUID() })).toEqual({ order: null });
  await expect(shop.command(describeOrder, { orderId }, { principal: support })).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
});

test('an event whose process died before it was numbered is numbered by the job', async () => {
  const order = await shop.place(ada);
  await eventually(async () => {
    expect(await shop.services.db.rows('SELECT 1 FROM order_event WHERE position IS NULL')).toEqual([]);
  });
  await shop.services.db.rows(
    `INSERT INTO order_event (order_id, sequence, type, status, occurred_at, actor_kind)
     VALUES ($1, 3, 'PAYMENT_CHANGED', 'CONFIRMED', now(), 'SYSTEM')`,
    [fromId('ord', order.id)],
  );
  await shop.job('orders.number-events');
  expect(await shop.services.db.rows('SELECT position FROM order_event WHERE sequence = 3')).toEqual([
    { position: '3' },
  ]);
});
