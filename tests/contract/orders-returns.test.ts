/** Returns: who may ask, what is decided, and that money and stock go back once, whatever fails on the way. */
import { randomUUID } from 'node:crypto';
import type { Principal } from '../../platform/auth/principal';
import { fromId, toId } from '../../platform/ids';
import {
  startOrders,
  user,
  type Answer,
  type OrdersShop,
  type ShownOrder,
  type ShownReturn,
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
const key = (): string => randomUUID();
const DAY_MS = 86_400_000;

const ship = (order: ShownOrder): Promise<Answer> =>
  shop.mutate(
    'shipOrder',
    { orderId: order.id, carrier: 'DHL', trackingNumber: 'A 1', idempotencyKey: key() },
    support,
  );
const deliver = (order: ShownOrder): Promise<Answer> => shop.mutate('confirmDelivery', { orderId: order.id }, support);
const fulfil = async (order: ShownOrder): Promise<ShownOrder> => {
  await shop.mutate('startProcessing', { orderId: order.id }, support);
  await ship(order);
  return { ...(await deliver(order)).order!, token: order.token };
};
/** An order of two units, paid 26.00 of which 5.00 for shipping, that is with its buyer. */
const delivered = async (): Promise<ShownOrder> => fulfil(await shop.place(ada));
const request = (order: ShownOrder, more: Record<string, unknown> = {}, by: Principal = ada) =>
  shop.mutate('requestReturn', { orderId: order.id, idempotencyKey: key(), ...more }, by);
const accept = (returnId: string, more: Record<string, unknown> = {}, by: Principal = support) =>
  shop.mutate('acceptReturn', { returnId, idempotencyKey: key(), ...more }, by);
const reject = (returnId: string, reason?: string, by: Principal = support) =>
  shop.mutate('rejectReturn', { returnId, reason }, by);
const requested = async (order: ShownOrder, quantity?: number): Promise<ShownReturn> =>
  (await request(order, quantity ? { lines: [{ lineId: order.lines[0]!.id, quantity }] } : {})).return!;
const usd = (amount: string) => ({ amount, currencyCode: 'USD' });
/** Runs the job as if all that is owed were due. */
const sweep = async (): Promise<void> => {
  await shop.services.db.rows(`UPDATE order_return SET due_at = now() - interval '1 second'`);
  await shop.job('orders.sweep-returns');
};
const events = (answer: Answer): string[] =>
  answer.order!.timeline.slice(5).map(({ type, status, actor }) => `${type} ${status} ${actor.kind}`);
const sent = (name: string): number => shop.world.log.filter((line) => line.startsWith(`${name} `)).length;

describe('a return', () => {
  test('of one unit, then of the rest: money and stock go back for each, and the order is RETURNED with the last', async () => {
    const order = await delivered();
    expect(order.returnableUntil).toBe(new Date(now.getTime() + 30 * DAY_MS).toISOString());
    const lineId = order.lines[0]!.id;
    const asked = await request(order, { lines: [{ lineId, quantity: 1 }], reason: 'too blue' });
    expect(asked.userErrors).toEqual([]);
    const first = asked.return!;
    expect(first).toEqual({
      ...{
        id: expect.stringMatching(/^ret_/) as string,
        status: 'REQUESTED',
        reason: 'too blue',
        rejectionReason: null,
      },
      ...{ refundAmount: null, refundStatus: null, requestedAt: now.toISOString(), decidedAt: null },
      lines: [{ quantity: 1, line: { id: lineId } }],
    });
    expect(asked.order).toMatchObject({
      status: 'DELIVERED',
      lines: [{ returnedQuantity: 0 }],
      returns: [{ id: first.id }],
    });
    expect(asked.order!.timeline.at(-1)).toEqual({
      ...{ type: 'RETURN_CHANGED', status: 'DELIVERED', reason: 'too blue' },
      actor: { kind: 'CUSTOMER', name: 'Ada Lovelace' },
    });
    expect([sent('refund'), sent('restock')]).toEqual([0, 0]);

    const accepted = await accept(first.id);
    expect(accepted.return).toMatchObject({
      ...{ id: first.id, status: 'ACCEPTED', decidedAt: now.toISOString() },
      ...{ refundAmount: { amount: '10.50' }, refundStatus: 'SUCCEEDED' },
    });
    expect(accepted.order).toMatchObject({ status: 'DELIVERED', lines: [{ returnedQuantity: 1 }] });
    expect(shop.world.refunds).toEqual(new Map([[fromId('ret', first.id), 1_050n]]));
    expect(shop.world.restocked).toEqual(new Map([[fromId('ret', first.id), 1]]));

    const second = await requested(order);
    expect(second.lines).toEqual([{ quantity: 1, line: { id: lineId } }]);
    const done = await accept(second.id);
    expect(done.order).toMatchObject({ status: 'RETURNED', returnableUntil: null, lines: [{ returnedQuantity: 2 }] });
    // Together exactly what the line has cost with its tax: shipping is not given back.
    expect([...shop.world.refunds.values()]).toEqual([1_050n, 1_050n]);
    expect(events(done)).toEqual([
      'RETURN_CHANGED DELIVERED CUSTOMER',
      'RETURN_CHANGED DELIVERED SUPPORT',
      'RETURN_CHANGED DELIVERED CUSTOMER',
      'STATUS_CHANGED RETURNED SUPPORT',
    ]);
    const audits = await shop.services.db.rows<{ action: string }>(
      `SELECT payload->>'action' AS action FROM outbox WHERE name = 'audit.recorded' ORDER BY position`,
    );
    expect(audits.slice(3).map(({ action }) => action)).toEqual(['acceptReturn', 'acceptReturn']);
    expect(await request(order)).toMatchObject({ return: null, order: null, userErrors: [{ code: 'CONFLICT' }] });
  });

  test('what people wrote is sealed where it is kept', async () => {
    const order = await delivered();
    const { id } = (await request(order, { reason: 'Ada is ill' })).return!;
    expect((await reject(id, 'Ada has worn it')).return).toMatchObject({
      ...{ status: 'REJECTED', reason: 'Ada is ill', rejectionReason: 'Ada has worn it' },
    });
    expect(await shop.services.db.rows('SELECT reason, rejection_reason FROM order_return')).toEqual([
      { reason: expect.stringMatching(/^v1\./) as string, rejection_reason: expect.stringMatching(/^v1\./) as string },
    ]);
  });

  test('that is rejected gives nothing back, and its units can be asked for again', async () => {
    const order = await delivered();
    const { id } = await requested(order);
    expect(await request(order)).toMatchObject({
      return: null,
      userErrors: [{ code: 'CONFLICT', field: ['orderId'] }],
    });
    const rejected = await reject(id, 'worn');
    expect(rejected).toMatchObject({ return: { status: 'REJECTED', refundAmount: null }, userErrors: [] });
    expect(rejected.order).toMatchObject({ status: 'DELIVERED', lines: [{ returnedQuantity: 0 }] });
    expect(rejected.order!.timeline.at(-1)).toMatchObject({ type: 'RETURN_CHANGED', reason: 'worn' });
    for (const again of [await reject(id), await accept(id)]) {
      expect(again).toMatchObject({ return: null, userErrors: [{ code: 'CONFLICT', field: ['returnId'] }] });
    }
    expect([sent('refund'), sent('restock')]).toEqual([0, 0]);
    expect((await requested(order)).status).toBe('REQUESTED');
  });

  test('while the parcel is still under way; delivered later, the order stays RETURNED', async () => {
    const order = await shop.place(ada);
    await shop.mutate('startProcessing', { orderId: order.id }, support);
    const part = { lines: [{ lineId: order.lines[0]!.id, quantity: 1 }] };
    const parcel = { orderId: order.id, carrier: 'UPS', trackingNumber: '1' };
    await shop.mutate('shipOrder', { ...parcel, ...part, idempotencyKey: key() }, support);
    expect(await request(order)).toMatchObject({ userErrors: [{ code: 'CONFLICT', field: ['orderId'] }] });
    await ship(order);
    const { id } = await requested(order);
    expect((await accept(id)).order?.status).toBe('RETURNED');
    expect((await deliver(order)).order?.status).toBe('RETURNED');
  });

  test('within 30 days of the arrival; staff later', async () => {
    const order = await delivered();
    now = new Date(now.getTime() + 30 * DAY_MS - 1);
    const { id } = await requested(order, 1);
    now = new Date(now.getTime() + 1);
    const before = await shop.everything();
    expect(await request(order)).toMatchObject({
      return: null,
      userErrors: [{ code: 'CONFLICT', field: ['orderId'] }],
    });
    expect(await shop.everything()).toEqual(before);
    expect((await request(order, {}, support)).return?.status).toBe('REQUESTED');
    expect((await accept(id)).return?.status).toBe('ACCEPTED');
  });

  test('asked for and accepted with the same keys again: once', async () => {
    const order = await delivered();
    const input = { lines: [{ lineId: order.lines[0]!.id, quantity: 1 }], idempotencyKey: key() };
    const asked = await Promise.all(Array.from({ length: 5 }, () => request(order, input)));
    expect(new Set(asked.map(({ return: made }) => made?.id)).size).toBe(1);
    const { id } = asked[0]!.return!;
    const decision = { idempotencyKey: key() };
    const answers = await Promise.all(Array.from({ length: 5 }, () => accept(id, decision)));
    expect(answers.map((answer) => [answer.return?.status, answer.order?.lines[0]?.returnedQuantity])).toEqual(
      Array.from({ length: 5 }, () => ['ACCEPTED', 1]),
    );
    expect([...shop.world.refunds.values()]).toEqual([1_050n]);
    expect(await request(order, { ...input, reason: 'other' })).toMatchObject({
      userErrors: [{ code: 'DUPLICATE_REQUEST' }],
    });
    expect(await accept(id, { ...decision, restock: false })).toMatchObject({
      userErrors: [{ code: 'DUPLICATE_REQUEST' }],
    });
  });

  test('bad input: the documented error, and nothing changes', async () => {
    const order = await delivered();
    const other = await delivered();
    const { id } = await requested(other, 1);
    const lineId = order.lines[0]!.id;
    const before = await shop.everything();
    const requests: [Record<string, unknown>, string, string[]][] = [
      [{ orderId: 'ord_1' }, 'VALIDATION_ERROR', ['orderId']],
      [{ orderId: toId('ord', randomUUID()) }, 'NOT_FOUND', ['orderId']],
      [{ lines: [] }, 'VALIDATION_ERROR', ['lines']],
      [{ lines: [{ lineId, quantity: 0 }] }, 'VALIDATION_ERROR', ['lines', '0', 'quantity']],
      [{ lines: [{ lineId, quantity: 3 }] }, 'VALIDATION_ERROR', ['lines', '0', 'quantity']],
      [{ lines: [1, 1].map((quantity) => ({ lineId, quantity })) }, 'VALIDATION_ERROR', ['lines', '1', 'lineId']],
      [{ lines: [{ lineId: other.lines[0]!.id, quantity: 1 }] }, 'NOT_FOUND', ['lines', '0', 'lineId']],
      [{ reason: 'x'.repeat(2_001) }, 'VALIDATION_ERROR', ['reason']],
      [{ idempotencyKey: '' }, 'VALIDATION_ERROR', ['idempotencyKey']],
    ];
    for (const [more, code, field] of requests)
      expect(await request(order, more)).toMatchObject({ return: null, order: null, userErrors: [{ code, field }] });
    const decisions: [Record<string, unknown>, string, string[]][] = [
      [{ returnId: 'ret_1' }, 'VALIDATION_ERROR', ['returnId']],
      [{ returnId: order.id }, 'VALIDATION_ERROR', ['returnId']],
      [{ returnId: toId('ret', randomUUID()) }, 'NOT_FOUND', ['returnId']],
      [{ amount: usd('26.01') }, 'VALIDATION_ERROR', ['amount', 'amount']],
      [{ amount: usd('-1') }, 'VALIDATION_ERROR', ['amount', 'amount']],
      [{ amount: { amount: '1', currencyCode: 'EUR' } }, 'VALIDATION_ERROR', ['amount', 'currencyCode']],
    ];
    for (const [more, code, field] of decisions)
      expect(await accept(id, more)).toMatchObject({ return: null, userErrors: [{ code, field }] });
    expect(await accept(id, { amount: usd('26.01') })).toMatchObject({
      userErrors: [{ details: { maximum: '26.00' } }],
    });
    expect(await reject(toId('ret', randomUUID()))).toMatchObject({
      userErrors: [{ code: 'NOT_FOUND', field: ['returnId'] }],
    });
    expect(await reject(id, 'x'.repeat(2_001))).toMatchObject({ userErrors: [{ field: ['reason'] }] });
    expect(await shop.everything()).toEqual(before);
    expect([sent('refund'), sent('restock')]).toEqual([0, 0]);
  });

  test('an order has at most 50', async () => {
    const order = await delivered();
    await shop.services.db.rows(
      `WITH made AS (
         INSERT INTO order_return (id, order_id, status, requested_at, decided_at)
         SELECT gen_random_uuid(), $1, 'REJECTED', now(), now() FROM generate_series(1, 49) RETURNING id, order_id
       )
       INSERT INTO return_line (return_id, line_id, quantity)
       SELECT made.id, l.id, 1 FROM made JOIN order_line l USING (order_id)`,
      [fromId('ord', order.id)],
    );
    await reject((await requested(order)).id);
    const before = await shop.everything();
    expect(await request(order)).toMatchObject({
      return: null,
      userErrors: [{ code: 'CONFLICT', details: { maximum: 50, retryable: false } }],
    });
    expect(await shop.everything()).toEqual(before);
  });
});

describe('what is given back', () => {
  test('an amount of its own, shipping with it; the next return gets what is left at most', async () => {
    const order = await delivered();
    const first = await requested(order, 1);
    expect((await accept(first.id, { amount: usd('20.00') })).return).toMatchObject({
      refundAmount: { amount: '20.00' },
    });
    const second = await requested(order);
    expect(await accept(second.id, { amount: usd('6.01') })).toMatchObject({
      userErrors: [{ code: 'VALIDATION_ERROR', details: { maximum: '6.00' } }],
    });
    expect((await accept(second.id)).return).toMatchObject({ refundAmount: { amount: '6.00' } });
    expect([...shop.world.refunds.values()]).toEqual([2_000n, 600n]);
  });

  test('nothing at all, neither money nor stock', async () => {
    const order = await delivered();
    const { id } = await requested(order);
    const accepted = await accept(id, { amount: usd('0'), restock: false });
    expect(accepted).toMatchObject({
      return: { status: 'ACCEPTED', refundAmount: null, refundStatus: null },
      order: { status: 'RETURNED' },
    });
    await sweep();
    expect([sent('refund'), sent('restock')]).toEqual([0, 0]);
  });

  test('later, when payments or catalog is down, and never twice', async () => {
    const order = await delivered();
    const { id } = await requested(order);
    shop.world.down.add('payments').add('catalog');
    const accepted = await accept(id);
    expect(accepted).toMatchObject({ return: { status: 'ACCEPTED', refundStatus: 'PENDING' }, userErrors: [] });
    expect(accepted.order?.status).toBe('RETURNED');
    // Leased to the request: a worker that comes at once leaves it alone.
    shop.world.down.clear();
    await shop.job('orders.sweep-returns');
    expect([sent('refund'), sent('restock')]).toEqual([0, 0]);
    shop.world.down.add('payments');
    await sweep();
    expect([sent('refund'), sent('restock')]).toEqual([0, 1]);
    shop.world.down.clear();
    shop.world.refundAnswer = 'pending';
    await sweep();
    expect(await shop.services.db.rows('SELECT refund_status, owes FROM order_return')).toEqual([
      { refund_status: 'PENDING', owes: true },
    ]);
    shop.world.refundAnswer = null;
    await Promise.all([sweep(), sweep(), sweep()]);
    await sweep();
    expect(sent('restock')).toBe(1);
    expect([...shop.world.refunds.values()]).toEqual([2_100n]);
    expect(await shop.services.db.rows('SELECT refund_status, owes FROM order_return')).toEqual([
      { refund_status: 'SUCCEEDED', owes: false },
    ]);
  });

  test('an answer that was lost is asked for again', async () => {
    const order = await delivered();
    const { id } = await requested(order);
    shop.world.after = () => {
      throw new Error('the line is cut');
    };
    expect((await accept(id)).return).toMatchObject({ refundStatus: 'PENDING' });
    shop.world.after = () => undefined;
    await sweep();
    expect(shop.world.refunds).toEqual(new Map([[fromId('ret', id), 2_100n]]));
    expect(shop.world.restocked).toEqual(new Map([[fromId('ret', id), 2]]));
    expect(await shop.services.db.rows('SELECT owes FROM order_return')).toEqual([{ owes: false }]);
  });

  test('a refund that fails is said so, in the timeline as well, and its money is free for another', async () => {
    const order = await delivered();
    const first = await requested(order, 1);
    shop.world.refundAnswer = 'failed';
    const failed = await accept(first.id, { amount: usd('26.00') });
    expect(failed.return).toMatchObject({ status: 'ACCEPTED', refundStatus: 'FAILED' });
    expect(failed.order!.timeline.at(-1)).toEqual({
      ...{ type: 'RETURN_CHANGED', status: 'DELIVERED', reason: 'The refund failed.' },
      actor: { kind: 'SYSTEM', name: null },
    });
    await sweep();
    expect(sent('refund')).toBe(1);
    shop.world.refundAnswer = null;
    const second = await requested(order);
    expect((await accept(second.id, { amount: usd('26.00') })).return).toMatchObject({ refundStatus: 'SUCCEEDED' });
  });
});

describe('at the same time', () => {
  test('returns of the same units: never more than were shipped', async () => {
    const order = await delivered();
    const lines = [{ lineId: order.lines[0]!.id, quantity: 1 }];
    const answers = await Promise.all(Array.from({ length: 10 }, () => request(order, { lines })));
    const made = answers.flatMap((answer) => answer.return ?? []);
    expect(made).toHaveLength(2);
    const accepted = await Promise.all(made.flatMap(({ id }) => [accept(id), accept(id)]));
    expect(accepted.filter((answer) => answer.return)).toHaveLength(2);
    expect(accepted.flatMap(({ userErrors }) => userErrors.map(({ code }) => code))).toEqual(['CONFLICT', 'CONFLICT']);
    expect([...shop.world.refunds.values()]).toEqual([1_050n, 1_050n]);
    const [row] = await shop.services.db.rows(
      'SELECT status, requested_quantity, returned_quantity FROM orders JOIN order_line ON order_id = orders.id',
    );
    expect(row).toEqual({ status: 'RETURNED', requested_quantity: 0, returned_quantity: 2 });
  });

  test('accepted and rejected: one of them', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { id } = await requested(await delivered());
      const [accepted, rejected] = await Promise.all([accept(id), reject(id)]);
      const winners = [accepted.return?.status, rejected.return?.status].filter(Boolean);
      expect(winners).toHaveLength(1);
      const uuid = fromId('ret', id)!;
      expect(await shop.services.db.rows('SELECT status FROM order_return WHERE id = $1', [uuid])).toEqual([
        { status: winners[0] },
      ]);
      const back = winners[0] === 'ACCEPTED';
      expect([shop.world.refunds.has(uuid), shop.world.restocked.has(uuid)]).toEqual([back, back]);
    }
  });

  test('the database itself refuses to take back more than was shipped', async () => {
    const order = await delivered();
    await requested(order, 1);
    for (const set of ['requested_quantity = 3', 'returned_quantity = 2', 'requested_quantity = -1']) {
      await expect(shop.services.db.rows(`UPDATE order_line SET ${set}`)).rejects.toMatchObject({
        constraint: 'order_line_returns',
      });
    }
    expect(order.lines).toMatchObject([{ shippedQuantity: 2 }]);
  });
});

