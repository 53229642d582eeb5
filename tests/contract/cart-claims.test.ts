/** Quote, release and spend: what checkout asks of a cart. */
import { randomUUID } from 'node:crypto';
import { ANONYMOUS, type Principal } from '../../platform/auth/principal';
import { Fault } from '../../platform/errors';
import { addressInput } from '../../platform/graph/validate';
import { fromId } from '../../platform/ids';
import { quoteCart, releaseCart, spendCart } from '../../subgraphs/cart/messages';
import type { QuoteInput } from '../../subgraphs/cart/quote-cart';
import { ADDRESS, customer, startCartShop, type CartData } from '../support/cart-shop';

let env: Awaited<ReturnType<typeof startCartShop>>;
beforeAll(async () => {
  env = await startCartShop();
});
afterAll(() => env.shop.stop());
beforeEach(() => {
  env.catalog.down = false;
  env.catalog.beforeAnswer = async () => undefined;
});

const quote = (principal: Principal, part: Partial<QuoteInput> = {}) =>
  env.shop.command(
    quoteCart,
    { orderId: randomUUID(), cartId: null, cartToken: null, sealedAddress: null, shippingMethod: null, ...part },
    { principal },
  );
const release = (orderId: string) => env.shop.command(releaseCart, { orderId });
const spend = (orderId: string) => env.shop.command(spendCart, { orderId });

/** A user with kettles for 30.00 on the way to California. */
async function ready() {
  const ada = customer();
  const kettle = env.sell(1_000n);
  await env.changed('addToCart', { variantId: kettle.id, quantity: 3 }, ada);
  const cart = await env.changed('setCartDelivery', { address: ADDRESS }, ada);
  return { ada, kettle, cart, orderId: randomUUID() };
}

/** Asserts that a cart refuses every change for now. */
async function expectClaimed(cart: CartData, principal: Principal): Promise<void> {
  const before = await env.everything();
  const [line] = cart.lines;
  for (const [mutation, input] of [
    ['addToCart', { variantId: line!.variant!.id }],
    ['createCart', { lines: [{ variantId: line!.variant!.id }] }],
    ['updateCartLine', { lineId: line!.id, quantity: 9 }],
    ['removeCartLine', { lineId: line!.id }],
    ['saveForLater', { lineId: line!.id }],
    ['moveToCart', { lineId: line!.id }],
    ['setCartDelivery', { shippingMethod: 'EXPRESS' }],
  ] as const) {
    expect(await env.change(mutation, input, principal)).toMatchObject({
      cart: null,
      userErrors: [{ code: 'CONFLICT', details: { retryable: true } }],
    });
  }
  expect(await env.everything()).toEqual(before);
}

test('a quote has all that an order keeps, and the same order gets the same one again', async () => {
  const { ada, kettle, cart, orderId } = await ready();
  const first = await quote(ada, { orderId });
  if (first.outcome !== 'quoted') throw new Error('not quoted');
  expect(first).toEqual({
    outcome: 'quoted',
    quote: {
      cartId: fromId('cart', cart.id),
      ownerKind: 'user',
      ownerId: ada.id,
      currencyCode: 'USD',
      lines: [
        {
          lineId: fromId('line', cart.lines[0]!.id),
          variantId: kettle.variantId,
          productId: kettle.productId,
          sku: kettle.sku,
          productName: 'Kettle',
          variantName: 'Red',
          image: kettle.image,
          quantity: 3,
          unitPrice: 1_000n,
          discount: 0n,
          total: 3_000n,
          tax: 218n,
        },
      ],
      subtotal: 3_000n,
      discount: 0n,
      shipping: 599n,
      tax: 261n,
      total: 3_860n,
      taxIncluded: false,
      shippingMethod: 'STANDARD',
      sealedAddress: first.quote.sealedAddress,
      promoCodes: [],
      version: first.quote.version,
      expiresAt: first.quote.expiresAt,
    },
  });
  expect(first.quote.version).toBeGreaterThan(0n);
  expect(Math.abs(first.quote.expiresAt.getTime() - Date.now() - 15 * 60_000)).toBeLessThan(60_000);
  const address = env.shop.services.sealer.openJson(first.quote.sealedAddress, addressInput);
  expect(address).toEqual({ ...ADDRESS, line2: null, phone: null });
  await expectClaimed(cart, ada);
  expect(await env.read({}, ada)).toEqual(cart);

  env.sell(9_999n, kettle);
  env.catalog.down = true;
  expect(await quote(ada, { orderId, shippingMethod: 'EXPRESS' })).toEqual(first);
  await spend(orderId);
  expect(await quote(ada, { orderId })).toEqual({ ...first, quote: { ...first.quote, sealedAddress: '' } });
});

