/** Cancelling, shipping, delivering: who may, when, and what comes of it. */
import { randomUUID } from 'node:crypto';
import type { Principal } from '../../platform/auth/principal';
import { toId } from '../../platform/ids';
import {
  startOrders,
  user,
  type Answer,
  type MUTATION,
  type OrdersShop,
  type ShownOrder,
} from '../support/orders-shop';

let now = new Date();
let shop: OrdersShop;
beforeAll(async () => {
  shop = await startOrders({ clock: { now: () => now } });
});
beforeEach(async () => {
  now = new Date();
  await shop.reset();
});
afterAll(() => shop.stop());

const ada = user();
const support = user('SUPPORT');
const admin = user('ADMIN');
const key = (): string => randomUUID();

const cancel = (order: ShownOrder, by: Principal | undefined, more: Record<string, unknown> = {}): Promise<Answer> =>
  shop.mutate('cancelOrder', { orderId: order.id, idempotencyKey: key(), ...more }, by);
const process = (order: ShownOrder): Promise<Answer> => shop.mutate('startProcessing', { orderId: order.id }, support);
const ship = (order: ShownOrder, more: Record<string, unknown> = {}, by: Principal = support): Promise<Answer> =>
  shop.mutate(
    'shipOrder',
    { orderId: order.id, carrier: 'DHL', trackingNumber: 'A 1', idempotencyKey: key(), ...more },
    by,
  );
const deliver = (order: ShownOrder, shipmentId?: string): Promise<Answer> =>
  shop.mutate('confirmDelivery', { orderId: order.id, shipmentId }, support);
const processing = async (): Promise<ShownOrder> => {
  const order = await shop.place(ada);
  await process(order);
  return order;
};
const audits = async (): Promise<unknown[]> =>
  shop.services.db.rows(
    `SELECT payload->>'action' AS action, payload->>'target' AS target FROM outbox WHERE name = 'audit.recorded' ORDER BY position`,
  );

test('who works for the shop is named to those who do, to themselves, and to nobody else', async () => {
  const order = await shop.place(ada);
  await process(order);
  const [sealedFirstName, sealedLastName] = ['Samir', 'Haddad'].map((name) => shop.services.sealer.seal(name));
  shop.world.users.set(support.id, { role: 'SUPPORT', suspended: false, sealedFirstName, sealedLastName });
  const named = async (by: Principal): Promise<unknown> => {
    const query = 'query ($id: ID!) { order(id: $id) { timeline { actor { kind name } } } }';
    const { data } = await shop.run(query, { id: order.id }, by);
    return (data?.['order'] as { timeline: { actor: unknown }[] } | null)?.timeline.at(-1)?.actor;
  };
  const [known, unknown] = ['Samir Haddad', null].map((name) => ({ kind: 'SUPPORT', name }));
  expect([await named(support), await named(admin), await named(ada)]).toEqual([known, known, unknown]);
  shop.world.down.add('accounts');
  expect(await named(admin)).toEqual(unknown);
});

