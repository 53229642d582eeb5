/** What reading costs, how prices stay fresh, and what is pruned. */
import { randomUUID } from 'node:crypto';
import type { EventEnvelope } from '../../platform/bus/bus';
import { dropDatabase, createDatabase, migrate } from '../../platform/db/prepare';
import { cart } from '../../subgraphs/cart';
import { quoteCart, releaseCart, spendCart } from '../../subgraphs/cart/messages';
import { ForgetSpentAddresses1783800000010 } from '../../subgraphs/cart/migrations/1783800000010-forget-spent-addresses';
import { pruneCarts } from '../../subgraphs/cart/prune-carts';
import { productChanged } from '../../subgraphs/catalog/messages';
import { ADDRESS, customer, envelopeOf, startCartShop, statements } from '../support/cart-shop';

const DAY_MS = 24 * 60 * 60 * 1_000;
let now = Date.now();
let env: Awaited<ReturnType<typeof startCartShop>>;
let onProductChanged: (event: EventEnvelope) => Promise<unknown>;
beforeAll(async () => {
  env = await startCartShop({ clock: { now: () => new Date(now) } });
  onProductChanged = cart.start(env.shop.services).consumers[0]!.handle;
});
afterAll(() => env.shop.stop());
beforeEach(() => {
  env.catalog.down = false;
  env.catalog.beforeAnswer = async () => undefined;
});

const changedEvent = (...variantIds: string[]): EventEnvelope =>
  envelopeOf(productChanged, { productId: randomUUID(), variantIds });

/** Statements of one operation. */
async function costOf<T>(work: () => Promise<T>): Promise<[T, number]> {
  const before = await statements();
  const result = await work();
  return [result, (await statements()) - before];
}

test('reading a cart costs two statements with 1 and with 200 lines, one without lines, none of the catalog', async () => {
  for (const count of [1, 200]) {
    const ada = customer();
    const lines = Array.from({ length: count }, () => ({ variantId: env.sell(100n).id }));
    await env.changed('createCart', { lines }, ada);
    await env.changed('setCartDelivery', { address: ADDRESS }, ada);
    env.catalog.down = true;
    const asked = env.catalog.asked;
    const [data, cost] = await costOf(() => env.read({}, ada));
    expect(data!.lines).toHaveLength(count);
    expect(cost).toBe(2);
    const [me, meCost] = await costOf(() =>
      env.shop.run('{ me { id cart { lines { sku } cost { total { amount } } } } }', {}, ada),
    );
    expect(me.errors).toBeUndefined();
    expect(meCost).toBe(2);
    expect((await costOf(() => env.shop.run('{ me { cart { itemCount } } }', {}, ada)))[1]).toBe(1);
    expect((await costOf(() => env.shop.run('{ me { id } }', {}, ada)))[1]).toBe(0);
    expect(env.catalog.asked).toBe(asked);
    env.catalog.down = false;
  }
});

test('changing a cart costs the same with 1 and with 200 lines', async () => {
  const costs: number[] = [];
  for (const count of [1, 199]) {
    const ada = customer();
    await env.changed(
      'createCart',
      { lines: Array.from({ length: count }, () => ({ variantId: env.sell(100n).id })) },
      ada,
    );
    const variantId = env.sell(100n).id;
    costs.push((await costOf(() => env.changed('addToCart', { variantId }, ada)))[1]);
  }
  expect(costs).toEqual([5, 5]);
});

test('a changed product reprices the carts that hold it, in batches, and no others', async () => {
  const [kettle, pot] = [env.sell(1_000n), env.sell(500n)];
  const users = Array.from({ length: 60 }, () => customer());
  await Promise.all(users.map((user) => env.changed('addToCart', { variantId: kettle.id, quantity: 2 }, user)));
  const ada = users[0]!;
  await env.changed('addToCart', { variantId: pot.id }, ada);
  await env.changed('setCartDelivery', { address: ADDRESS }, ada);
  const other = customer();
  const untouched = await env.changed('addToCart', { variantId: pot.id }, other);
  const updatedAt = (await env.read({}, ada))!.updatedAt;

  now += 1_000;
  env.sell(2_000n, { ...kettle, productName: 'Better kettle' });
  env.sell(1n, pot);
  await onProductChanged(changedEvent(kettle.variantId));
  expect(await env.read({}, ada)).toMatchObject({
    updatedAt,
    lines: [
      { productName: 'Better kettle', unitPrice: { amount: '20.00' }, total: { amount: '40.00' } },
      { productName: 'Kettle', unitPrice: { amount: '5.00' } },
    ],
    cost: {
      subtotal: { amount: '45.00' },
      shipping: { amount: '5.99' },
      tax: { amount: '3.69' },
      total: { amount: '54.68' },
    },
  });
  for (const user of users.slice(1)) expect((await env.read({}, user))!.cost.total.amount).toBe('40.00');
  expect(await env.read({}, other)).toEqual(untouched);
});

