/** Writers in disorder, readers that are cut at any moment and go on by cursor, in whichever subscription comes. */
import { fromId, toId } from '../../platform/ids';
import { toCursor } from '../../subgraphs/orders/event-cursor';
import { addEvents, copyOrder, watch, type Field } from '../support/order-updates';
import { startOrders, user, type OrdersShop } from '../support/orders-shop';

const ORDERS = 20;
const ROUNDS = 10;
const WRITERS = 4;
const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(Math.random() * values.length)]!;

let shop: OrdersShop;
beforeAll(async () => {
  shop = await startOrders();
});
afterAll(() => shop.stop());

test('every reader sees every event of its orders once and in order', async () => {
  const [ada, support] = [user(), user('SUPPORT')];
  shop.world.signIn(support);
  const uuids = await copyOrder(shop, fromId('ord', (await shop.place(ada)).id)!, ORDERS);
  await shop.job('orders.number-events');
  const last = await shop.services.db.rows<{ position: string }>('SELECT max(position) AS position FROM order_event');
  const begin = toCursor(BigInt(last[0]!.position));
  const total = ORDERS * ROUNDS;

  // Transactions of different lengths, several at once: they commit in another order than they began.
  const write = async (theirs: readonly string[]): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const uuid of theirs) await addEvents(shop, [uuid], { seconds: Math.random() / 50 });
      await shop.job('orders.number-events');
    }
  };
  const writers = Array.from({ length: WRITERS }, (_, index) =>
    write(uuids.filter((_uuid, at) => at % WRITERS === index)),
  );

  /** Follows one order, or all (null), until it has seen as many events as are written of it. */
  const follow = async (uuid: string | null): Promise<string[]> => {
    const wanted = uuid === null ? null : toId('ord', uuid);
    const seen: string[] = [];
    let after = begin;
    while (seen.length < (wanted === null ? total : ROUNDS)) {
      const field: Field = pick([
        ...(wanted === null ? [] : ['orderUpdated' as const]),
        'myOrdersUpdated',
        'ordersUpdated',
      ]);
      const stream = await watch(
        shop,
        field,
        { after, ...(field === 'orderUpdated' && { orderId: wanted }) },
        field === 'ordersUpdated' ? support : ada,
      );
      const timer = setTimeout(() => void stream.stop(), Math.random() * 400);
      for (let next = await stream.next(); typeof next !== 'string'; next = await stream.next()) {
        expect(next.kind).toBe('EVENT');
        after = next.cursor;
        if (wanted === null || next.order.id === wanted) seen.push(next.cursor);
      }
      clearTimeout(timer);
      await stream.stop();
    }
    return seen;
  };

  const followed = [null, null, ...uuids.slice(0, 4)];
  const [seen] = await Promise.all([Promise.all(followed.map(follow)), ...writers]);
  for (const [index, uuid] of followed.entries()) {
    const rows = await shop.services.db.rows<{ position: string }>(
      `SELECT position FROM order_event WHERE position > $1 AND ($2::uuid IS NULL OR order_id = $2) ORDER BY position`,
      [last[0]!.position, uuid],
    );
    expect(seen[index]).toEqual(rows.map(({ position }) => toCursor(BigInt(position))));
  }
  expect(seen[0]).toHaveLength(total);
}, 120_000);