describe('cancelOrder', () => {
  test('its buyer, within 24 hours: stock and money go back, and the same key says the same', async () => {
    const order = await shop.place(ada);
    expect(order.cancellableUntil).toBe(new Date(now.getTime() + 86_400_000).toISOString());
    const input = { orderId: order.id, idempotencyKey: key(), reason: 'changed my mind' };
    const first = await shop.mutate('cancelOrder', input, ada);
    expect(first.order).toMatchObject({ status: 'CANCELLED', cancellableUntil: null });
    expect(first.order?.timeline.at(-1)).toEqual({
      type: 'STATUS_CHANGED',
      status: 'CANCELLED',
      reason: 'changed my mind',
      actor: { kind: 'CUSTOMER', name: 'Ada Lovelace' },
    });
    expect(await shop.mutate('cancelOrder', input, ada)).toEqual(first);
    expect([shop.world.taken, [...shop.world.money.values()]]).toEqual([0, ['reversed']]);
    expect(shop.world.log.filter((line) => line.startsWith('reverse'))).toHaveLength(1);
    expect(await cancel(order, ada)).toMatchObject({
      order: null,
      userErrors: [{ code: 'CONFLICT', details: { retryable: false } }],
    });
  });

  test('payments is down: CANCELLED at once, the money is given back later', async () => {
    const order = await shop.place(ada);
    shop.world.down.add('payments');
    expect((await cancel(order, ada)).order?.status).toBe('CANCELLED');
    expect([shop.world.taken, shop.world.charged.length]).toEqual([0, 1]);
    shop.world.down.clear();
    await shop.sweep();
    expect(shop.world.charged).toEqual([]);
  });

  test('a PENDING order: whatever its payment does then, it is undone', async () => {
    const order = await shop.place(ada, { payment: { token: 'tok_slow' } });
    expect(order.status).toBe('PENDING');
    expect((await cancel(order, ada)).order?.status).toBe('CANCELLED');
    shop.world.providerSlow = false;
    await shop.sweep();
    expect([shop.world.taken, [...shop.world.money.values()]]).toEqual([0, ['reversed']]);
    expect(await shop.services.db.rows('SELECT status FROM orders')).toEqual([{ status: 'CANCELLED' }]);
  });

  test('after 24 hours only staff', async () => {
    const order = await shop.place(ada);
    now = new Date(now.getTime() + 86_400_000);
    const before = await shop.everything();
    expect(await cancel(order, ada)).toMatchObject({
      order: null,
      userErrors: [{ code: 'CONFLICT', field: ['orderId'] }],
    });
    expect(await shop.everything()).toEqual(before);
    expect((await cancel(order, admin)).order?.status).toBe('CANCELLED');
    expect(await audits()).toEqual([{ action: 'cancelOrder', target: order.id }]);
  });

  test('a guest by token', async () => {
    const { token: cartToken } = shop.world.guestCart();
    const order = await shop.mutate('placeOrder', {
      ...{ cartToken, email: 'guest@souk.example', payment: { token: 'tok_visa' }, idempotencyKey: key() },
    });
    const placed = order.order!;
    const before = await shop.everything();
    for (const token of [undefined, 'wrong']) {
      expect(await cancel(placed, undefined, { token })).toMatchObject({
        order: null,
        userErrors: [{ code: 'NOT_FOUND' }],
      });
    }
    expect(await shop.everything()).toEqual(before);
    expect((await cancel(placed, undefined, { token: placed.token })).order?.status).toBe('CANCELLED');
  });

  test('not once a part has left', async () => {
    const order = await processing();
    await ship(order, { lines: [{ lineId: order.lines[0]!.id, quantity: 1 }] });
    const before = await shop.everything();
    for (const by of [ada, support])
      expect(await cancel(order, by)).toMatchObject({ userErrors: [{ code: 'CONFLICT' }] });
    expect(await shop.everything()).toEqual(before);
  });
});

