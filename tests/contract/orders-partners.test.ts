/** Orders of API clients: the client's own, its partner's to see, and nobody else's; no more than its scopes allow. */
import { randomUUID } from 'node:crypto';
import type { Principal } from '../../platform/auth/principal';
import { createDatabase, dropDatabase, migrate } from '../../platform/db/prepare';
import { fromId } from '../../platform/ids';
import { orders } from '../../subgraphs/orders';
import { toCursor } from '../../subgraphs/orders/event-cursor';
import { tryWatch, watch, type Watching } from '../support/order-updates';
import { startOrders, user, type OrdersShop, type ShownOrder } from '../support/orders-shop';
import { apiClient } from '../support/principals';
import { startReceiver, type Receiver } from '../support/webhook-receiver';
import { webhooksOf } from '../support/webhooks';

let shop: OrdersShop;
let receiver: Receiver;
const open: Watching[] = [];
beforeAll(async () => {
  shop = await startOrders();
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.stop();
  await shop.stop();
});
beforeEach(() => shop.reset());
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

const partner = user('PARTNER');
const till = apiClient({ ownerId: partner.id });
const shelf = apiClient({ ownerId: partner.id });
const [otherPartner, support] = [user('PARTNER'), user('SUPPORT')];
const stranger = apiClient({ ownerId: otherPartner.id });
/** Nobody of these has anything to do with the orders of `till`. */
const OTHERS: [string, Principal | undefined][] = [
  ['another client of the same partner', shelf],
  ['a client of another partner', stranger],
  ['another partner', otherPartner],
  ['a customer who has the uuid of the client', user('CUSTOMER', till.id)],
  ['the partner, as a customer', user('CUSTOMER', partner.id)],
  ['a client without the scope', { ...till, scopes: ['orders:write'] }],
  ['nobody', undefined],
];

const READ = `query ($id: ID!) { order(id: $id) { id customer { id } timeline { actor { kind name } } } }`;
const read = async (id: string, by?: Principal) => (await shop.run(READ, { id }, by)).data?.['order'];
const LIST = '{ orders { totalCount nodes { id } } }';
const list = async (by?: Principal): Promise<unknown> => {
  const { data, errors } = await shop.run(LIST, {}, by);
  if (errors) return errors[0]?.extensions['code'];
  return (data?.['orders'] as { nodes: { id: string }[] }).nodes.map(({ id }) => id).sort();
};
const see = async (...args: [Parameters<typeof watch>[1], Record<string, unknown>, Principal]): Promise<Watching> => {
  const one = await watch(shop, ...args);
  open.push(one);
  return one;
};
const stored = async ({ id }: ShownOrder) =>
  (
    await shop.services.db.rows(
      'SELECT owner_kind AS kind, owner_id AS id, partner_id AS "partnerId" FROM orders WHERE id = $1',
      [fromId('ord', id)],
    )
  )[0];

test('the order belongs to the client, also when it was a guest cart; its partner sees it', async () => {
  const own = await shop.place(till);
  const { token: cartToken } = shop.world.guestCart();
  const guests = await shop.place(till, { cartToken });
  for (const order of [own, guests]) {
    expect(await stored(order)).toEqual({ kind: 'client', id: till.id, partnerId: partner.id });
    expect(order.token).toBeNull();
    for (const by of [till, partner, support])
      expect(await read(order.id, by)).toMatchObject({ id: order.id, customer: null });
  }
  expect(own.timeline[0]?.actor).toEqual({ kind: 'PARTNER', name: null });
});

test.each(OTHERS)('%s sees nothing of it', async (_, by) => {
  const order = await shop.place(till);
  expect(await read(order.id, by)).toBeNull();
  expect(
    await tryWatch(shop, 'orderUpdated', { orderId: order.id }, by).then(async (one) =>
      typeof one === 'string' ? one : one.next(),
    ),
  ).toBe('NOT_FOUND');
  const seen = await list(by);
  expect(Array.isArray(seen) ? seen : ['UNAUTHENTICATED', 'FORBIDDEN'].includes(String(seen))).toEqual(
    Array.isArray(seen) ? [] : true,
  );
});