describe('who may', () => {
  test.each([
    ['nobody', undefined],
    ['a stranger', user()],
    ['a partner', user('PARTNER')],
  ] as const)('%s asks in vain: an order of others does not exist', async (_, by) => {
    const order = await delivered();
    const before = await shop.everything();
    const ask = (orderId: string): Promise<Answer> =>
      shop.mutate('requestReturn', { orderId, idempotencyKey: key() }, by);
    const theirs = await ask(order.id);
    expect(theirs).toEqual(await ask(toId('ord', randomUUID())));
    expect(theirs).toMatchObject({
      return: null,
      order: null,
      userErrors: [{ code: 'NOT_FOUND', field: ['orderId'] }],
    });
    expect(await shop.everything()).toEqual(before);
  });

  test('a guest by token, and is shown it as wherever it is used', async () => {
    const { token: cartToken } = shop.world.guestCart();
    const cart = { cartToken, email: 'guest@souk.example', payment: { token: 'tok_visa' }, idempotencyKey: key() };
    const order = await fulfil((await shop.mutate('placeOrder', cart)).order!);
    const before = await shop.everything();
    for (const token of [undefined, 'wrong', '']) {
      const answer = await shop.mutate('requestReturn', { orderId: order.id, token, idempotencyKey: key() });
      expect(answer).toMatchObject({ return: null, order: null });
    }
    expect(await shop.everything()).toEqual(before);
    const input = { orderId: order.id, token: order.token, idempotencyKey: key() };
    const asked = await shop.mutate('requestReturn', input);
    expect(asked).toMatchObject({ return: { status: 'REQUESTED' }, order: { token: order.token }, userErrors: [] });
    expect(asked.order!.timeline.at(-1)).toMatchObject({ type: 'RETURN_CHANGED', actor: { kind: 'GUEST' } });
    expect(await shop.mutate('requestReturn', input)).toEqual(asked);
    expect((await accept(asked.return!.id)).order).toMatchObject({ status: 'RETURNED', token: null });
  });

  test.each([
    ['nobody', undefined, 'UNAUTHENTICATED'],
    ['its buyer', ada, 'FORBIDDEN'],
    ['a partner', user('PARTNER'), 'FORBIDDEN'],
  ] as const)('%s decides nothing', async (_, by, code) => {
    const { id } = await requested(await delivered());
    const before = await shop.everything();
    const decision = { returnId: id, idempotencyKey: key() };
    expect(await shop.mutate('acceptReturn', decision, by)).toMatchObject({ order: null, error: code });
    expect(await shop.mutate('rejectReturn', { returnId: id }, by)).toMatchObject({ order: null, error: code });
    expect(await shop.everything()).toEqual(before);
    expect([sent('refund'), sent('restock')]).toEqual([0, 0]);
  });
});