describe('shipping', () => {
  test('in two parcels: captured once, SHIPPED with the last unit, DELIVERED with the last parcel', async () => {
    const order = await processing();
    const lineId = order.lines[0]!.id;
    const first = (await ship(order, { lines: [{ lineId, quantity: 1 }] })).order!;
    expect(first).toMatchObject({ status: 'PROCESSING', paymentStatus: 'PAID', lines: [{ shippedQuantity: 1 }] });
    expect(first.shipments).toEqual([
      {
        id: expect.stringMatching(/^shp_/) as string,
        trackingUrl: 'https://www.dhl.com/en/express/tracking.html?AWB=A%201',
        deliveredAt: null,
        lines: [{ quantity: 1, line: { id: lineId } }],
      },
    ]);
    const early = (await deliver(order, first.shipments[0]!.id)).order!;
    expect(early).toMatchObject({ status: 'PROCESSING', shipments: [{ deliveredAt: now.toISOString() }] });
    const second = (await ship(order)).order!;
    expect(second).toMatchObject({
      status: 'SHIPPED',
      lines: [{ shippedQuantity: 2 }],
      shipments: [{}, { deliveredAt: null }],
    });
    expect(shop.world.log.filter((line) => line.startsWith('capture'))).toHaveLength(1);
    const done = (await deliver(order)).order!;
    expect(done.status).toBe('DELIVERED');
    expect(done.timeline.map(({ type, status, actor }) => `${type} ${status} ${actor.kind}`)).toEqual([
      'STATUS_CHANGED PENDING CUSTOMER',
      'STATUS_CHANGED CONFIRMED SYSTEM',
      'STATUS_CHANGED PROCESSING SUPPORT',
      'SHIPMENT_CHANGED PROCESSING SUPPORT',
      'SHIPMENT_CHANGED PROCESSING SUPPORT',
      'STATUS_CHANGED SHIPPED SUPPORT',
      'STATUS_CHANGED DELIVERED SUPPORT',
    ]);
    const actions = ['startProcessing', 'shipOrder', 'confirmDelivery', 'shipOrder', 'confirmDelivery'];
    expect(await audits()).toEqual(actions.map((action) => ({ action, target: order.id })));
    expect(await deliver(order)).toMatchObject({ order: null, userErrors: [{ code: 'CONFLICT' }] });
    expect(await deliver(order, first.shipments[0]!.id)).toMatchObject({
      userErrors: [{ code: 'CONFLICT', field: ['shipmentId'] }],
    });
  });

  test('the same key ships once, also at once', async () => {
    const order = await processing();
    const lines = [{ lineId: order.lines[0]!.id, quantity: 1 }];
    const idempotencyKey = key();
    const answers = await Promise.all(Array.from({ length: 5 }, () => ship(order, { lines, idempotencyKey })));
    expect(answers.map(({ order: shown }) => shown?.lines[0]?.shippedQuantity)).toEqual([1, 1, 1, 1, 1]);
    expect(await ship(order, { lines, idempotencyKey, carrier: 'UPS' })).toMatchObject({
      userErrors: [{ code: 'DUPLICATE_REQUEST' }],
    });
    expect((await shop.services.db.rows('SELECT 1 FROM shipment')).length).toBe(1);
  });

  test('two parcels at once never ship more than there is', async () => {
    const order = await processing();
    const lines = [{ lineId: order.lines[0]!.id, quantity: 2 }];
    const answers = await Promise.all([ship(order, { lines }), ship(order, { lines })]);
    expect(answers.filter((answer) => answer.order?.status === 'SHIPPED')).toHaveLength(1);
    expect(answers.flatMap(({ userErrors }) => userErrors.map(({ code }) => code))).toEqual(['CONFLICT']);
  });

  test('a failed capture: nothing ships, and it can still be cancelled', async () => {
    const order = await processing();
    shop.world.captureFails = true;
    const input = { idempotencyKey: key() };
    const before = await shop.everything();
    const refused = await ship(order, input);
    expect(refused).toMatchObject({
      order: null,
      userErrors: [{ __typename: 'PaymentError', code: 'PAYMENT_FAILED', declineReason: 'capture_refused' }],
    });
    expect(await shop.everything()).toEqual(before);
    shop.world.captureFails = false;
    expect(await ship(order, input)).toEqual(refused);
    expect((await cancel(order, ada)).order?.status).toBe('CANCELLED');
  });

  test('payments is down: SERVICE_UNAVAILABLE, and the same key ships later', async () => {
    const order = await processing();
    shop.world.down.add('payments');
    const input = { idempotencyKey: key() };
    expect(await ship(order, input)).toMatchObject({ order: null, error: 'SERVICE_UNAVAILABLE' });
    // Nobody knows whether the money was taken: until that is known it can not be cancelled.
    expect(await cancel(order, ada)).toMatchObject({
      userErrors: [{ code: 'CONFLICT', details: { retryable: true } }],
    });
    shop.world.down.clear();
    expect((await ship(order, input)).order?.status).toBe('SHIPPED');
  });

  test('bad input: the documented error, and nothing changes', async () => {
    const order = await processing();
    const other = await processing();
    const lineId = order.lines[0]!.id;
    const before = await shop.everything();
    const cases: [Record<string, unknown>, string, string[]][] = [
      [{ orderId: 'ord_1' }, 'VALIDATION_ERROR', ['orderId']],
      [{ orderId: toId('ord', randomUUID()) }, 'NOT_FOUND', ['orderId']],
      [{ carrier: '' }, 'VALIDATION_ERROR', ['carrier']],
      [{ trackingNumber: 'x'.repeat(201) }, 'VALIDATION_ERROR', ['trackingNumber']],
      [{ lines: [] }, 'VALIDATION_ERROR', ['lines']],
      [{ lines: [{ lineId, quantity: 0 }] }, 'VALIDATION_ERROR', ['lines', '0', 'quantity']],
      [{ lines: [{ lineId, quantity: -1 }] }, 'VALIDATION_ERROR', ['lines', '0', 'quantity']],
      [{ lines: [{ lineId, quantity: 3 }] }, 'VALIDATION_ERROR', ['lines', '0', 'quantity']],
      [
        {
          lines: [
            { lineId, quantity: 1 },
            { lineId, quantity: 1 },
          ],
        },
        'VALIDATION_ERROR',
        ['lines', '1', 'lineId'],
      ],
      [{ lines: [{ lineId: other.lines[0]!.id, quantity: 1 }] }, 'NOT_FOUND', ['lines', '0', 'lineId']],
      [{ lines: [{ lineId: order.id, quantity: 1 }] }, 'VALIDATION_ERROR', ['lines', '0', 'lineId']],
    ];
    for (const [more, code, field] of cases) {
      expect(await ship(order, more)).toMatchObject({ order: null, userErrors: [{ code, field }] });
    }
    expect(await ship(order, { lines: [{ lineId, quantity: 3 }] })).toMatchObject({
      userErrors: [{ details: { maximum: 2 } }],
    });
    expect(await deliver(order, toId('shp', randomUUID()))).toMatchObject({
      userErrors: [{ code: 'NOT_FOUND', field: ['shipmentId'] }],
    });
    expect(await deliver(order)).toMatchObject({ userErrors: [{ code: 'CONFLICT', field: ['orderId'] }] });
    expect(await process(order)).toMatchObject({ userErrors: [{ code: 'CONFLICT', field: ['orderId'] }] });
    expect(await shop.everything()).toEqual(before);
    expect(shop.world.log.filter((line) => line.startsWith('capture'))).toEqual([]);
  });

  test('only what is being processed is shipped', async () => {
    const order = await shop.place(ada);
    expect(await ship(order)).toMatchObject({ order: null, userErrors: [{ code: 'CONFLICT', field: ['orderId'] }] });
    expect(shop.world.log.filter((line) => line.startsWith('capture'))).toEqual([]);
  });
});

