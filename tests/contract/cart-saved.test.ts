/** Lines saved for later. */
import { randomUUID } from 'node:crypto';
import { ANONYMOUS, type Principal } from '../../platform/auth/principal';
import { fromId } from '../../platform/ids';
import { cart } from '../../subgraphs/cart';
import { mergeGuestCart, quoteCart, releaseCart, spendCart } from '../../subgraphs/cart/messages';
import { productChanged } from '../../subgraphs/catalog/messages';
import { ADDRESS, customer, envelopeOf, startCartShop, statements, type LineData } from '../support/cart-shop';
import { eventually } from '../support/eventually';

let env: Awaited<ReturnType<typeof startCartShop>>;
beforeAll(async () => {
  env = await startCartShop();
});
afterAll(() => env.shop.stop());
beforeEach(() => {
  env.catalog.down = false;
});

type Wanted = { variantId: string; quantity: number }[];
const save = (line: LineData, principal?: Principal) => env.changed('saveForLater', { lineId: line.id }, principal);
const putBack = (line: LineData, principal?: Principal) => env.changed('moveToCart', { lineId: line.id }, principal);
const shapeOf = (lines: LineData[]): [string, number][] => lines.map(({ sku, quantity }) => [sku, quantity]);

/** A customer whose cart holds the first ones, with the second ones saved. */
async function withSaved(inCart: Wanted, saved: Wanted) {
  const ada = customer();
  const { lines } = await env.changed('createCart', { lines: saved }, ada);
  for (const line of lines) await save(line, ada);
  return { ada, cart: await env.changed('createCart', { lines: inCart }, ada) };
}

async function claim(principal: Principal, cartToken: string | null = null): Promise<string> {
  const orderId = randomUUID();
  const input = { orderId, cartId: null, cartToken, sealedAddress: null, shippingMethod: null };
  expect(await env.shop.command(quoteCart, input, { principal })).toMatchObject({ outcome: 'quoted' });
  return orderId;
}

/** Asserts the one user error of a mutation, and that nothing changed. */
async function refused(mutation: string, input: object, principal: Principal, error: object): Promise<void> {
  const before = await env.everything();
  const { cart: none, userErrors } = await env.change(mutation, input, principal);
  expect({ none, userErrors }).toMatchObject({ none: null, userErrors: [error] });
  expect(await env.everything()).toEqual(before);
}

test('a saved line is itself still, but counts in nothing; put back, the cart is as it was', async () => {
  const [ada, kettle, pot] = [customer(), env.sell(1_000n), env.sell(500n)];
  const [both, sale] = [
    [
      { variantId: kettle.id, quantity: 2 },
      { variantId: pot.id, quantity: 3 },
    ],
    { code: 'SAVED-10', name: 'Ten', kind: 'PERCENTAGE', percentage: 10 },
  ];
  const promotion = await env.shop.run(
    'mutation ($input: CreatePromotionInput!) { createPromotion(input: $input) { userErrors { code } } }',
    { input: sale },
    { ...customer(), role: 'ADMIN' },
  );
  expect(promotion.data).toEqual({ createPromotion: { userErrors: [] } });
  await env.changed('createCart', { lines: both }, ada);
  await env.changed('applyPromoCode', { code: sale.code }, ada);
  const full = await env.changed('setCartDelivery', { address: ADDRESS }, ada);
  const [first, second] = [full.lines[0]!, full.lines[1]!];

  env.catalog.down = true;
  const less = await save(first, ada);
  expect(less).toMatchObject({
    itemCount: 3,
    lines: [second],
    cost: {
      subtotal: { amount: '15.00' },
      discount: { amount: '1.50' },
      shipping: { amount: '5.99' },
      // 13.50 and 5.99, 7.25 %: 0.97875 -> 0.98, 0.434 -> 0.43.
      tax: { amount: '1.41' },
      total: { amount: '20.90' },
    },
    promoCodes: [{ applied: true, discount: { amount: '1.50' } }],
  });
  expect(less.savedLines).toEqual([
    { ...first, discount: less.savedLines[0]!.discount, total: less.savedLines[0]!.total },
  ]);
  expect(less.savedLines).toMatchObject([{ discount: { amount: '0.00' }, total: { amount: '20.00' } }]);
  expect(await env.read({}, ada)).toEqual(less);

  const { updatedAt } = await putBack(first, ada);
  expect(await env.read({}, ada)).toEqual({ ...full, updatedAt });
});