test('a change that comes again, or of nothing in a cart, is fine; while the catalog is down it is tried again', async () => {
  const [ada, kettle] = [customer(), env.sell(1_000n)];
  await env.changed('addToCart', { variantId: kettle.id }, ada);
  const event = changedEvent(kettle.variantId);
  env.sell(1_500n, kettle);
  env.catalog.down = true;
  await expect(onProductChanged(event)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  env.catalog.down = false;
  for (const each of [event, event, changedEvent(), changedEvent(randomUUID())])
    expect(await onProductChanged(each)).toBe('done');
  expect((await env.read({}, ada))!.cost.total.amount).toBe('15.00');
  // Not known to the catalog any more: the line keeps what it had.
  env.variants.delete(kettle.variantId);
  expect(await onProductChanged(changedEvent(kettle.variantId))).toBe('done');
  expect((await env.read({}, ada))!.cost.total.amount).toBe('15.00');
});

test('a price asked for earlier that arrives later does not undo a newer one', async () => {
  const [ada, kettle] = [customer(), env.sell(1_000n)];
  await env.changed('addToCart', { variantId: kettle.id }, ada);
  env.catalog.beforeAnswer = async () => {
    env.catalog.beforeAnswer = async () => undefined;
    env.sell(3_000n, kettle);
    await onProductChanged(changedEvent(kettle.variantId));
  };
  const late = await env.changed('addToCart', { variantId: kettle.id }, ada);
  expect(late).toMatchObject({ itemCount: 2, cost: { total: { amount: '60.00' } } });
});

test('guest carts nobody touched for 30 days go, except those of orders; users keep theirs', async () => {
  const [ada, kettle] = [customer(), env.sell(1_000n)];
  const own = await env.changed('addToCart', { variantId: kettle.id }, ada);
  const guest = () => env.changed('addToCart', { variantId: kettle.id });
  const [abandoned, claimed, spent, released, merged, touched] = [
    await guest(),
    await guest(),
    await guest(),
    await guest(),
    await guest(),
    await guest(),
  ];
  const claim = async (token: string | null): Promise<string> => {
    await env.changed('setCartDelivery', { token, address: ADDRESS });
    const orderId = randomUUID();
    const input = { orderId, cartId: null, cartToken: token, sealedAddress: null, shippingMethod: null };
    expect((await env.shop.command(quoteCart, input, { principal: { kind: 'anonymous' } })).outcome).toBe('quoted');
    return orderId;
  };
  const claimedBy = await claim(claimed.token);
  const spentBy = await claim(spent.token);
  await env.shop.command(spendCart, { orderId: spentBy });
  const releasedBy = await claim(released.token);
  await env.shop.command(releaseCart, { orderId: releasedBy });
  await env.changed('mergeCart', { token: merged.token }, ada);
  now += 30 * DAY_MS;
  await env.changed('addToCart', { token: touched.token, variantId: kettle.id });

  expect(await pruneCarts(env.shop.services)).toBe(0);
  now += 1;
  expect(await pruneCarts(env.shop.services)).toBe(3);
  const [left] = await env.shop.services.db.rows<{ guests: number }>(
    `SELECT count(*)::int AS guests FROM cart WHERE owner_kind = 'guest'`,
  );
  expect(left).toEqual({ guests: 3 });
  expect(await env.read({ token: abandoned.token! })).toBeNull();
  expect(await env.read({ token: released.token! })).toBeNull();
  expect(await env.read({ token: touched.token! })).toMatchObject({ itemCount: 2 });
  expect(await env.read({}, ada)).toMatchObject({ id: own.id, itemCount: 2 });
  await env.shop.command(releaseCart, { orderId: claimedBy });
  expect(await env.read({ token: claimed.token! })).toMatchObject({ itemCount: 1 });
  // The order that was given up is still remembered.
  const late = { orderId: releasedBy, cartId: null, cartToken: null, sealedAddress: null, shippingMethod: null };
  expect(await env.shop.command(quoteCart, late, { principal: ada })).toEqual({ outcome: 'claimed' });
});

test('the database itself refuses a second live cart of an owner, a 201st line and totals that do not add up', async () => {
  const [ada, kettle] = [customer(), env.sell(1_000n)];
  await env.changed('addToCart', { variantId: kettle.id }, ada);
  const refused = (sql: string) => expect(env.shop.services.db.rows(sql, [ada.id])).rejects;
  await refused('UPDATE cart SET line_count = 201, item_count = 201 WHERE owner_id = $1').toMatchObject({
    code: '23514',
  });
  await refused('UPDATE cart SET total = total + 1 WHERE owner_id = $1').toMatchObject({ code: '23514' });
  await refused(
    `INSERT INTO cart SELECT (jsonb_populate_record(cart, jsonb_build_object('id', gen_random_uuid()))).* FROM cart WHERE owner_id = $1`,
  ).toMatchObject({ code: '23505' });
});

test('migrations go back to nothing and forth again', async () => {
  const url = new URL('postgres://postgres@127.0.0.1:5432');
  url.pathname = `/souk_test_cart_${randomUUID().slice(0, 8)}`;
  await createDatabase(url.toString());
  try {
    const up = await migrate(url.toString(), cart.migrations);
    for (const name of [...up].reverse())
      expect(await migrate(url.toString(), cart.migrations, 'down')).toEqual([name]);
    expect(await migrate(url.toString(), cart.migrations)).toEqual(up);
  } finally {
    await dropDatabase(url.toString());
  }
});

test('a migration takes the address out of what was ordered before, and out of nothing else', async () => {
  const ada = customer();
  const { id: variantId } = env.sell(1_000n);
  const order = async (): Promise<string> => {
    await env.changed('addToCart', { variantId }, ada);
    await env.changed('setCartDelivery', { address: ADDRESS }, ada);
    const orderId = randomUUID();
    const input = { orderId, cartId: null, cartToken: null, sealedAddress: null, shippingMethod: null };
    expect((await env.shop.command(quoteCart, input, { principal: ada })).outcome).toBe('quoted');
    return orderId;
  };
  const addresses = (orderId: string) =>
    env.shop.services.db.rows(
      `SELECT c.sealed_address AS cart, q.answer->'quote'->>'sealedAddress' AS quote
       FROM quote q JOIN cart c ON c.id = q.cart_id WHERE q.order_id = $1`,
      [orderId],
    );
  const spent = await order();
  const [before] = await addresses(spent);
  // As it was left before there was this migration.
  await env.shop.services.db.rows(
    `WITH q AS (UPDATE quote SET state = 'SPENT' WHERE order_id = $1)
    UPDATE cart SET status = 'SPENT' WHERE order_id = $1`,
    [spent],
  );
  const claimed = await order();
  const untouched = await addresses(claimed);
  const both = { cart: expect.stringMatching(/./) as string, quote: expect.stringMatching(/./) as string };
  expect([before, ...untouched]).toEqual([both, both]);
  const runner = env.shop.services.db.dataSource.createQueryRunner();
  await new ForgetSpentAddresses1783800000010().up(runner).finally(() => runner.release());
  expect(await addresses(spent)).toEqual([{ cart: null, quote: '' }]);
  expect(await addresses(claimed)).toEqual(untouched);
});

test('the schema holds what the contract names', () => {
  for (const part of [
    'type Cart @tag(name: "partner")',
    'variant: ProductVariant',
    'type ProductVariant @key(fields: "id", resolvable: false)',
    'type User @key(fields: "id")',
    'me: User @shareable',
    'createCart(',
    'quantity: Int! = 1',
    'savedLines: [CartLine!]!',
  ]) {
    expect(env.shop.sdl).toContain(part);
  }
});
