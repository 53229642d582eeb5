/** Two things at once to one order: exactly one outcome, decided by the database, and stock and money that fit it. */
import { randomUUID } from 'node:crypto';
import { fromId } from '../../platform/ids';
import { startOrders, user, type Answer, type OrdersShop, type ShownOrder } from '../support/orders-shop';

let shop: OrdersShop;
beforeAll(async () => {
  shop = await startOrders();
});
beforeEach(() => shop.reset());
afterAll(() => shop.stop());

const ROUNDS = 20;
const ada = user();
const support = user('SUPPORT');
const key = (): string => randomUUID();
const cancel = (order: ShownOrder): Promise<Answer> =>
  shop.mutate('cancelOrder', { orderId: order.id, idempotencyKey: key() }, ada);
const ship = (order: ShownOrder): Promise<Answer> =>
  shop.mutate('shipOrder', { orderId: order.id, carrier: 'DHL', trackingNumber: '1', idempotencyKey: key() }, support);
const processing = async (): Promise<ShownOrder> => {
  const order = await shop.place(ada);
  await shop.mutate('startProcessing', { orderId: order.id }, support);
  return order;
};
/** What became of an order: its statuses in their order, its money and its stock. */
const end = async (order: ShownOrder) => {
  const uuid = fromId('ord', order.id)!;
  const events = await shop.services.db.rows<{ status: string }>(
    `SELECT status FROM order_event WHERE order_id = $1 AND type = 'STATUS_CHANGED' ORDER BY sequence`,
    [uuid],
  );
  const units = await shop.services.db.rows<{ shipped: number }>(
    'SELECT shipped_quantity AS shipped FROM order_line WHERE order_id = $1',
    [uuid],
  );
  return {
    statuses: events.map(({ status }) => status),
    shipped: units.map(({ shipped }) => shipped),
    money: shop.world.money.get(uuid),
    stock: shop.world.reservations.get(uuid)?.state,
  };
};

test('cancelled and shipped, with the capture in between', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = await processing();
    // Whoever comes first; now and then the capture takes its time.
    const slow = round % 4 === 0;
    shop.world.before = async (name) => {
      if (name === 'capture' && slow) await new Promise(setImmediate);
    };
    const [cancelled, shipped] = await Promise.all([cancel(order), ship(order)]);
    expect([cancelled.order, shipped.order].filter((shown) => shown !== null)).toHaveLength(1);
    await shop.sweep();
    const begun = ['PENDING', 'CONFIRMED', 'PROCESSING'];
    expect(await end(order)).toEqual(
      cancelled.order
        ? { statuses: [...begun, 'CANCELLED'], shipped: [0], money: 'reversed', stock: 'released' }
        : { statuses: [...begun, 'SHIPPED'], shipped: [2], money: 'captured', stock: 'pinned' },
    );
  }
}, 60_000);

test('cancelled and confirmed: CANCELLED in the end, with nothing held', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    shop.world.providerSlow = true;
    const order = await shop.place(ada, { payment: { token: 'tok_slow' } });
    expect(order.status).toBe('PENDING');
    shop.world.providerSlow = false;
    const [cancelled] = await Promise.all([cancel(order), shop.sweep()]);
    expect(cancelled.userErrors).toEqual([]);
    await shop.sweep();
    const { statuses, ...rest } = await end(order);
    expect([
      ['PENDING', 'CANCELLED'],
      ['PENDING', 'CONFIRMED', 'CANCELLED'],
    ]).toContainEqual(statuses);
    expect(rest).toEqual({ shipped: [0], money: 'reversed', stock: 'released' });
  }
}, 60_000);

test('cancelled twice, by buyer and support: one event, given back once', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const order = await shop.place(ada);
    const bySupport = { orderId: order.id, idempotencyKey: key() };
    const answers = await Promise.all([cancel(order), shop.mutate('cancelOrder', bySupport, support)]);
    expect(answers.filter((answer) => answer.order !== null)).toHaveLength(1);
    expect(answers.flatMap(({ userErrors }) => userErrors.map(({ code }) => code))).toEqual(['CONFLICT']);
    expect(await end(order)).toEqual({
      ...{ statuses: ['PENDING', 'CONFIRMED', 'CANCELLED'], shipped: [0], money: 'reversed', stock: 'released' },
    });
    const reversals = shop.world.log.filter((line) => line === `reverse ${fromId('ord', order.id)}`);
    expect(reversals).toHaveLength(1);
  }
}, 60_000);