test('lists: of a client its own, of a partner those of all its clients', async () => {
  const [one, two, theirs] = [await shop.place(till), await shop.place(shelf), await shop.place(stranger)];
  expect(await list(till)).toEqual([one.id]);
  expect(await list(shelf)).toEqual([two.id]);
  expect(await list(partner)).toEqual([one.id, two.id].sort());
  expect(await list(otherPartner)).toEqual([theirs.id]);
  expect(await list({ ...till, scopes: ['orders:write'] })).toBe('FORBIDDEN');
});

test('live: myOrdersUpdated is of the client, and of its partner of all of its clients; from a cursor on too', async () => {
  const [mine, partners] = [await see('myOrdersUpdated', {}, till), await see('myOrdersUpdated', {}, partner)];
  const [one, two] = [await shop.place(till), await shop.place(shelf)];
  await shop.place(stranger);
  await shop.job('orders.number-events');
  expect((await mine.update()).order.id).toBe(one.id);
  const heard = [];
  for (let count = 0; count < one.timeline.length + two.timeline.length; count += 1)
    heard.push((await partners.update()).order.id);
  expect(new Set(heard)).toEqual(new Set([one.id, two.id]));

  const [{ position } = { position: '' }] = await shop.services.db.rows<{ position: string }>(
    'SELECT min(position)::text AS position FROM order_event',
  );
  const again = await see('myOrdersUpdated', { after: toCursor(BigInt(position) - 1n) }, partner);
  expect((await again.update()).order.id).toBe(one.id);
});

test('without orders:write nothing is ordered and nothing sent back; a partner itself does not order', async () => {
  const order = await shop.place(till);
  const before = await shop.everything();
  const reader = { ...till, scopes: ['orders:read' as const] };
  const input = { payment: { token: 'tok_visa' }, idempotencyKey: randomUUID() };
  expect((await shop.mutate('placeOrder', input, reader)).error).toBe('FORBIDDEN');
  expect((await shop.mutate('placeOrder', input, partner)).error).toBe('FORBIDDEN');
  const back = { orderId: order.id, idempotencyKey: randomUUID() };
  expect((await shop.mutate('requestReturn', back, reader)).error).toBe('FORBIDDEN');
  for (const by of [till, partner]) expect((await shop.mutate('cancelOrder', back, by)).error).toBe('FORBIDDEN');
  expect(await shop.everything()).toEqual(before);
});

test("a partner's webhook is sent the events of its clients' orders, and of nobody else's", async () => {
  const hooks = webhooksOf(shop);
  await hooks.endpoint(receiver.url, partner);
  const [one, two] = [await shop.place(till), await shop.place(shelf)];
  await shop.place(stranger);
  await hooks.settle();
  const told = receiver.received.map(({ message }) => message.data.orderId);
  expect(new Set(told)).toEqual(new Set([one.id, two.id]));
  expect(told).toHaveLength(one.timeline.length + two.timeline.length);
});

test('lists of a partner go through an index', async () => {
  await shop.place(till);
  const plan = await shop.services.db.transaction(async (tx) => {
    await tx.query('SET LOCAL enable_seqscan = off');
    return tx.query<Record<string, string>[]>(
      'EXPLAIN SELECT 1 FROM orders o WHERE o.partner_id = $1 ORDER BY o.placed_at DESC, o.id DESC LIMIT 20',
      [partner.id],
    );
  });
  expect(JSON.stringify(plan)).toContain('orders_of_partner');
});

test('the migration goes back and forth', async () => {
  const other = `${shop.url}_migration`;
  await createDatabase(other);
  try {
    await migrate(other, orders.migrations);
    const [name] = await migrate(other, orders.migrations, 'down');
    expect(name).toBe('AddPartners1783720000010');
    expect(await migrate(other, orders.migrations)).toEqual([name]);
  } finally {
    await dropDatabase(other);
  }
});
