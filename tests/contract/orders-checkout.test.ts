/** Placing orders: what the buyer gets, what is undone, what is finished later. Cart, catalog and payments are stand-ins. */
import { randomUUID } from 'node:crypto';
import { Fault } from '../../platform/errors';
import { fromId, toId } from '../../platform/ids';
import { startOrders, user, type Answer, type OrdersShop } from '../support/orders-shop';
import { APPROVAL_URL, APPROVE_UNTIL, QUANTITY, TOTAL } from '../support/orders-world';

let shop: OrdersShop;
beforeAll(async () => {
  shop = await startOrders();
});
beforeEach(() => shop.reset());
afterAll(() => shop.stop());

const pay = (token: string, more: Record<string, unknown> = {}) => ({
  payment: { token },
  idempotencyKey: randomUUID(),
  ...more,
});
const place = (input: Record<string, unknown>, by = user()): Promise<Answer> => shop.mutate('placeOrder', input, by);
const count = async (table: string): Promise<number> =>
  Number((await shop.services.db.rows<{ count: string }>(`SELECT count(*) FROM ${table}`))[0]?.count);
const messages = async (): Promise<string[]> =>
  (await shop.services.db.rows<{ name: string }>('SELECT name FROM outbox ORDER BY position')).map(({ name }) => name);

/** Nothing is held for anybody, and no order is to be seen. */
async function expectNothing(): Promise<void> {
  expect(shop.world.charged).toEqual([]);
  expect(shop.world.taken).toBe(0);
  expect(shop.world.claimed).toBe(0);
  expect([await count('orders'), await count('order_event'), await count('outbox')]).toEqual([0, 0, 0]);
  expect(await count('checkout WHERE done_at IS NULL')).toBe(0);
}

describe('an order that works', () => {
  test('is confirmed within the request, and its cart is spent', async () => {
    const ada = user();
    const { order, userErrors } = await place(
      pay('tok_visa', { expectedTotal: { amount: TOTAL, currencyCode: 'USD' } }),
      ada,
    );
    expect(userErrors).toEqual([]);
    expect(order).toMatchObject({ status: 'CONFIRMED', paymentStatus: 'AUTHORIZED', token: null });
    expect(order?.number).toMatch(/^[0-9A-HJKMNP-TV-Z]{10}$/);
    expect(order?.timeline).toEqual([
      { type: 'STATUS_CHANGED', status: 'PENDING', reason: null, actor: { kind: 'CUSTOMER', name: 'Ada Lovelace' } },
      { type: 'STATUS_CHANGED', status: 'CONFIRMED', reason: null, actor: { kind: 'SYSTEM', name: null } },
    ]);
    expect(await messages()).toEqual([
      'orders.orderStatusChanged',
      'orders.orderStatusChanged',
      'orders.orderConfirmed',
    ]);
    expect(shop.world.claimed).toBe(0);
    expect(shop.world.log.map((line) => line.split(' ')[0])).toEqual(['quote', 'reserve', 'authorize', 'pin', 'spend']);
    expect(await count('checkout WHERE done_at IS NOT NULL AND draft IS NULL AND quote IS NULL')).toBe(1);
  });

  test('of a guest has a token, and keeps nothing personal in clear', async () => {
    const { token: cartToken } = shop.world.guestCart();
    const input = pay('tok_visa', { cartToken, email: 'guest@souk.example', note: 'ring twice' });
    const { order } = await shop.mutate('placeOrder', input);
    expect(order).toMatchObject({ status: 'CONFIRMED', timeline: [{ actor: { kind: 'GUEST' } }, {}] });
    expect(order?.token).toHaveLength(43);
    const { data } = await shop.run(
      `query ($id: ID, $token: String) { order(id: $id, token: $token) { email note shippingAddress { name } token } }`,
      { id: order?.id, token: order?.token },
    );
    expect(data).toEqual({
      order: {
        email: 'guest@souk.example',
        note: 'ring twice',
        shippingAddress: { name: 'Ada Lovelace' },
        token: order?.token,
      },
    });
    for (const table of ['orders', 'checkout', 'idempotency', 'outbox', 'order_event']) {
      const [row] = await shop.services.db.rows<{ text: string }>(
        `SELECT string_agg(t::text, '') AS text FROM ${table} t`,
      );
      for (const secret of ['guest@souk', 'ring twice', 'Lovelace', cartToken, order?.token ?? '', 'tok_visa']) {
        expect(row?.text).not.toContain(secret);
      }
    }
  });

  test.each([
    ['tok_visa', 'CONFIRMED'],
    ['tok_slow', 'PENDING'],
  ])('is paid with a saved card; behind it %s: %s, and confirmed in the end', async (token, status) => {
    const methodId = randomUUID();
    shop.world.methods.set(methodId, token);
    const { order } = await place({ payment: { methodId: toId('pm', methodId) }, idempotencyKey: randomUUID() });
    expect(order).toMatchObject({ status });
    shop.world.providerSlow = false;
    await shop.sweep();
    const confirmed = await shop.services.db.rows<{ status: string }>('SELECT status FROM orders');
    expect(confirmed).toEqual([{ status: 'CONFIRMED' }]);
    expect(shop.world.charged).toEqual([fromId('ord', order?.id)]);
  });

  test('of a guest cart becomes the order of whoever is signed in', async () => {
    const ada = user();
    const { token: cartToken } = shop.world.guestCart();
    const { order } = await place(pay('tok_visa', { cartToken }), ada);
    const { data } = await shop.run('{ orders { nodes { id token } } }', {}, ada);
    expect(data).toEqual({ orders: { nodes: [{ id: order?.id, token: null }] } });
  });
});

