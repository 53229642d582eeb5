/** A guest cart goes into a user's cart. */
import { randomUUID } from 'node:crypto';
import { mergeGuestCart, quoteCart } from '../../subgraphs/cart/messages';
import { ADDRESS, customer, startCartShop, type TestVariant } from '../support/cart-shop';

let env: Awaited<ReturnType<typeof startCartShop>>;
let kettle: TestVariant;
let pot: TestVariant;
beforeAll(async () => {
  env = await startCartShop();
  kettle = env.sell(1_000n);
  pot = env.sell(500n);
});
afterAll(() => env.shop.stop());

const merge = (userId: string, cartToken: string): Promise<{ merged: boolean }> =>
  env.shop.command(mergeGuestCart, { userId, cartToken });
const guestCart = (...lines: { variantId: string; quantity: number }[]) => env.changed('createCart', { lines });
const shapeOf = (lines: { sku: string; quantity: number }[]): [string, number][] =>
  lines.map(({ sku, quantity }) => [sku, quantity]);

test('at login: lines move, quantities sum, the guest cart is gone; once more changes nothing', async () => {
  const ada = customer();
  await env.changed('addToCart', { variantId: kettle.id, quantity: 2 }, ada);
  const guest = await guestCart({ variantId: pot.id, quantity: 1 }, { variantId: kettle.id, quantity: 3 });
  await env.changed('setCartDelivery', { token: guest.token, address: ADDRESS, shippingMethod: 'EXPRESS' });

  expect(await merge(ada.id, guest.token!)).toEqual({ merged: true });
  const own = (await env.read({}, ada))!;
  expect(shapeOf(own.lines)).toEqual([
    [kettle.sku, 5],
    [pot.sku, 1],
  ]);
  expect(own).toMatchObject({
    token: null,
    delivery: { address: { city: 'Cupertino' }, shippingMethod: 'EXPRESS' },
    cost: {
      subtotal: { amount: '55.00' },
      shipping: { amount: '14.99' },
      tax: { amount: '5.07' },
      total: { amount: '75.06' },
    },
  });
  expect(await env.read({ token: guest.token! })).toBeNull();
  expect(await env.change('addToCart', { token: guest.token, variantId: pot.id })).toMatchObject({
    cart: null,
    userErrors: [{ code: 'NOT_FOUND', field: ['token'] }],
  });

  const before = await env.everything();
  expect(await merge(ada.id, guest.token!)).toEqual({ merged: true });
  expect(await env.changed('mergeCart', { token: guest.token }, ada)).toEqual(own);
  // Somebody else who comes by the token gets nothing, and no cart is made for them.
  const eve = customer();
  expect(await merge(eve.id, guest.token!)).toEqual({ merged: false });
  expect(await env.change('mergeCart', { token: guest.token }, eve)).toMatchObject({
    cart: null,
    userErrors: [{ code: 'NOT_FOUND', field: ['token'] }],
  });
  expect(await merge(eve.id, 'unknown')).toEqual({ merged: false });
  expect(await env.everything()).toEqual(before);
});

test("a user without a cart gets one; the user's own delivery stays", async () => {
  const [ada, grace] = [customer(), customer()];
  const first = await guestCart({ variantId: pot.id, quantity: 4 });
  const merged = await env.changed('mergeCart', { token: first.token }, ada);
  expect(shapeOf(merged.lines)).toEqual([[pot.sku, 4]]);

  await env.changed('setCartDelivery', { address: { ...ADDRESS, city: 'Albany', region: 'NY' } }, grace);
  const second = await guestCart({ variantId: pot.id, quantity: 1 });
  await env.changed('setCartDelivery', { token: second.token, address: ADDRESS });
  const kept = await env.changed('mergeCart', { token: second.token }, grace);
  expect(kept.delivery).toMatchObject({ address: { city: 'Albany' } });
});

test('sums stop at 9,999 units and 200 lines', async () => {
  const ada = customer();
  const variants = Array.from({ length: 210 }, () => env.sell(1n));
  const lines = (from: number, to: number, quantity: number) =>
    variants.slice(from, to).map(({ id }) => ({ variantId: id, quantity }));
  await env.changed('createCart', { lines: lines(0, 150, 6_000) }, ada);
  const guest = await guestCart(...lines(100, 210, 5_000));
  const { lines: merged } = await env.changed('mergeCart', { token: guest.token }, ada);
  expect(shapeOf(merged)).toEqual(
    variants.slice(0, 200).map(({ sku }, index) => [sku, index < 100 ? 6_000 : index < 150 ? 9_999 : 5_000]),
  );
});

test('a cart that would get too dear, or is claimed by an order, is not merged and stays what it was', async () => {
  const ada = customer();
  const dear = env.sell(10n ** 12n);
  await env.changed('addToCart', { variantId: dear.id }, ada);
  const [rich, claimed] = [
    await guestCart({ variantId: kettle.id, quantity: 1 }),
    await guestCart({ variantId: pot.id, quantity: 1 }),
  ];
  await env.changed('setCartDelivery', { token: claimed.token, address: ADDRESS });
  const orderId = randomUUID();
  const quote = { orderId, cartId: null, cartToken: claimed.token, sealedAddress: null, shippingMethod: null };
  expect(await env.shop.command(quoteCart, quote, { principal: { kind: 'anonymous' } })).toMatchObject({
    outcome: 'quoted',
  });

  const before = await env.everything();
  expect(await merge(ada.id, rich.token!)).toEqual({ merged: false });
  expect(await env.change('mergeCart', { token: rich.token }, ada)).toMatchObject({
    cart: null,
    userErrors: [{ code: 'VALIDATION_ERROR', field: ['token'] }],
  });
  const grace = customer();
  expect(await merge(grace.id, claimed.token!)).toEqual({ merged: false });
  expect(await env.change('mergeCart', { token: claimed.token }, grace)).toMatchObject({
    cart: null,
    userErrors: [{ code: 'CONFLICT', details: { retryable: true } }],
  });
  expect(await env.everything()).toEqual(before);
});

test('merged from many sides at once, every unit arrives once', async () => {
  const ada = customer();
  const guests = await Promise.all(Array.from({ length: 6 }, () => guestCart({ variantId: kettle.id, quantity: 10 })));
  const adds = Array.from({ length: 6 }, () => env.changed('addToCart', { variantId: kettle.id, quantity: 1 }, ada));
  const merges = guests.flatMap(({ token }) => [merge(ada.id, token!), merge(ada.id, token!)]);
  expect(await Promise.all(merges)).toEqual(merges.map(() => ({ merged: true })));
  await Promise.all(adds);
  expect(await env.read({}, ada)).toMatchObject({
    itemCount: 66,
    lines: [{ quantity: 66 }],
    cost: { total: { amount: '660.00' } },
  });
});