describe('who may do what', () => {
  const mutations: [keyof typeof MUTATION, (order: ShownOrder) => Record<string, unknown>][] = [
    ['startProcessing', ({ id }) => ({ orderId: id })],
    ['shipOrder', ({ id }) => ({ orderId: id, carrier: 'UPS', trackingNumber: '1', idempotencyKey: key() })],
    ['confirmDelivery', ({ id }) => ({ orderId: id })],
  ];
  test.each([
    ['nobody', undefined, 'UNAUTHENTICATED'],
    ['its buyer', ada, 'FORBIDDEN'],
    ['a partner', user('PARTNER'), 'FORBIDDEN'],
  ] as const)('%s moves no status', async (_, by, code) => {
    const order = await shop.place(ada);
    const before = await shop.everything();
    for (const [name, input] of mutations)
      expect(await shop.mutate(name, input(order), by)).toMatchObject({ order: null, error: code });
    expect(await shop.everything()).toEqual(before);
  });

  test.each([
    ['nobody', undefined],
    ['a stranger', user()],
    ['a partner', user('PARTNER')],
  ] as const)('to %s an order of others does not exist', async (_, by) => {
    const order = await shop.place(ada);
    const before = await shop.everything();
    const unknown = toId('ord', randomUUID());
    const [theirs, none] = [await cancel(order, by), await cancel({ ...order, id: unknown }, by)];
    expect(theirs).toEqual(none);
    expect(theirs).toMatchObject({ order: null, userErrors: [{ code: 'NOT_FOUND', field: ['orderId'] }] });
    const query = 'query ($id: ID, $number: String) { order(id: $id, number: $number) { id } }';
    for (const variables of [
      { id: order.id },
      { number: order.number },
      { id: unknown },
      { id: 'nonsense' },
      { id: 'x'.repeat(5_000) },
      { number: 'x'.repeat(5_000) },
      { id: order.lines[0]!.id },
    ]) {
      expect(await shop.run(query, variables, by)).toEqual({ data: { order: null } });
    }
    expect(await shop.everything()).toEqual(before);
  });

  test('owner and staff see it, by id and by number', async () => {
    const order = await shop.place(ada);
    for (const by of [ada, support, admin]) {
      const { data } = await shop.run(
        'query ($id: ID, $number: String) { a: order(id: $id) { id customer { id } token email } b: order(number: $number) { id } }',
        { id: order.id, number: order.number.toLowerCase() },
        by,
      );
      const customer = { id: toId('user', ada.id) };
      expect(data).toEqual({ a: { id: order.id, customer, token: null, email: null }, b: { id: order.id } });
    }
  });
});