describe('an order that does not', () => {
  test.each([
    [
      'declined',
      'tok_declined',
      { __typename: 'PaymentError', code: 'PAYMENT_FAILED', declineReason: 'card_declined' },
    ],
    ['an unknown token', 'tok_nonsense', { code: 'VALIDATION_ERROR', field: ['payment', 'token'] }],
  ])('%s: nothing is held, and the same key says the same', async (_, token, error) => {
    const ada = user();
    const input = pay(token);
    const first = await place(input, ada);
    expect(first).toMatchObject({ order: null, userErrors: [error] });
    expect(await place(input, ada)).toEqual(first);
    expect(shop.world.log.filter((line) => line.startsWith('authorize'))).toHaveLength(1);
    await expectNothing();
    expect((await place(pay('tok_visa'), ada)).order?.status).toBe('CONFIRMED');
  });

  test("a saved card that is not there, or not the buyer's: nothing is held, and the same key says the same", async () => {
    const ada = user();
    const input = { payment: { methodId: toId('pm', randomUUID()) }, idempotencyKey: randomUUID() };
    const first = await place(input, ada);
    expect(first).toMatchObject({
      order: null,
      userErrors: [{ __typename: 'InputError', code: 'NOT_FOUND', field: ['payment', 'methodId'] }],
    });
    expect(await place(input, ada)).toEqual(first);
    await expectNothing();
  });

  test('out of stock', async () => {
    shop.world.stock = 1;
    const answer = await place(pay('tok_visa'));
    expect(answer).toMatchObject({
      order: null,
      userErrors: [{ __typename: 'InventoryError', code: 'INSUFFICIENT_INVENTORY', sku: 'SKU-1', available: 1 }],
    });
    await expectNothing();
    expect(shop.world.money.size).toBe(0);
  });

  test('another price than expected', async () => {
    const answer = await place(pay('tok_visa', { expectedTotal: { amount: '25.99', currencyCode: 'USD' } }));
    expect(answer).toMatchObject({
      order: null,
      userErrors: [{ __typename: 'PriceChangedError', code: 'PRICE_CHANGED', currentTotal: { amount: TOTAL } }],
    });
    await expectNothing();
    expect(shop.world.reservations.size).toBe(0);
  });

  test('a promotion code that no longer applies: nothing is held, the reason is said, and again by the same key', async () => {
    const ada = user();
    shop.world.lostCode = { code: 'SUMMER', reason: 'USAGE_LIMIT' };
    const input = pay('tok_visa');
    const first = await place(input, ada);
    expect(first).toMatchObject({
      order: null,
      userErrors: [
        {
          ...{ __typename: 'PromoCodeError', code: 'VALIDATION_ERROR', reason: 'USAGE_LIMIT', field: ['cartId'] },
          details: { promoCode: 'SUMMER' },
        },
      ],
    });
    await expectNothing();
    expect(shop.world.reservations.size).toBe(0);
    shop.world.lostCode = null;
    expect(await place(input, ada)).toEqual(first);
    expect((await place(pay('tok_visa'), ada)).order?.status).toBe('CONFIRMED');
  });

  test('no address, no such cart', async () => {
    shop.world.address = false;
    expect(await place(pay('tok_visa'))).toMatchObject({
      userErrors: [{ code: 'VALIDATION_ERROR', field: ['shippingAddress'] }],
    });
    const stranger = await place(pay('tok_visa', { cartToken: 'no such token' }));
    expect(stranger).toMatchObject({ order: null, userErrors: [{ code: 'NOT_FOUND', field: ['cartToken'] }] });
    await expectNothing();
  });

  test.each([
    ['support', user('SUPPORT')],
    ['a partner in person', user('PARTNER')],
  ])('%s may not buy', async (_, principal) => {
    expect(await place(pay('tok_visa'), principal)).toMatchObject({ error: 'FORBIDDEN' });
    await expectNothing();
    expect(await count('idempotency')).toBe(0);
  });

  test('bad input of every kind names its field and changes nothing', async () => {
    const address = { name: '', line1: 'x', city: 'x', postalCode: '1', countryCode: 'ZZ' };
    const cases: [Record<string, unknown>, string[]][] = [
      [{ cartId: 'cart_1' }, ['cartId']],
      [{ cartId: `ord_${'0'.repeat(26)}` }, ['cartId']],
      [{ email: 'nobody' }, ['email']],
      [{ shippingAddress: { ...address, countryCode: 'GB' } }, ['shippingAddress', 'name']],
      [{ billingAddress: { ...address, name: 'x' } }, ['billingAddress', 'countryCode']],
      [{ shippingMethod: '' }, ['shippingMethod']],
      [{ payment: {} }, ['payment', 'token']],
      [{ payment: { token: 'tok_visa', methodId: toId('pm', randomUUID()) } }, ['payment', 'methodId']],
      [{ payment: { methodId: 'pay_1' } }, ['payment', 'methodId']],
      [{ payment: { token: 'x'.repeat(256) } }, ['payment', 'token']],
      [{ payment: { token: 'tok_visa', provider: 'acme' } }, ['payment', 'provider']],
      [{ expectedTotal: { amount: '-1', currencyCode: 'USD' } }, ['expectedTotal', 'amount']],
      [{ expectedTotal: { amount: '1', currencyCode: 'EUR' } }, ['expectedTotal', 'currencyCode']],
      [{ note: 'x'.repeat(2_001) }, ['note']],
      [{ idempotencyKey: '' }, ['idempotencyKey']],
      [{ idempotencyKey: 'x'.repeat(256) }, ['idempotencyKey']],
    ];
    for (const [more, field] of cases) {
      const { order, userErrors } = await place(pay('tok_visa', more));
      expect([order, userErrors.map(({ code, field: at }) => ({ code, at }))]).toEqual([
        null,
        [{ code: 'VALIDATION_ERROR', at: field }],
      ]);
    }
    for (const [more, code, field] of [
      [{ email: 'a@b.example' }, 'VALIDATION_ERROR', ['cartToken']],
      [{ cartToken: 'x' }, 'VALIDATION_ERROR', ['email']],
      [{ cartId: `cart_${'0'.repeat(26)}`, email: 'a@b.example' }, 'NOT_FOUND', ['cartId']],
    ] as const) {
      expect(await shop.mutate('placeOrder', pay('tok_visa', more))).toMatchObject({
        order: null,
        userErrors: [{ code, field }],
      });
    }
    await expectNothing();
    expect(shop.world.log).toEqual([]);
  });
});