test('a guest saves by token; what is on its side already stays there', async () => {
  const kettle = env.sell(1_000n);
  const { token, lines } = await env.changed('addToCart', { variantId: kettle.id, quantity: 2 });
  const lineId = lines[0]!.id;
  for (let time = 0; time < 2; time += 1) {
    expect(await env.changed('saveForLater', { token, lineId })).toMatchObject({
      ...{ itemCount: 0, lines: [], savedLines: [{ id: lineId, quantity: 2 }] },
      cost: { subtotal: { amount: '0.00' }, total: { amount: '0.00' } },
    });
  }
  for (let time = 0; time < 2; time += 1) {
    expect(await env.changed('moveToCart', { token, lineId })).toMatchObject({
      ...{ itemCount: 2, lines: [{ id: lineId, quantity: 2 }], savedLines: [] },
    });
  }
});

test('units of a variant join: saved ones, and those in the cart', async () => {
  const [kettle, pot] = [env.sell(1_000n), env.sell(500n)];
  const { ada, cart: before } = await withSaved(
    [
      { variantId: kettle.id, quantity: 3 },
      { variantId: pot.id, quantity: 1 },
    ],
    [{ variantId: kettle.id, quantity: 2 }],
  );
  // Added while saved: two lines.
  expect(shapeOf(before.lines)).toEqual([[kettle.sku, 3], [pot.sku, 1]]); // prettier-ignore
  expect(shapeOf(before.savedLines)).toEqual([[kettle.sku, 2]]);

  const joined = await save(before.lines[0]!, ada);
  expect(joined).toMatchObject({
    ...{ itemCount: 1, lines: [{ sku: pot.sku }] },
    savedLines: [{ id: before.savedLines[0]!.id, quantity: 5, total: { amount: '50.00' } }],
  });
  const { lines } = await env.changed('addToCart', { variantId: kettle.id, quantity: 4 }, ada);
  const back = await putBack(joined.savedLines[0]!, ada);
  expect(back).toMatchObject({
    ...{ itemCount: 10, savedLines: [], cost: { subtotal: { amount: '95.00' } } },
    lines: [{ sku: pot.sku }, { id: lines[1]!.id, quantity: 9, total: { amount: '90.00' } }],
  });
  for (const mutation of ['saveForLater', 'moveToCart']) {
    const error = { code: 'NOT_FOUND', field: ['lineId'] };
    await refused(mutation, { lineId: before.lines[0]!.id }, ada, error);
  }
});

test('limits: 9,999 units a line, 200 lines in the cart, 200 saved, 10^12 minor units', async () => {
  const maximum = (limit: number | string) => ({
    ...{ code: 'VALIDATION_ERROR', field: ['lineId'], details: { maximum: limit } },
  });
  const kettle = env.sell(1n);
  const big = await withSaved([{ variantId: kettle.id, quantity: 5_000 }], [{ variantId: kettle.id, quantity: 5_000 }]);
  await refused('saveForLater', { lineId: big.cart.lines[0]!.id }, big.ada, maximum(9_999));
  await refused('moveToCart', { lineId: big.cart.savedLines[0]!.id }, big.ada, maximum(9_999));

  const grace = customer();
  const two = (count: number): Wanted =>
    Array.from({ length: count }, () => ({ variantId: env.sell(1n).id, quantity: 2 }));
  const { lines } = await env.changed('createCart', { lines: two(200) }, grace);
  await env.shop.services.db.rows('UPDATE cart_line SET saved = true WHERE id = ANY ($1::uuid[])', [
    lines.map(({ id }) => fromId('line', id)),
  ]);
  const more = await env.changed('createCart', { lines: two(200) }, grace);
  expect([more.lines.length, more.savedLines.length, more.itemCount]).toEqual([200, 200, 400]);
  await refused('moveToCart', { lineId: more.savedLines[0]!.id }, grace, maximum(200));
  await refused('saveForLater', { lineId: more.lines[0]!.id }, grace, maximum(200));

  const dear = env.sell(10n ** 12n);
  const rich = await withSaved([{ variantId: kettle.id, quantity: 1 }], [{ variantId: dear.id, quantity: 1 }]);
  await refused('moveToCart', { lineId: rich.cart.savedLines[0]!.id }, rich.ada, maximum('10000000000.00'));
});