test('prices are asked for afresh; what the order says of delivery counts for it alone', async () => {
  const { ada, kettle, cart, orderId } = await ready();
  env.sell(2_000n, kettle);
  const sealedAddress = env.shop.services.sealer.sealJson({
    ...ADDRESS,
    line2: null,
    phone: null,
    countryCode: 'DE',
    region: 'Hessen',
  });
  expect(await quote(ada, { orderId, sealedAddress, shippingMethod: 'EXPRESS' })).toMatchObject({
    quote: {
      subtotal: 6_000n,
      shipping: 3_499n,
      tax: 1_140n + 665n,
      total: 11_304n,
      shippingMethod: 'EXPRESS',
      sealedAddress,
    },
  });
  await release(orderId);
  expect(await env.read({}, ada)).toMatchObject({
    delivery: cart.delivery,
    cost: { subtotal: { amount: '60.00' }, shipping: { amount: '5.99' } },
  });
});

test('released: the cart is as it was and can be changed; the order cannot claim it again', async () => {
  const { ada, cart, orderId } = await ready();
  await quote(ada, { orderId });
  expect(await release(orderId)).toEqual({});
  expect(await release(orderId)).toEqual({});
  expect(await env.read({}, ada)).toEqual(cart);
  expect(await quote(ada, { orderId })).toEqual({ outcome: 'claimed' });
  expect(await quote(ada)).toMatchObject({ outcome: 'quoted' });
});

test('an order that was given up before it was quoted is refused when its quote comes late', async () => {
  const { ada, cart, orderId } = await ready();
  await release(orderId);
  expect(await quote(ada, { orderId })).toEqual({ outcome: 'claimed' });
  expect((await env.changed('addToCart', { variantId: cart.lines[0]!.variant!.id }, ada)).itemCount).toBe(4);
});

test('released while it is being quoted: refused, and the cart is free', async () => {
  const { ada, kettle, orderId } = await ready();
  env.catalog.beforeAnswer = async () => {
    await release(orderId);
  };
  expect(await quote(ada, { orderId })).toEqual({ outcome: 'claimed' });
  expect((await env.changed('addToCart', { variantId: kettle.id }, ada)).itemCount).toBe(4);
});

test("spent: the cart is over and the owner's next one is new; releasing it does nothing", async () => {
  const { ada, kettle, cart, orderId } = await ready();
  await quote(ada, { orderId });
  expect(await spend(orderId)).toEqual({});
  expect(await spend(orderId)).toEqual({});
  await release(orderId);
  expect(await env.read({}, ada)).toBeNull();
  expect(await env.read({ id: cart.id }, ada)).toBeNull();
  expect(await quote(ada, { cartId: fromId('cart', cart.id) })).toEqual({ outcome: 'claimed' });
  expect(await quote(ada)).toEqual({ outcome: 'notFound' });
  const next = await env.changed('addToCart', { variantId: kettle.id }, ada);
  expect(next.id).not.toBe(cart.id);
  expect(next).toMatchObject({ itemCount: 1, delivery: null });
});

test('what was never claimed or has been released cannot be spent', async () => {
  const { ada, cart, orderId } = await ready();
  await expect(spend(randomUUID())).rejects.toEqual(new Fault('CONFLICT'));
  await quote(ada, { orderId });
  await release(orderId);
  await expect(spend(orderId)).rejects.toEqual(new Fault('CONFLICT'));
  expect(await env.read({}, ada)).toEqual(cart);
});