describe('idempotency', () => {
  test('20 equal requests at once make one order and one payment', async () => {
    const ada = user();
    const input = pay('tok_visa');
    const answers = await Promise.all(Array.from({ length: 20 }, () => place(input, ada)));
    const ids = new Set(answers.map(({ order }) => order?.id));
    expect(ids.size).toBe(1);
    expect(answers.every(({ userErrors }) => userErrors.length === 0)).toBe(true);
    expect([await count('orders'), shop.world.charged.length, shop.world.taken]).toEqual([1, 1, QUANTITY]);
  });

  test('one key with other input is refused', async () => {
    const ada = user();
    const input = pay('tok_visa');
    await place(input, ada);
    expect(await place({ ...input, note: 'other' }, ada)).toMatchObject({
      order: null,
      userErrors: [{ code: 'DUPLICATE_REQUEST' }],
    });
    expect((await place(input, user())).order).not.toBeNull();
    expect(await count('orders')).toBe(2);
  });

  test('a guest keeps the token when the answer is asked for again', async () => {
    const { token: cartToken } = shop.world.guestCart();
    const input = pay('tok_visa', { cartToken, email: 'guest@souk.example' });
    const first = await shop.mutate('placeOrder', input);
    expect(await shop.mutate('placeOrder', input)).toEqual(first);
  });

  test('50 buyers for 10: exactly 10 orders, and nobody else is charged', async () => {
    shop.world.stock = 10 * QUANTITY;
    const answers = await Promise.all(Array.from({ length: 50 }, () => place(pay('tok_visa'))));
    expect(answers.filter(({ order }) => order?.status === 'CONFIRMED')).toHaveLength(10);
    expect(answers.filter(({ userErrors }) => userErrors[0]?.code === 'INSUFFICIENT_INVENTORY')).toHaveLength(40);
    expect([shop.world.charged.length, shop.world.taken, shop.world.claimed]).toEqual([10, 10 * QUANTITY, 0]);
  }, 20_000);
});