test('a saved line can be dropped, and be given another quantity', async () => {
  const [kettle, pot] = [env.sell(1_000n), env.sell(500n)];
  const { ada, cart: before } = await withSaved(
    [{ variantId: pot.id, quantity: 1 }],
    [{ variantId: kettle.id, quantity: 2 }],
  );
  const lineId = before.savedLines[0]!.id;
  const more = await env.changed('updateCartLine', { lineId, quantity: 9_999 }, ada);
  expect(more).toMatchObject({
    ...{ itemCount: 1, lines: before.lines, cost: before.cost },
    savedLines: [{ id: lineId, quantity: 9_999, total: { amount: '99990.00' } }],
  });
  const gone = await env.changed('removeCartLine', { lineId }, ada);
  expect(gone).toEqual({ ...before, savedLines: [], updatedAt: gone.updatedAt });
});

test('a changed product reprices what is saved, and not the cart', async () => {
  const kettle = env.sell(1_000n);
  const { ada, cart: before } = await withSaved(
    [{ variantId: env.sell(500n).id, quantity: 1 }],
    [{ variantId: kettle.id, quantity: 3 }],
  );
  env.sell(1_250n, { ...kettle, productName: 'Better kettle' });
  const event = envelopeOf(productChanged, { productId: kettle.productId, variantIds: [kettle.variantId] });
  expect(await cart.start(env.shop.services).consumers[0]!.handle(event)).toBe('done');
  const after = (await env.read({}, ada))!;
  expect(after.savedLines).toMatchObject([
    { productName: 'Better kettle', unitPrice: { amount: '12.50' }, total: { amount: '37.50' } },
  ]);
  expect({ ...after, savedLines: before.savedLines }).toEqual(before);
});

test("at login a guest's saved lines come along: they add up with one's own, by the limits", async () => {
  const variants = Array.from({ length: 205 }, () => env.sell(1n));
  const [kettle, pot] = [variants[0]!, variants[1]!];
  const { ada } = await withSaved(
    [{ variantId: pot.id, quantity: 1 }],
    [
      { variantId: kettle.id, quantity: 6_000 },
      { variantId: variants[204]!.id, quantity: 1 },
    ],
  );
  const guest = await env.changed('createCart', {
    lines: variants.slice(0, 200).map(({ id }) => ({ variantId: id, quantity: 5_000 })),
  });
  await env.shop.services.db.rows('UPDATE cart_line SET saved = true WHERE cart_id = $1', [fromId('cart', guest.id)]);
  await env.changed('addToCart', { token: guest.token, variantId: kettle.id, quantity: 7 });

  expect(await env.shop.command(mergeGuestCart, { userId: ada.id, cartToken: guest.token! })).toEqual({ merged: true });
  const merged = (await env.read({}, ada))!;
  expect(shapeOf(merged.lines)).toEqual([[pot.sku, 1], [kettle.sku, 7]]); // prettier-ignore
  expect(merged).toMatchObject({ itemCount: 8, cost: { total: { amount: '0.08' } } });
  // 198 of the guest's had room, and one's own kettle and the last variant.
  expect(shapeOf(merged.savedLines)).toEqual([
    [kettle.sku, 9_999],
    [variants[204]!.sku, 1],
    ...variants.slice(1, 199).map(({ sku }) => [sku, 5_000]),
  ]);
  expect(await env.read({ token: guest.token! })).toBeNull();
});

