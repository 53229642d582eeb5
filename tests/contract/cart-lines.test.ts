/** Filling and changing a cart. */
import { randomUUID } from 'node:crypto';
import { ANONYMOUS } from '../../platform/auth/principal';
import { toId } from '../../platform/ids';
import { ADDRESS, CART, customer, startCartShop } from '../support/cart-shop';
import { apiClient } from '../support/principals';

let env: Awaited<ReturnType<typeof startCartShop>>;
beforeAll(async () => {
  env = await startCartShop();
});
afterAll(() => env.shop.stop());
beforeEach(() => {
  env.catalog.down = false;
});

test('a guest fills a cart: the token in the payload leads back to it', async () => {
  const kettle = env.sell(2_999n);
  const cart = await env.changed('addToCart', { variantId: kettle.id, quantity: 2 });
  expect(cart).toMatchObject({
    itemCount: 2,
    buyer: null,
    delivery: null,
    lines: [
      {
        quantity: 2,
        sku: kettle.sku,
        productName: 'Kettle',
        variantName: 'Red',
        image: { url: 'http://127.0.0.1/images/kettle.svg' },
        variant: { id: kettle.id },
        unitPrice: { amount: '29.99' },
        discount: { amount: '0.00' },
        total: { amount: '59.98' },
      },
    ],
    cost: {
      subtotal: { amount: '59.98', currencyCode: 'USD' },
      discount: { amount: '0.00' },
      shipping: null,
      tax: null,
      total: { amount: '59.98' },
      taxIncluded: false,
    },
  });
  expect(cart.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(await env.read({ token: cart.token! })).toEqual(cart);
  expect(await env.read({ token: cart.token!, id: cart.id })).toEqual(cart);
  const [stored] = await env.shop.services.db.rows<{ all: string }>(
    'SELECT cart::text AS all FROM cart WHERE token_hash IS NOT NULL',
  );
  expect(stored!.all).not.toContain(cart.token);
});

test("a user's cart is one, made when missing, without a token", async () => {
  const [ada, kettle, pot] = [customer(), env.sell(1_000n), env.sell(500n)];
  expect(await env.read({}, ada)).toBeNull();
  const first = await env.changed('addToCart', { variantId: kettle.id, quantity: 1 }, ada);
  const second = await env.changed('addToCart', { variantId: pot.id }, ada);
  expect(second).toMatchObject({ id: first.id, token: null, itemCount: 2, buyer: { id: toId('user', ada.id) } });
  expect(second.lines.map(({ variant }) => variant)).toEqual([{ id: kettle.id }, { id: pot.id }]);
  expect(await env.read({}, ada)).toEqual(second);
  expect(await env.read({ id: first.id }, ada)).toEqual(second);
  const me = await env.shop.run(`{ me { id cart { id } } }`, {}, ada);
  expect(me.data).toEqual({ me: { id: toId('user', ada.id), cart: { id: first.id } } });
});

test('createCart: a new one for each guest, the same one for a user, with lines that add up', async () => {
  const [ada, kettle] = [customer(), env.sell(1_000n)];
  const create = (principal = ANONYMOUS) =>
    env.shop.run(`mutation { createCart { cart ${CART} userErrors { code } } }`, {}, principal);
  const [one, two] = [await create(), await create()];
  expect(one.data).toMatchObject({
    createCart: { cart: { itemCount: 0, lines: [], cost: { total: { amount: '0.00' } } }, userErrors: [] },
  });
  expect((one.data!['createCart'] as { cart: { id: string } }).cart.id).not.toBe(
    (two.data!['createCart'] as { cart: { id: string } }).cart.id,
  );

  const lines = [{ variantId: kettle.id, quantity: 2 }, { variantId: kettle.id }];
  const own = await env.changed('createCart', { lines }, ada);
  expect(own.lines.map(({ quantity }) => quantity)).toEqual([3]);
  expect((await env.changed('createCart', {}, ada)).id).toBe(own.id);

  const before = await env.everything();
  const unknown = await env.change('createCart', { lines: [...lines, { variantId: toId('var', randomUUID()) }] }, ada);
  expect(unknown).toMatchObject({
    cart: null,
    userErrors: [{ code: 'NOT_FOUND', field: ['lines', '2', 'variantId'] }],
  });
  expect(await env.everything()).toEqual(before);
});

test('lines change and go, at the price they have, also while the catalog is down', async () => {
  const [ada, kettle, pot, other] = [customer(), env.sell(1_000n), env.sell(500n), env.sell(1n)];
  await env.changed('addToCart', { variantId: kettle.id, quantity: 2 }, ada);
  const { lines } = await env.changed('addToCart', { variantId: pot.id, quantity: 1 }, ada);
  env.catalog.down = true;
  const more = await env.changed('updateCartLine', { lineId: lines[1]!.id, quantity: 9_999 }, ada);
  expect(more).toMatchObject({ itemCount: 10_001, cost: { total: { amount: '50015.00' } } });
  const added = await env.changed('addToCart', { variantId: kettle.id, quantity: 3 }, ada);
  expect(added.lines[0]).toMatchObject({ quantity: 5, total: { amount: '50.00' } });
  const less = await env.changed('removeCartLine', { lineId: lines[1]!.id }, ada);
  expect(less).toMatchObject({ itemCount: 5, lines: [{ id: lines[0]!.id }], cost: { total: { amount: '50.00' } } });

  const before = await env.everything();
  for (const [mutation, input] of [
    ['addToCart', { variantId: other.id }],
    ['createCart', { lines: [{ variantId: kettle.id }] }],
  ] as const) {
    const result = await env.change(mutation, input, ada);
    expect(result.cart).toBeNull();
    expect(result.errors).toMatchObject([{ path: [mutation], extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
  }
  expect(await env.everything()).toEqual(before);
});

test('delivery: tax by region and shipping by zone, the standard method until one is chosen', async () => {
  const [ada, kettle] = [customer(), env.sell(1_000n)];
  await env.changed('addToCart', { variantId: kettle.id, quantity: 3 }, ada);
  const known = await env.changed('setCartDelivery', { address: ADDRESS }, ada);
  // 30.00 and 5.99, 7.25 %: 2.175 -> 2.18 (half to even), 0.434 -> 0.43.
  expect(known.cost).toMatchObject({
    shipping: { amount: '5.99' },
    tax: { amount: '2.61' },
    total: { amount: '38.60' },
  });
  expect(known.delivery).toEqual({ address: { ...ADDRESS, line2: null, phone: null }, shippingMethod: null });
  const express = await env.changed('setCartDelivery', { shippingMethod: 'EXPRESS' }, ada);
  expect(express).toMatchObject({
    delivery: { address: { city: 'Cupertino' }, shippingMethod: 'EXPRESS' },
    cost: { shipping: { amount: '14.99' }, tax: { amount: '3.27' }, total: { amount: '48.26' } },
  });
  const germany = await env.changed(
    'setCartDelivery',
    { address: { ...ADDRESS, region: null, countryCode: 'DE' } },
    ada,
  );
  expect(germany.cost).toMatchObject({
    shipping: { amount: '34.99' },
    tax: { amount: '12.35' },
    total: { amount: '77.34' },
  });
  expect(germany.shippingOptions.map(({ method, price }) => [method, price.amount])).toEqual([
    ['STANDARD', '14.99'],
    ['EXPRESS', '34.99'],
  ]);
  const [stored] = await env.shop.services.db.rows<{ all: string }>(
    'SELECT cart::text AS all FROM cart WHERE owner_id = $1',
    [ada.id],
  );
  for (const personal of ['Ada Byron', '1 Loop', 'Cupertino', '95014']) expect(stored!.all).not.toContain(personal);

  const emptied = await env.changed('removeCartLine', { lineId: germany.lines[0]!.id }, ada);
  expect(emptied.cost).toMatchObject({
    shipping: { amount: '0.00' },
    tax: { amount: '0.00' },
    total: { amount: '0.00' },
  });
});

test('limits: 9,999 units a line, 200 lines a cart, 10^12 minor units', async () => {
  const ada = customer();
  const variants = Array.from({ length: 201 }, () => env.sell(1n));
  const lines = variants.slice(0, 200).map(({ id }) => ({ variantId: id }));
  const full = await env.changed('createCart', { lines }, ada);
  expect(full).toMatchObject({ itemCount: 200, cost: { total: { amount: '2.00' } } });
  await env.changed('addToCart', { variantId: variants[0]!.id, quantity: 9_998 }, ada);

  const grace = customer();
  const dear = env.sell(10n ** 12n);
  await env.changed('addToCart', { variantId: dear.id }, grace);
  const before = await env.everything();
  expect(await env.change('addToCart', { variantId: variants[200]!.id }, ada)).toMatchObject({
    cart: null,
    userErrors: [{ code: 'VALIDATION_ERROR', field: ['variantId'], details: { maximum: 200 } }],
  });
  expect(await env.change('createCart', { lines: variants.map(({ id }) => ({ variantId: id })) })).toMatchObject({
    cart: null,
    userErrors: [{ code: 'VALIDATION_ERROR', field: ['lines'], details: { maximum: 200 } }],
  });
  expect(await env.change('addToCart', { variantId: variants[0]!.id }, ada)).toMatchObject({
    cart: null,
    userErrors: [{ code: 'VALIDATION_ERROR', field: ['quantity'], details: { maximum: 9_999 } }],
  });
  expect(await env.change('addToCart', { variantId: variants[0]!.id }, grace)).toMatchObject({
    cart: null,
    userErrors: [{ code: 'VALIDATION_ERROR', field: ['quantity'], details: { maximum: '10000000000.00' } }],
  });
  expect(await env.everything()).toEqual(before);
});

test('bad input of every kind gets its error and changes nothing', async () => {
  const ada = customer();
  const [kettle, gone] = [env.sell(1_000n), env.sell(1_000n, { purchasable: false })];
  const { lines } = await env.changed('addToCart', { variantId: kettle.id }, ada);
  const lineId = lines[0]!.id;
  const before = await env.everything();
  const over = { maximum: 9_999 };
  const matrix: [string, object, string, string[], object | null][] = [
    ['addToCart', { variantId: kettle.id, quantity: 0 }, 'VALIDATION_ERROR', ['quantity'], { minimum: 1 }],
    ['addToCart', { variantId: kettle.id, quantity: -1 }, 'VALIDATION_ERROR', ['quantity'], { minimum: 1 }],
    ['addToCart', { variantId: kettle.id, quantity: 10_000 }, 'VALIDATION_ERROR', ['quantity'], over],
    ['addToCart', { variantId: 'nonsense' }, 'VALIDATION_ERROR', ['variantId'], { prefix: 'var' }],
    ['addToCart', { variantId: '' }, 'VALIDATION_ERROR', ['variantId'], { prefix: 'var' }],
    ['addToCart', { variantId: lineId }, 'VALIDATION_ERROR', ['variantId'], { prefix: 'var' }],
    ['addToCart', { variantId: toId('var', randomUUID()) }, 'NOT_FOUND', ['variantId'], null],
    ['addToCart', { variantId: gone.id }, 'NOT_FOUND', ['variantId'], null],
    ['addToCart', { variantId: kettle.id, cartId: 'cart_' }, 'VALIDATION_ERROR', ['cartId'], { prefix: 'cart' }],
    ['addToCart', { variantId: kettle.id, cartId: kettle.id }, 'VALIDATION_ERROR', ['cartId'], { prefix: 'cart' }],
    ['addToCart', { variantId: kettle.id, cartId: toId('cart', randomUUID()) }, 'NOT_FOUND', ['cartId'], null],
    ['addToCart', { variantId: kettle.id, token: '' }, 'VALIDATION_ERROR', ['token'], { minimum: 1 }],
    [
      'addToCart',
      { variantId: kettle.id, token: 'x'.repeat(2_049) },
      'VALIDATION_ERROR',
      ['token'],
      { maximum: 2_048 },
    ],
    ['addToCart', { variantId: kettle.id, token: 'unknown' }, 'NOT_FOUND', ['token'], null],
    [
      'createCart',
      { lines: [{ variantId: kettle.id, quantity: 0 }] },
      'VALIDATION_ERROR',
      ['lines', '0', 'quantity'],
      { minimum: 1 },
    ],
    ['updateCartLine', { lineId, quantity: 0 }, 'VALIDATION_ERROR', ['quantity'], { minimum: 1 }],
    ['updateCartLine', { lineId, quantity: -1 }, 'VALIDATION_ERROR', ['quantity'], { minimum: 1 }],
    ['updateCartLine', { lineId, quantity: 10_000 }, 'VALIDATION_ERROR', ['quantity'], over],
    ['updateCartLine', { lineId: kettle.id, quantity: 1 }, 'VALIDATION_ERROR', ['lineId'], { prefix: 'line' }],
    ['updateCartLine', { lineId: toId('line', randomUUID()), quantity: 1 }, 'NOT_FOUND', ['lineId'], null],
    ['removeCartLine', { lineId: toId('line', randomUUID()) }, 'NOT_FOUND', ['lineId'], null],
    ['removeCartLine', { lineId: 'line_x' }, 'VALIDATION_ERROR', ['lineId'], { prefix: 'line' }],
    ['saveForLater', { lineId: toId('line', randomUUID()) }, 'NOT_FOUND', ['lineId'], null],
    ['saveForLater', { lineId: 'line_x' }, 'VALIDATION_ERROR', ['lineId'], { prefix: 'line' }],
    ['saveForLater', { lineId, token: 'unknown' }, 'NOT_FOUND', ['token'], null],
    ['moveToCart', { lineId: toId('line', randomUUID()) }, 'NOT_FOUND', ['lineId'], null],
    ['moveToCart', { lineId: kettle.id }, 'VALIDATION_ERROR', ['lineId'], { prefix: 'line' }],
    ['moveToCart', { lineId, cartId: toId('cart', randomUUID()) }, 'NOT_FOUND', ['cartId'], null],
    [
      'setCartDelivery',
      { address: { ...ADDRESS, countryCode: 'XX' } },
      'VALIDATION_ERROR',
      ['address', 'countryCode'],
      null,
    ],
    ['setCartDelivery', { address: { ...ADDRESS, name: '' } }, 'VALIDATION_ERROR', ['address', 'name'], { minimum: 1 }],
    [
      'setCartDelivery',
      { address: { ...ADDRESS, city: 'x'.repeat(201) } },
      'VALIDATION_ERROR',
      ['address', 'city'],
      { maximum: 200 },
    ],
    [
      'setCartDelivery',
      { shippingMethod: 'BY_OWL' },
      'VALIDATION_ERROR',
      ['shippingMethod'],
      { allowed: ['STANDARD', 'EXPRESS'] },
    ],
    ['mergeCart', { token: '' }, 'VALIDATION_ERROR', ['token'], { minimum: 1 }],
    ['mergeCart', { token: 'unknown' }, 'NOT_FOUND', ['token'], null],
  ];
  for (const [mutation, input, code, field, details] of matrix) {
    const result = await env.change(mutation, input, ada);
    expect({ mutation, input, ...result }).toMatchObject({ cart: null, errors: [] });
    expect({ mutation, input, first: result.userErrors[0] }).toMatchObject({ first: { code, field, details } });
    expect(result.userErrors[0]!.message).not.toContain('BY_OWL');
  }
  for (const quantity of [2 ** 31, 1.5, '1', null]) {
    const result = await env.change('updateCartLine', { lineId, quantity }, ada);
    expect(result.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  }
  expect(await env.everything()).toEqual(before);
});

test("nobody reads or changes somebody else's cart, and it looks as if it were not there", async () => {
  const [ada, eve, kettle] = [customer(), customer(), env.sell(1_000n)];
  const own = await env.changed('addToCart', { variantId: kettle.id }, ada);
  const guest = await env.changed('addToCart', { variantId: kettle.id });
  const other = await env.changed('addToCart', { variantId: kettle.id });
  const before = await env.everything();
  const strangers = [
    [eve, { cartId: own.id }],
    [ANONYMOUS, { cartId: own.id }],
    [{ ...eve, role: 'ADMIN' as const }, { cartId: own.id }],
    [{ ...eve, role: 'SUPPORT' as const }, { cartId: own.id }],
    [{ kind: 'guest', id: randomUUID() } as const, { cartId: own.id }],
    [apiClient({ id: ada.id, ownerId: ada.id }), { cartId: own.id }],
    [ANONYMOUS, { cartId: guest.id }],
    [ada, { cartId: guest.id }],
    [ANONYMOUS, { cartId: guest.id, token: other.token! }],
    [ANONYMOUS, { cartId: own.id, token: guest.token! }],
  ] as const;
  for (const [principal, reference] of strangers) {
    const { cartId: id, ...rest } = reference;
    expect(await env.read({ id, ...rest }, principal)).toBeNull();
    const victim = id === own.id ? own : guest;
    for (const [mutation, input] of [
      ['addToCart', { variantId: kettle.id }],
      ['updateCartLine', { lineId: victim.lines[0]!.id, quantity: 2 }],
      ['removeCartLine', { lineId: victim.lines[0]!.id }],
      ['saveForLater', { lineId: victim.lines[0]!.id }],
      ['moveToCart', { lineId: victim.lines[0]!.id }],
      ['setCartDelivery', { address: ADDRESS }],
    ] as const) {
      expect(await env.change(mutation, { ...reference, ...input }, principal)).toMatchObject({
        cart: null,
        errors: [],
        userErrors: [{ code: 'NOT_FOUND', field: ['cartId'] }],
      });
    }
  }
  // A line of another cart is not found in one's own.
  for (const [mutation, input] of [
    ['updateCartLine', { lineId: own.lines[0]!.id, quantity: 2 }],
    ['removeCartLine', { lineId: own.lines[0]!.id }],
    ['saveForLater', { lineId: own.lines[0]!.id }],
    ['moveToCart', { lineId: own.lines[0]!.id }],
  ] as const) {
    for (const reference of [{ token: guest.token }, {}]) {
      expect(await env.change(mutation, { ...reference, ...input })).toMatchObject({
        cart: null,
        userErrors: [{ code: 'NOT_FOUND', field: ['lineId'] }],
      });
    }
  }
  expect(await env.change('mergeCart', { token: guest.token })).toMatchObject({
    cart: null,
    errors: [{ extensions: { code: 'UNAUTHENTICATED' } }],
  });
  for (const id of ['nonsense', kettle.id, toId('cart', randomUUID()), ''])
    expect(await env.read({ id }, ada)).toBeNull();
  for (const token of ['', 'unknown', 'x'.repeat(5_000)]) expect(await env.read({ token }, ada)).toBeNull();
  const others = await env.shop.run(
    `query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { id cart { id } } } }`,
    { of: [ada.id, eve.id].map((id) => ({ __typename: 'User', id: toId('user', id) })) },
    eve,
  );
  expect(others.data).toEqual({
    _entities: [
      { id: toId('user', ada.id), cart: null },
      { id: toId('user', eve.id), cart: null },
    ],
  });
  expect(await env.everything()).toEqual(before);
});

test('twenty at once: units of one variant sum up, and a user without a cart gets one', async () => {
  const [ada, kettle] = [customer(), env.sell(100n)];
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      env.changed('addToCart', { variantId: kettle.id, quantity: index + 1 }, ada),
    ),
  );
  expect(new Set(results.map(({ id }) => id)).size).toBe(1);
  expect(await env.read({}, ada)).toMatchObject({
    itemCount: 210,
    lines: [{ quantity: 210 }],
    cost: { total: { amount: '210.00' } },
  });
});

test('at once at the limit: a cart never holds more than 200 lines', async () => {
  const ada = customer();
  const variants = Array.from({ length: 210 }, () => env.sell(1n));
  await env.changed('createCart', { lines: variants.slice(0, 195).map(({ id }) => ({ variantId: id })) }, ada);
  const results = await Promise.all(
    variants.slice(195).map(({ id }) => env.change('addToCart', { variantId: id }, ada)),
  );
  expect(results.filter(({ cart }) => cart !== null)).toHaveLength(5);
  expect(
    results.flatMap(({ userErrors }) => userErrors).filter(({ code }) => code === 'VALIDATION_ERROR'),
  ).toHaveLength(10);
  expect((await env.read({}, ada))!.lines).toHaveLength(200);
});