describe('a service that is down', () => {
  test.each(['cart', 'catalog'])(
    '%s: SERVICE_UNAVAILABLE, everything undone, the same key works later',
    async (service) => {
      const ada = user();
      const input = pay('tok_visa');
      shop.world.down.add(service);
      expect(await place(input, ada)).toMatchObject({ order: null, error: 'SERVICE_UNAVAILABLE' });
      expect(await place(input, ada)).toMatchObject({ error: 'SERVICE_UNAVAILABLE' });
      shop.world.down.clear();
      await shop.sweep();
      await expectNothing();
      expect((await place(input, ada)).order?.status).toBe('CONFIRMED');
      expect(shop.world.charged).toHaveLength(1);
    },
  );

  test('payments: the order is PENDING, its cart is spent, and it is confirmed when payments is back', async () => {
    const ada = user();
    shop.world.down.add('payments');
    const input = pay('tok_visa');
    const { order } = await place(input, ada);
    expect(order).toMatchObject({ status: 'PENDING', paymentStatus: 'PENDING' });
    expect([shop.world.claimed, shop.world.charged.length]).toEqual([0, 0]);
    await shop.sweep();
    expect((await place(input, ada)).order?.status).toBe('PENDING');
    shop.world.down.clear();
    await shop.sweep();
    const again = await place(input, ada);
    expect(again.order).toMatchObject({ id: order?.id, status: 'CONFIRMED', paymentStatus: 'AUTHORIZED' });
    expect(shop.world.charged).toEqual([fromId('ord', order?.id)]);
  });

  test('a provider that answers too late: PENDING within the time, then confirmed', async () => {
    shop.world.before = async (name, { deadlineMs = 0 }) => {
      if (name === 'authorize') await new Promise((resolve) => setTimeout(resolve, deadlineMs));
    };
    shop.world.down.add('payments');
    const started = Date.now();
    const { order } = await place(pay('tok_visa'));
    expect(Date.now() - started).toBeLessThan(3_000);
    expect(order?.status).toBe('PENDING');
    shop.world.before = () => undefined;
    shop.world.down.clear();
    await shop.sweep();
    expect(await shop.services.db.rows('SELECT status FROM orders')).toEqual([{ status: 'CONFIRMED' }]);
  });

  test.each(['pin', 'spend'])('no answer to %s: the sweeper finishes', async (step) => {
    shop.world.before = (name) => {
      if (name === step) throw new Error('no answer');
    };
    const { order } = await place(pay('tok_visa'));
    expect(order?.status).toBe(step === 'pin' ? 'PENDING' : 'CONFIRMED');
    shop.world.before = () => undefined;
    await shop.sweep();
    expect(await shop.services.db.rows('SELECT status FROM orders')).toEqual([{ status: 'CONFIRMED' }]);
    expect([shop.world.claimed, await count('checkout WHERE done_at IS NULL')]).toEqual([0, 0]);
  });
});