test('an order does not see what is saved, and leaves it in the next cart', async () => {
  const [kettle, pot] = [env.sell(1_000n), env.sell(500n)];
  const { ada, cart: before } = await withSaved(
    [{ variantId: pot.id, quantity: 2 }],
    [{ variantId: kettle.id, quantity: 3 }],
  );
  await env.changed('setCartDelivery', { address: ADDRESS }, ada);
  // Cannot be bought any more: it does not stand in the way.
  env.sell(1_000n, { ...kettle, purchasable: false });
  const given = await claim(ada);
  await refused('moveToCart', { lineId: before.savedLines[0]!.id }, ada, { code: 'CONFLICT' });
  await env.shop.command(releaseCart, { orderId: given });
  expect((await env.read({}, ada))!).toMatchObject({ lines: before.lines, savedLines: before.savedLines });

  const orderId = await claim(ada);
  const quoted = { orderId, cartId: null, cartToken: null, sealedAddress: null, shippingMethod: null };
  expect(await env.shop.command(quoteCart, quoted, { principal: ada })).toMatchObject({
    quote: { lines: [{ variantId: pot.variantId }], subtotal: 1_000n },
  });
  for (let time = 0; time < 2; time += 1) await env.shop.command(spendCart, { orderId });
  const next = (await env.read({}, ada))!;
  expect(next.id).not.toBe(before.id);
  expect(next).toMatchObject({
    ...{ itemCount: 0, lines: [], savedLines: before.savedLines, delivery: null },
    cost: { total: { amount: '0.00' } },
  });
  expect(await env.read({ id: before.id }, ada)).toBeNull();
  expect((await putBack(next.savedLines[0]!, ada)).lines).toEqual(before.savedLines);
});

test("a guest's saved lines end with the cart that is ordered", async () => {
  const [kettle, pot] = [env.sell(1_000n), env.sell(500n)];
  const { id, token, lines } = await env.changed('createCart', {
    lines: [
      { variantId: pot.id, quantity: 1 },
      { variantId: kettle.id, quantity: 1 },
    ],
  });
  await env.changed('setCartDelivery', { token, address: ADDRESS });
  await env.changed('saveForLater', { token, lineId: lines[1]!.id });
  await env.shop.command(spendCart, { orderId: await claim(ANONYMOUS, token) });
  expect(await env.read({ token: token! })).toBeNull();
  const left = 'SELECT id FROM cart_line WHERE cart_id = $1';
  expect(await env.shop.services.db.rows(left, [fromId('cart', id)])).toEqual([]);
});

test('a cart with nothing but saved lines is empty to an order', async () => {
  const { ada } = await withSaved([], [{ variantId: env.sell(1_000n).id, quantity: 1 }]);
  await env.changed('setCartDelivery', { address: ADDRESS }, ada);
  const before = await env.everything();
  const input = { orderId: randomUUID(), cartId: null, cartToken: null, sealedAddress: null, shippingMethod: null };
  expect(await env.shop.command(quoteCart, input, { principal: ada })).toEqual({ outcome: 'empty' });
  expect(await env.everything()).toEqual(before);
});

