/** A process that dies at any step of a checkout: another one finishes it or undoes it, and nothing is lost or doubled. */
import { randomUUID } from 'node:crypto';
import { fromId } from '../../platform/ids';
import type { Principal } from '../../platform/auth/principal';
import type { Database } from '../../platform/db/database';
import { placeOrder } from '../../subgraphs/orders/place-order';
import { withEventLog } from '../../subgraphs/orders/services';
import { startOrders, user, type OrdersShop } from '../support/orders-shop';
import { QUANTITY } from '../support/orders-world';

let shop: OrdersShop;
beforeAll(async () => {
  shop = await startOrders();
});
beforeEach(() => shop.reset());
afterAll(() => shop.stop());

/** The database as a dead process sees it: from then on nothing more is written. */
function mortal(db: Database, isDead: () => boolean): Database {
  const guard = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, name) {
        const member: unknown = Reflect.get(object, name, object);
        if (name === 'manager' && typeof member === 'object' && member !== null) return guard(member);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          if (isDead()) throw new Error('the process is dead');
          return Reflect.apply(member, object, args) as unknown;
        };
      },
    });
  return guard(db);
}

/** Places an order in a process that dies before or after the effect of a command. */
async function placeAndDie(principal: Principal, key: string, when: 'before' | 'after', step: string): Promise<void> {
  let dead = false;
  const die = (name: string): void => {
    if (name !== step || dead) return;
    dead = true;
    throw new Error('the process is dead');
  };
  shop.world[when] = die;
  const services = withEventLog({ ...shop.services, db: mortal(shop.services.db, () => dead) });
  const input = { payment: { token: 'tok_visa' }, idempotencyKey: key };
  await expect(placeOrder(services, principal, input, randomUUID())).rejects.toThrow();
  shop.world[when] = () => undefined;
}

const state = async () => ({
  orders: (await shop.services.db.rows<{ status: string }>('SELECT status FROM orders')).map(({ status }) => status),
  charged: shop.world.charged.length,
  taken: shop.world.taken,
  claimed: shop.world.claimed,
  unfinished: (await shop.services.db.rows('SELECT 1 FROM checkout WHERE done_at IS NULL')).length,
});

const NOTHING = { orders: [], charged: 0, taken: 0, claimed: 0, unfinished: 0 };
const ONE = { orders: ['CONFIRMED'], charged: 1, taken: QUANTITY, claimed: 0, unfinished: 0 };

test.each([
  ['before', 'quote', NOTHING],
  ['after', 'quote', NOTHING],
  ['before', 'reserve', NOTHING],
  ['after', 'reserve', NOTHING],
  // The money is about to be asked for: from here on there will be an order.
  ['before', 'authorize', ONE],
  ['after', 'authorize', ONE],
  ['before', 'pin', ONE],
  ['after', 'pin', ONE],
  ['before', 'spend', ONE],
  ['after', 'spend', ONE],
] as const)('dead %s the effect of %s', async (when, step, expected) => {
  const ada = user();
  const key = randomUUID();
  await placeAndDie(ada, key, when, step);
  await shop.sweep();
  expect(await state()).toEqual(expected);
  // The client, who has heard nothing, sends the same key again: it gets that order, or a new attempt.
  const { order } = await shop.mutate('placeOrder', { payment: { token: 'tok_visa' }, idempotencyKey: key }, ada);
  expect(order?.status).toBe('CONFIRMED');
  expect(await state()).toEqual(ONE);
  expect(shop.world.charged).toEqual([fromId('ord', order?.id)]);
  const sequences = await shop.services.db.rows('SELECT sequence, status FROM order_event ORDER BY sequence');
  expect(sequences).toEqual([
    { sequence: 1, status: 'PENDING' },
    { sequence: 2, status: 'CONFIRMED' },
  ]);
});

test('while its lease stands, a checkout is nobody else’s', async () => {
  await placeAndDie(user(), randomUUID(), 'after', 'authorize');
  await shop.job('orders.sweep-checkouts');
  expect(await state()).toMatchObject({ orders: [], unfinished: 1 });
});

test('a worker that has lost its lease leaves no trace of its last step', async () => {
  const ada = user();
  // While the first worker waits for its answer, a sweeper takes the checkout over and finishes it.
  shop.world.after = async (name) => {
    if (name !== 'authorize') return;
    shop.world.after = () => undefined;
    await shop.sweep();
  };
  const answer = await shop.mutate('placeOrder', { payment: { token: 'tok_visa' }, idempotencyKey: 'k' }, ada);
  expect(answer.error).toBe('SERVICE_UNAVAILABLE');
  expect(await state()).toEqual(ONE);
  const again = await shop.mutate('placeOrder', { payment: { token: 'tok_visa' }, idempotencyKey: 'k' }, ada);
  expect(again.order).toMatchObject({
    status: 'CONFIRMED',
    timeline: [{ status: 'PENDING' }, { status: 'CONFIRMED' }],
  });
});

test('four sweepers at once take each checkout once', async () => {
  shop.world.down.add('payments');
  await Promise.all(Array.from({ length: 15 }, () => shop.place(user())));
  shop.world.down.clear();
  await shop.services.db.rows(`UPDATE checkout SET due_at = now() - interval '1 s', leased_until = NULL`);
  await Promise.all(Array.from({ length: 4 }, () => shop.job('orders.sweep-checkouts')));
  expect((await state()).orders).toEqual(Array.from({ length: 15 }, () => 'CONFIRMED'));
  expect(shop.world.log.filter((line) => line.startsWith('pin'))).toHaveLength(15);
});