describe('a payment in doubt', () => {
  test('that is declined at last: CANCELLED, for its reason, stock given back', async () => {
    const ada = user();
    const input = pay('tok_late_decline');
    expect((await place(input, ada)).order?.status).toBe('PENDING');
    await shop.sweep();
    const { order } = await place(input, ada);
    expect(order).toMatchObject({ status: 'CANCELLED', paymentStatus: 'FAILED' });
    expect(order?.timeline[1]).toEqual({
      type: 'STATUS_CHANGED',
      status: 'CANCELLED',
      reason: 'The payment was declined.',
      actor: { kind: 'SYSTEM', name: null },
    });
    expect([shop.world.taken, shop.world.charged.length]).toEqual([0, 0]);
  });

  test('past its reservation: reserves again before it goes on', async () => {
    const { order } = await place(pay('tok_slow'));
    expect(order?.status).toBe('PENDING');
    shop.world.lapse();
    await shop.services.db.rows(`UPDATE checkout SET reserved_until = now() - interval '1 s'`);
    shop.world.providerSlow = false;
    await shop.sweep();
    expect(await shop.services.db.rows('SELECT status FROM orders')).toEqual([{ status: 'CONFIRMED' }]);
    const steps = shop.world.log.map((line) => line.split(' ')[0]);
    expect(steps).toEqual(['quote', 'reserve', 'authorize', 'spend', 'reserve', 'authorize', 'pin']);
  });

  test('past its reservation, and the stock has gone: CANCELLED, and the money is let go', async () => {
    await place(pay('tok_slow'));
    shop.world.lapse();
    shop.world.stock = 0;
    await shop.services.db.rows(`UPDATE checkout SET reserved_until = now() - interval '1 s'`);
    await shop.sweep();
    expect(await shop.services.db.rows('SELECT status FROM orders')).toEqual([{ status: 'CANCELLED' }]);
    expect([...shop.world.money.values()]).toEqual(['reversed']);
    expect(await count('checkout WHERE done_at IS NULL')).toBe(0);
  });

  test('pinned, but the answer was lost, and past its reservation: the order is CONFIRMED', async () => {
    shop.world.after = (name) => {
      if (name !== 'pin') return;
      shop.world.after = () => undefined;
      throw new Fault('SERVICE_UNAVAILABLE');
    };
    const { order } = await place(pay('tok_visa'));
    expect(order?.status).toBe('PENDING');
    await shop.services.db.rows(`UPDATE checkout SET reserved_until = now() - interval '1 s'`);
    await shop.sweep();
    expect(await shop.services.db.rows('SELECT status FROM orders')).toEqual([{ status: 'CONFIRMED' }]);
    expect(shop.world.taken).toBe(2);
  });

  test('a reservation that lapses unseen is found when it is pinned', async () => {
    shop.world.before = (name) => {
      if (name !== 'pin') return;
      shop.world.lapse();
      shop.world.before = () => undefined;
    };
    const { order } = await place(pay('tok_visa'));
    expect(order?.status).toBe('CONFIRMED');
    expect(shop.world.log.filter((line) => line.startsWith('reserve'))).toHaveLength(2);
  });
});