test('at once: no unit is lost or doubled', async () => {
  const kettle = env.sell(100n);
  const { ada, cart: before } = await withSaved(
    [{ variantId: kettle.id, quantity: 30 }],
    [{ variantId: kettle.id, quantity: 70 }],
  );
  const lineIds = [before.lines[0]!.id, before.savedLines[0]!.id];
  const moves = ['saveForLater', 'moveToCart'].flatMap((mutation) => lineIds.map((lineId) => ({ mutation, lineId })));
  const results = await Promise.all(
    [...moves, ...moves, ...moves].map(({ mutation, lineId }) => env.change(mutation, { lineId }, ada)),
  );
  expect(results.flatMap(({ errors }) => errors)).toEqual([]);
  for (const { userErrors } of results) for (const { code } of userErrors) expect(code).toBe('NOT_FOUND');
  const after = (await env.read({}, ada))!;
  expect(shapeOf([...after.lines, ...after.savedLines])).toEqual([[kettle.sku, 100]]);
  expect(after.itemCount).toBe(after.lines.length * 100);
});

test('moved and removed while the cart is being spent: found in the next one', async () => {
  const [kettle, pot, mug] = [env.sell(100n), env.sell(100n), env.sell(100n)];
  const { ada, cart: before } = await withSaved(
    [{ variantId: pot.id, quantity: 1 }],
    [
      { variantId: kettle.id, quantity: 5 },
      { variantId: mug.id, quantity: 2 },
    ],
  );
  await env.changed('setCartDelivery', { address: ADDRESS }, ada);
  const orderId = await claim(ada);
  const waiting = (count: number) =>
    eventually(async () => {
      const sql = `SELECT 1 AS one FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      expect(await env.shop.services.db.rows(sql)).toHaveLength(count);
    });
  const work = await env.shop.services.db.transaction(async (tx) => {
    await tx.query('SELECT 1 FROM cart WHERE id = $1 FOR UPDATE', [fromId('cart', before.id)]);
    const spent = env.shop.command(spendCart, { orderId });
    await waiting(1);
    const [first, second] = before.savedLines;
    const changes = [putBack(first!, ada), env.changed('removeCartLine', { lineId: second!.id }, ada)];
    await waiting(3);
    return { all: [spent, ...changes] };
  });
  await Promise.all(work.all);
  const after = (await env.read({}, ada))!;
  expect(after.id).not.toBe(before.id);
  expect(after).toMatchObject({ itemCount: 5, savedLines: [], lines: [{ id: before.savedLines[0]!.id, quantity: 5 }] });
});

test('statements: as many with 1 saved line as with 199, and both lists are read by one', async () => {
  const costOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = await statements();
    await work();
    return (await statements()) - before;
  };
  const costs: number[][] = [];
  for (const count of [1, 199]) {
    const ada = customer();
    const lines = Array.from({ length: 1 + count }, () => ({ variantId: env.sell(100n).id, quantity: 1 }));
    const { lines: [first, ...others] } = await env.changed('createCart', { lines }, ada); // prettier-ignore
    await env.shop.services.db.rows('UPDATE cart_line SET saved = true WHERE id = ANY ($1::uuid[])', [
      others.map((line) => fromId('line', line.id)),
    ]);
    const saving = await costOf(() => save(first!, ada));
    const moving = await costOf(() => putBack(first!, ada));
    costs.push([saving, moving, await costOf(() => env.read({}, ada))]);
  }
  expect(costs[1]).toEqual(costs[0]);
  expect(costs[0]).toEqual([4, 4, 2]);
});

test('the database itself refuses a second saved line of a variant, and a discount on one', async () => {
  const { ada } = await withSaved([], [{ variantId: env.sell(1_000n).id, quantity: 1 }]);
  const mine = 'cart_id = (SELECT id FROM cart WHERE owner_id = $1)';
  const sql = (text: string) => expect(env.shop.services.db.rows(text, [ada.id])).rejects;
  await sql(`UPDATE cart_line SET discount = 1, total = total - 1 WHERE ${mine}`).toMatchObject({ code: '23514' });
  await sql(
    `INSERT INTO cart_line SELECT (jsonb_populate_record(cart_line, jsonb_build_object('id', gen_random_uuid()))).*
     FROM cart_line WHERE ${mine}`,
  ).toMatchObject({ code: '23505' });
});