test('only the owner, or whoever holds the token, can have a cart quoted', async () => {
  const { ada, cart } = await ready();
  const guest = await env.changed('addToCart', { variantId: cart.lines[0]!.variant!.id });
  await env.changed('setCartDelivery', { token: guest.token, address: ADDRESS });
  const [ownId, guestId] = [fromId('cart', cart.id), fromId('cart', guest.id)];
  const before = await env.everything();
  for (const [principal, part] of [
    [ANONYMOUS, {}],
    [ANONYMOUS, { cartId: ownId }],
    [ANONYMOUS, { cartId: guestId }],
    [ANONYMOUS, { cartToken: 'unknown' }],
    [ANONYMOUS, { cartId: ownId, cartToken: guest.token }],
    [customer(), {}],
    [customer(), { cartId: ownId }],
    [{ ...customer(), role: 'ADMIN' as const }, { cartId: ownId }],
    [ada, { cartId: guestId }],
    [{ kind: 'service', name: 'orders' } as const, { cartId: ownId }],
  ] as const) {
    expect(await quote(principal, part)).toEqual({ outcome: 'notFound' });
  }
  expect(await env.everything()).toEqual(before);
  expect(await quote(ANONYMOUS, { cartToken: guest.token })).toMatchObject({
    quote: { ownerKind: 'guest', ownerId: guestId },
  });
  expect(await quote(ada, { cartId: ownId })).toMatchObject({ quote: { ownerKind: 'user', ownerId: ada.id } });
});

test('what stands in the way of a quote is said, and claims nothing', async () => {
  const { ada, kettle, orderId } = await ready();
  const grace = customer();
  await env.changed('createCart', {}, grace);
  await env.changed('setCartDelivery', { address: ADDRESS }, grace);
  const homeless = customer();
  await env.changed('addToCart', { variantId: kettle.id }, homeless);
  const before = await env.everything();
  expect(await quote(grace)).toEqual({ outcome: 'empty' });
  expect(await quote(homeless)).toEqual({ outcome: 'noAddress' });
  expect(await quote(ada, { shippingMethod: 'BY_OWL' })).toEqual({ outcome: 'badShippingMethod' });
  env.sell(1_000n, { ...kettle, purchasable: false });
  expect(await quote(ada, { orderId })).toEqual({ outcome: 'unavailable', lines: [{ sku: kettle.sku }] });
  env.variants.delete(kettle.variantId);
  expect(await quote(ada, { orderId })).toEqual({ outcome: 'unavailable', lines: [{ sku: kettle.sku }] });
  env.catalog.down = true;
  await expect(quote(ada, { orderId })).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect(await env.everything()).toEqual(before);
  env.catalog.down = false;
  env.sell(1_000n, kettle);
  expect(await quote(ada, { orderId })).toMatchObject({ outcome: 'quoted' });
});

test('a line put in while prices are asked for is in the quote', async () => {
  const { ada, orderId } = await ready();
  const pot = env.sell(500n);
  let once = true;
  env.catalog.beforeAnswer = async () => {
    if (!once) return;
    once = false;
    await env.changed('addToCart', { variantId: pot.id }, ada);
  };
  expect(await quote(ada, { orderId })).toMatchObject({
    quote: { subtotal: 3_500n, lines: [{ quantity: 3 }, { sku: pot.sku }] },
  });
});

test('ten orders at once for one cart: one has it; one order ten times at once: one quote', async () => {
  const one = await ready();
  const many = await Promise.all(Array.from({ length: 10 }, () => quote(one.ada)));
  expect(many.map(({ outcome }) => outcome).sort()).toEqual([...Array<string>(9).fill('claimed'), 'quoted']);

  const { ada, orderId } = await ready();
  const same = await Promise.all(Array.from({ length: 10 }, () => quote(ada, { orderId })));
  expect(same[0]).toMatchObject({ outcome: 'quoted' });
  for (const answer of same) expect(answer).toEqual(same[0]);
});

test('quote, release and change at once always end with a free cart', async () => {
  const { ada, kettle } = await ready();
  const orders = Array.from({ length: 8 }, () => randomUUID());
  await Promise.all(
    orders.flatMap((orderId) => [
      quote(ada, { orderId }),
      release(orderId),
      env.change('addToCart', { variantId: kettle.id }, ada),
    ]),
  );
  await Promise.all(orders.map(release));
  const states = await env.shop.services.db.rows<{ state: string }>(
    'SELECT DISTINCT state FROM quote WHERE order_id = ANY ($1::uuid[])',
    [orders],
  );
  expect(states).toEqual([{ state: 'RELEASED' }]);
  const { itemCount } = (await env.read({}, ada))!;
  expect((await env.changed('addToCart', { variantId: kettle.id }, ada)).itemCount).toBe(itemCount + 1);
});