describe('a payment that waits for its buyer', () => {
  const action = { url: APPROVAL_URL, expiresAt: APPROVE_UNTIL };
  const status = async () => (await shop.services.db.rows('SELECT status, payment_status FROM orders'))[0];

  test('the order is PENDING and says where to go, to its buyer alone, and keeps that sealed', async () => {
    const ada = user();
    const input = pay('tok_3ds');
    const { order, userErrors } = await place(input, ada);
    expect(userErrors).toEqual([]);
    expect(order).toMatchObject({ status: 'PENDING', paymentStatus: 'PENDING', nextAction: action });
    await shop.sweep();
    expect((await place(input, ada)).order).toEqual(order);
    expect([shop.world.claimed, shop.world.taken, shop.world.charged]).toEqual([0, QUANTITY, []]);
    const look = async (by: ReturnType<typeof user>) =>
      (await shop.run('query ($id: ID) { order(id: $id) { nextAction { url } } }', { id: order?.id }, by)).data;
    expect(await look(ada)).toEqual({ order: { nextAction: { url: APPROVAL_URL } } });
    expect(await look(user('SUPPORT'))).toEqual({ order: { nextAction: null } });
    expect(await look(user())).toEqual({ order: null });
    for (const table of ['orders', 'checkout', 'outbox', 'order_event']) {
      const [row] = await shop.services.db.rows<{ text: string | null }>(
        `SELECT string_agg(t::text, '') AS text FROM ${table} t`,
      );
      expect(row?.text).not.toContain('bank.example');
    }
  });

  test('a guest sees it with the token of the order', async () => {
    const { token: cartToken } = shop.world.guestCart();
    const { order } = await shop.mutate('placeOrder', pay('tok_3ds', { cartToken, email: 'guest@souk.example' }));
    expect(order?.nextAction).toEqual(action);
    const look = async (token: string | null | undefined) =>
      (
        await shop.run('query ($id: ID, $token: String) { order(id: $id, token: $token) { nextAction { url } } }', {
          ...{ id: order?.id, token },
        })
      ).data;
    expect(await look(order?.token)).toEqual({ order: { nextAction: { url: APPROVAL_URL } } });
    expect(await look(null)).toEqual({ order: null });
  });

  test.each([
    ['approve', { status: 'CONFIRMED', payment_status: 'AUTHORIZED' }, QUANTITY, null],
    ['decline', { status: 'CANCELLED', payment_status: 'FAILED' }, 0, 'The payment was declined.'],
    ['too late', { status: 'CANCELLED', payment_status: 'FAILED' }, 0, 'The payment was not approved in time.'],
  ] as const)('%s: it goes on by itself', async (buyers, expected, taken, reason) => {
    const ada = user();
    const input = pay('tok_3ds');
    await place(input, ada);
    shop.world.buyers = buyers;
    await shop.sweep();
    expect(await status()).toEqual(expected);
    const { order } = await place(input, ada);
    expect([order?.nextAction, order?.timeline.at(-1)?.reason]).toEqual([null, reason]);
    expect([shop.world.taken, shop.world.claimed, await count('checkout WHERE done_at IS NULL')]).toEqual([
      taken,
      0,
      0,
    ]);
  });

  test('that was in doubt first: the order tells when it learns where to go', async () => {
    const ada = user();
    const input = pay('tok_3ds');
    shop.world.down.add('payments');
    expect((await place(input, ada)).order?.nextAction).toBeNull();
    shop.world.down.clear();
    await shop.sweep();
    await shop.sweep();
    const { order } = await place(input, ada);
    expect(order).toMatchObject({ status: 'PENDING', nextAction: action });
    expect(order?.timeline.map(({ type }) => type)).toEqual(['STATUS_CHANGED', 'PAYMENT_CHANGED']);
    shop.world.buyers = 'approve';
    await shop.sweep();
    expect(await status()).toEqual({ status: 'CONFIRMED', payment_status: 'AUTHORIZED' });
  });

  test('longer than its reservation: stock is reserved again; gone: CANCELLED, and nobody waits any more', async () => {
    for (const [stock, expected] of [
      [1_000_000, 'PENDING'],
      [0, 'CANCELLED'],
    ] as const) {
      await shop.reset();
      await place(pay('tok_3ds'));
      shop.world.lapse();
      shop.world.stock = stock;
      await shop.services.db.rows(`UPDATE checkout SET reserved_until = now() - interval '1 s'`);
      await shop.sweep();
      expect(await status()).toMatchObject({ status: expected });
      expect([...shop.world.money.values()]).toEqual([stock > 0 ? 'waiting' : 'reversed']);
    }
  });

  test('can be cancelled while it waits', async () => {
    const ada = user();
    const { order } = await place(pay('tok_3ds'), ada);
    const cancelled = await shop.mutate('cancelOrder', { orderId: order?.id, idempotencyKey: randomUUID() }, ada);
    expect(cancelled.order).toMatchObject({ status: 'CANCELLED', nextAction: null });
    shop.world.buyers = 'approve';
    await shop.sweep();
    expect(await status()).toMatchObject({ status: 'CANCELLED' });
    expect([[...shop.world.money.values()], shop.world.taken]).toEqual([['reversed'], 0]);
  });
});
