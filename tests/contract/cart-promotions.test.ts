/** Promotion codes: managing them, giving them to carts, claiming their uses without races, and giving uses back. */
import { randomUUID } from 'node:crypto';
import type { EventEnvelope } from '../../platform/bus/bus';
import { ANONYMOUS, type Principal, type Role } from '../../platform/auth/principal';
import { hashSecretToken } from '../../platform/auth/secret-token';
import { codeOf } from '../../platform/errors';
import { fromId, toId } from '../../platform/ids';
import { mergeGuestCart, quoteCart, releaseCart, spendCart } from '../../subgraphs/cart/messages';
import { claimUses, lockPromotions } from '../../subgraphs/cart/promotions/claim-uses';
import { productChanged } from '../../subgraphs/catalog/messages';
import { orderStatusChanged, type OrderStatus } from '../../subgraphs/orders/messages';
import {
  ADDRESS,
  customer,
  envelopeOf,
  startCartShop,
  statements,
  type CartData,
  type ErrorData,
} from '../support/cart-shop';

const now = Date.now();
let env: Awaited<ReturnType<typeof startCartShop>>;
beforeAll(async () => {
  env = await startCartShop({ clock: { now: () => new Date(now) } });
});
afterAll(() => env.shop.stop());

interface PromotionData {
  id: string;
  code: string;
  used: number;
}
const staff = (role: Role): Principal => ({ ...customer(), role });
const ADMIN = staff('ADMIN');
const PROMOTION = `{ id code name kind percentage amount { amount } buyQuantity getQuantity minimumSpend { amount } productIds variantIds
  startsAt endsAt perUserLimit totalLimit used priority exclusive active createdAt }`;

async function manage(mutation: string, input: object, principal: Principal = ADMIN) {
  const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`;
  const result = await env.shop.run(
    `mutation ($input: ${type}!) { ${mutation}(input: $input) { promotion ${PROMOTION} userErrors { code field message details } } }`,
    { input },
    principal,
  );
  const answer = result.data?.[mutation] as { promotion: PromotionData | null; userErrors: ErrorData[] } | null;
  return { promotion: answer?.promotion ?? null, userErrors: answer?.userErrors ?? [], errors: result.errors ?? [] };
}

const usd = (amount: string) => ({ amount, currencyCode: 'USD' });
/** A new promotion, 10 % off unless said otherwise; gives its code. */
async function promote(part: object = {}): Promise<string> {
  const code = `T-${randomUUID().slice(0, 13).toUpperCase()}`;
  const kind = 'kind' in part ? {} : { kind: 'PERCENTAGE', percentage: 10 };
  const { promotion, userErrors, errors } = await manage('createPromotion', { code, name: 'Test', ...kind, ...part });
  expect({ userErrors, errors }).toEqual({ userErrors: [], errors: [] });
  return promotion!.code;
}

async function list(args: object, principal: Principal = ADMIN) {
  const result = await env.shop.run(
    `query ($query: String, $active: Boolean, $first: Int, $after: String) {
      promotions(query: $query, active: $active, first: $first, after: $after) { totalCount nodes ${PROMOTION} pageInfo { hasNextPage endCursor } } }`,
    args as Record<string, unknown>,
    principal,
  );
  const page = result.data?.['promotions'] as {
    totalCount: number;
    nodes: PromotionData[];
    pageInfo: { hasNextPage: boolean; endCursor: string };
  } | null;
  return { page, errors: result.errors ?? [] };
}
const usedOf = async (code: string): Promise<number> => (await list({ query: code })).page!.nodes[0]!.used;
const uses = (): Promise<object[]> => env.shop.services.db.rows('SELECT * FROM promotion_use ORDER BY 1, 2');
const update = async (code: string, changes: object): Promise<void> => {
  const { nodes } = (await list({ query: code })).page!;
  const { userErrors, errors } = await manage('updatePromotion', { promotionId: nodes[0]!.id, ...changes });
  expect({ userErrors, errors }).toEqual({ userErrors: [], errors: [] });
};

const codesOf = (cart: CartData) =>
  cart.promoCodes.map(({ code, applied, discount, reason }) => [code, applied ? discount.amount : reason]);
const applyCode = (code: string, principal?: Principal, token?: string | null) =>
  env.changed('applyPromoCode', { code, token }, principal);
const quote = (principal: Principal, orderId: string = randomUUID(), cartToken: string | null = null) =>
  env.shop.command(
    quoteCart,
    { orderId, cartId: null, cartToken, sealedAddress: null, shippingMethod: null },
    { principal },
  );

/** Somebody with two kettles for 20.00 on the way to California. */
async function shopper(principal: Principal = customer()) {
  const kettle = env.sell(1_000n);
  const { token } = await env.changed('addToCart', { variantId: kettle.id, quantity: 2 }, principal);
  await env.changed('setCartDelivery', { token, address: ADDRESS }, principal);
  return { principal, kettle, token };
}
/** As many guest carts like this one; gives their tokens. */
async function copies(cart: CartData, count: number): Promise<string[]> {
  const tokens = Array.from({ length: count }, () => randomUUID());
  const ids = tokens.map(() => randomUUID());
  const copy = (table: string, key: string, changes: string) =>
    env.shop.services.db.rows(
      `INSERT INTO ${table} SELECT (jsonb_populate_record(${table}, jsonb_build_object(${changes}))).*
       FROM ${table}, unnest($2::uuid[], $3::text[]) AS new (new_id, hash) WHERE ${key} = $1`,
      [fromId('cart', cart.id), ids, tokens.map(hashSecretToken)],
    );
  await copy('cart', 'id', `'id', new_id, 'owner_id', new_id, 'token_hash', hash`);
  await copy('cart_line', 'cart_id', `'id', gen_random_uuid(), 'cart_id', new_id`);
  return tokens;
}
/** Orders what is in the cart; gives the order's uuid. */
async function order(principal: Principal, token?: string | null): Promise<string> {
  const orderId = randomUUID();
  expect(await quote(principal, orderId, token)).toMatchObject({ outcome: 'quoted' });
  await env.shop.command(spendCart, { orderId });
  return orderId;
}

const consume = (queue: string, event: EventEnvelope) =>
  env.shop.started.consumers.find((consumer) => consumer.queue === queue)!.handle(event);
const onStatusChanged = (event: EventEnvelope) => consume('cart.return-promotion-uses', event);
const statusChanged = (orderId: string, status: OrderStatus, version: number): EventEnvelope =>
  envelopeOf(orderStatusChanged, { orderId, status }, version);

/** Sends it again while the pool has no connection left, as checkout would. */
async function insist<Answer>(work: () => Promise<Answer>): Promise<Answer> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) !== 'SERVICE_UNAVAILABLE') throw error;
    }
  }
}

describe('managing', () => {
  test('an admin makes one of every kind, changes it, and staff find it; both acts are audited', async () => {
    const { kettle } = await shopper();
    const terms = {
      ...{ name: 'Summer', kind: 'BUY_X_GET_Y', buyQuantity: 2, getQuantity: 1, minimumSpend: usd('5.00') },
      ...{ productIds: [toId('prod', kettle.productId)], variantIds: [kettle.id], perUserLimit: 2, totalLimit: 9 },
      ...{ startsAt: '2026-06-01T00:00:00Z', endsAt: '2126-09-01T00:00:00+02:00', priority: 3, exclusive: true },
    };
    const code = `summer_${randomUUID().slice(0, 8)}-x`;
    const { promotion } = await manage('createPromotion', { code, ...terms });
    const expected = {
      ...terms,
      ...{ code: code.toUpperCase(), percentage: null, amount: null, minimumSpend: { amount: '5.00' }, used: 0 },
      ...{ active: true, startsAt: '2026-06-01T00:00:00.000Z', endsAt: '2126-08-31T22:00:00.000Z' },
      ...{ id: promotion!.id, createdAt: new Date(now).toISOString() },
    };
    expect(promotion).toEqual(expected);
    for (const query of [code, promotion!.id]) {
      expect((await list({ query }, staff('SUPPORT'))).page).toMatchObject({ totalCount: 1, nodes: [expected] });
    }
    const changes = {
      name: 'Winter',
      totalLimit: null,
      startsAt: null,
      variantIds: null,
      buyQuantity: 3,
      active: false,
    };
    const changed = { ...expected, ...changes, variantIds: [] };
    expect(await manage('updatePromotion', { promotionId: promotion!.id, ...changes })).toEqual({
      ...{ promotion: changed, userErrors: [], errors: [] },
    });
    expect((await list({ query: code })).page!.nodes).toEqual([changed]);
    const audit = await env.shop.services.db.rows<{ payload: object }>(
      `SELECT payload FROM outbox WHERE name = 'audit.recorded' AND payload->>'target' = $1 ORDER BY position`,
      [promotion!.id],
    );
    const actor = { actorKind: 'user', actorId: 'id' in ADMIN && ADMIN.id };
    expect(audit).toMatchObject([
      { payload: { ...actor, action: 'createPromotion' } },
      { payload: { ...actor, action: 'updatePromotion' } },
    ]);
  });

  test('the list goes page by page, the newest first, and narrows to the active ones', async () => {
    const codes = [await promote(), await promote({ active: false }), await promote()];
    const first = (await list({ first: 2 })).page!;
    expect(first.nodes.map(({ code }) => code)).toEqual([codes[2], codes[1]]);
    const next = (await list({ first: 2, after: first.pageInfo.endCursor })).page!;
    expect(next.nodes[0]!.code).toBe(codes[0]);
    expect((await list({ first: 1, active: false })).page!.nodes[0]!.code).toBe(codes[1]);
    const refused = await list({ first: 1, active: true, after: first.pageInfo.endCursor });
    expect(refused.errors).toMatchObject([{ extensions: { code: 'VALIDATION_ERROR' } }]);
    expect((await list({ query: 'NO-SUCH-CODE' })).page).toMatchObject({ totalCount: 0, nodes: [] });
  });

  test('nobody else may, and nothing happens', async () => {
    const [promotion] = (await list({ query: await promote() })).page!.nodes;
    const before = await env.everything();
    for (const [principal, code] of [
      [ANONYMOUS, 'UNAUTHENTICATED'],
      [customer(), 'FORBIDDEN'],
      [staff('PARTNER'), 'FORBIDDEN'],
      [staff('SUPPORT'), 'FORBIDDEN'],
    ] as const) {
      const input = { code: 'HACKED', name: 'x', kind: 'PERCENTAGE', percentage: 100 };
      const refused = [{ extensions: { code } }];
      expect(await manage('createPromotion', input, principal)).toMatchObject({ promotion: null, errors: refused });
      const change = { promotionId: promotion!.id, active: false };
      expect(await manage('updatePromotion', change, principal)).toMatchObject({ promotion: null, errors: refused });
    }
    for (const principal of [ANONYMOUS, customer(), staff('PARTNER')]) {
      expect(await list({}, principal)).toMatchObject({ page: null, errors: [{}] });
    }
    expect(await env.everything()).toEqual(before);
  });

  test.each<[object, string[], (object | null)?]>([
    [{ code: 'x'.repeat(41) }, ['code'], { maximum: 40 }],
    [{ code: 'A B' }, ['code']],
    [{ code: '' }, ['code'], { minimum: 1 }],
    [{ name: 'x'.repeat(201) }, ['name'], { maximum: 200 }],
    [{ percentage: 101 }, ['percentage'], { maximum: 100 }],
    [{ percentage: 0 }, ['percentage'], { minimum: 1 }],
    [{ percentage: null }, ['percentage']],
    [{ amount: usd('1.00') }, ['amount']],
    [{ kind: 'FIXED_AMOUNT', percentage: null }, ['amount']],
    [{ kind: 'FIXED_AMOUNT', percentage: null, amount: usd('0.00') }, ['amount']],
    [{ kind: 'FIXED_AMOUNT', percentage: null, amount: { amount: '1', currencyCode: 'EUR' } }, ['amount', 'currencyCode'], { currencyCode: 'USD' }],
    [{ kind: 'BUY_X_GET_Y', percentage: null, buyQuantity: 1 }, ['getQuantity']],
    [{ kind: 'BUY_X_GET_Y', percentage: null, buyQuantity: 1, getQuantity: 10_000 }, ['getQuantity'], { maximum: 9_999 }],
    [{ minimumSpend: usd('0') }, ['minimumSpend']],
    [{ variantIds: ['prod_01h455vb4pex5vsknk084sn02q'] }, ['variantIds', '0'], { prefix: 'var' }],
    [{ productIds: Array.from({ length: 101 }, () => toId('prod', randomUUID())) }, ['productIds'], { maximum: 100 }],
    [{ startsAt: '2026-01-01T00:00:00Z', endsAt: '2026-01-01T00:00:00Z' }, ['endsAt']],
    [{ endsAt: 'tomorrow' }, ['endsAt']],
    [{ perUserLimit: 0 }, ['perUserLimit'], { minimum: 1 }],
    [{ totalLimit: 1_000_000_001 }, ['totalLimit'], { maximum: 1_000_000_000 }],
    [{ priority: 1_001 }, ['priority'], { maximum: 1_000 }],
  ])('bad terms %# are refused by field and limit', async (part, field, details = null) => {
    const before = await env.everything();
    const input = { code: 'BAD', name: 'Bad', kind: 'PERCENTAGE', percentage: 10, ...part };
    const { promotion, userErrors } = await manage('createPromotion', input);
    expect(promotion).toBeNull();
    expect(userErrors).toMatchObject([{ code: 'VALIDATION_ERROR', field, details }]);
    expect(await env.everything()).toEqual(before);
  }); // prettier-ignore

  test('a code is taken once, whatever its case; an unknown promotion is not found', async () => {
    const code = await promote();
    const input = { code: code.toLowerCase(), name: 'Again', kind: 'FREE_SHIPPING' };
    expect(await manage('createPromotion', input)).toMatchObject({
      ...{ promotion: null, userErrors: [{ code: 'CONFLICT', field: ['code'] }] },
    });
    expect(await manage('updatePromotion', { promotionId: toId('promo', randomUUID()) })).toMatchObject({
      ...{ promotion: null, userErrors: [{ code: 'NOT_FOUND', field: ['promotionId'] }] },
    });
  });

  test('a limit does not go below what is used, neither here nor in the database', async () => {
    const { principal } = await shopper();
    const code = await promote({ totalLimit: 5 });
    await applyCode(code, principal);
    await order(principal);
    await order((await shopperWith(code)).principal);
    const { id } = (await list({ query: code })).page!.nodes[0]!;
    expect(await manage('updatePromotion', { promotionId: id, totalLimit: 1 })).toMatchObject({
      ...{
        promotion: null,
        userErrors: [{ code: 'VALIDATION_ERROR', field: ['totalLimit'], details: { minimum: 2 } }],
      },
    });
    const refused = env.shop.services.db.rows('UPDATE promotion SET total_limit = 1 WHERE code = $1', [code]);
    await expect(refused).rejects.toMatchObject({ code: '23514' });
  });
});

async function shopperWith(code: string, principal: Principal = customer()) {
  const made = await shopper(principal);
  await applyCode(code, principal, made.token);
  return made;
}

describe('in a cart', () => {
  test('each kind, alone and together; the cart shows what each gives and adds up', async () => {
    const { principal, kettle } = await shopper();
    const [ten, amount] = [
      await promote({ priority: 1 }),
      await promote({ kind: 'FIXED_AMOUNT', amount: usd('3.00') }),
    ];
    const [ship, gift] = [
      await promote({ kind: 'FREE_SHIPPING' }),
      await promote({ kind: 'BUY_X_GET_Y', buyQuantity: 1, getQuantity: 1, variantIds: [kettle.id], priority: 2 }),
    ];
    // 20.00 - 3.00 = 17.00, less 10 % is 15.30; half of the units are free: 7.65.
    expect(codesOf(await applyCode(ten, principal))).toEqual([[ten, '2.00']]);
    expect(codesOf(await applyCode(amount, principal))).toEqual([[ten, '1.70'], [amount, '3.00']]); // prettier-ignore
    await applyCode(ship.toLowerCase(), principal);
    const cart = await applyCode(gift, principal);
    expect(codesOf(cart)).toEqual([[ten, '1.70'], [amount, '3.00'], [ship, '5.99'], [gift, '7.65']]); // prettier-ignore
    expect(cart).toMatchObject({
      lines: [{ discount: { amount: '12.35' }, total: { amount: '7.65' } }],
      cost: {
        ...{ subtotal: { amount: '20.00' }, discount: { amount: '12.35' }, shipping: { amount: '0.00' } },
        ...{ tax: { amount: '0.55' }, total: { amount: '8.20' } },
      },
    });
    expect(await env.read({}, principal)).toEqual(cart);
    // Given again: nothing changes, and it is no error.
    expect(codesOf(await applyCode(ten, principal))).toEqual(codesOf(cart));
    const less = await env.changed('removePromoCode', { code: gift.toLowerCase() }, principal);
    expect(codesOf(less)).toEqual([[ten, '1.70'], [amount, '3.00'], [ship, '5.99']]); // prettier-ignore
    expect(await env.change('removePromoCode', { code: gift }, principal)).toMatchObject({
      ...{ cart: null, userErrors: [{ code: 'NOT_FOUND', field: ['code'] }] },
    });
  });

  test.each<[string, object, string]>([
    ['no such code', {}, 'NOT_FOUND'],
    ['inactive', { active: false }, 'NOT_FOUND'],
    ['not started', { startsAt: '2126-01-01T00:00:00Z' }, 'NOT_STARTED'],
    ['over', { endsAt: '2026-01-01T00:00:00Z' }, 'EXPIRED'],
  ])('%s: refused, and the cart is as before', async (name, part, reason) => {
    const { principal } = await shopper();
    const code = name === 'no such code' ? 'NO-SUCH-CODE' : await promote(part);
    const before = await env.everything();
    expect(await env.change('applyPromoCode', { code }, principal)).toMatchObject({
      ...{ cart: null, userErrors: [{ code: 'VALIDATION_ERROR', field: ['code'], reason }] },
    });
    // No cart is made for a guest who guesses.
    expect(await env.change('applyPromoCode', { code })).toMatchObject({ cart: null, userErrors: [{ reason }] });
    expect(await env.everything()).toEqual(before);
  });

  test('what the cart can still mend stays and counts as soon as it fits', async () => {
    const { principal, kettle } = await shopper();
    const [minimum, other] = [await promote({ minimumSpend: usd('30.00') }), env.sell(500n)];
    const forOther = await promote({ variantIds: [other.id] });
    await applyCode(minimum, principal);
    expect(codesOf(await applyCode(forOther, principal))).toEqual([
      [minimum, 'MINIMUM_SPEND'],
      [forOther, 'NOT_APPLICABLE'],
    ]);
    await env.changed('addToCart', { variantId: kettle.id }, principal);
    const full = await env.changed('addToCart', { variantId: other.id }, principal);
    expect(codesOf(full)).toEqual(
      minimum < forOther
        ? [[minimum, '3.50'], [forOther, '0.45']]
        : [[minimum, '3.45'], [forOther, '0.50']],
    ); // prettier-ignore
    const alone = await promote({ percentage: 20, kind: 'PERCENTAGE', exclusive: true });
    expect(codesOf(await applyCode(alone, principal))).toEqual([
      [minimum, 'NOT_COMBINABLE'],
      [forOther, 'NOT_COMBINABLE'],
      [alone, '7.00'],
    ]);
  });

  test('a limit per user is for those who can be told apart: a guest has to sign in', async () => {
    const code = await promote({ perUserLimit: 1 });
    const guest = await shopperWith(code, ANONYMOUS);
    expect(codesOf((await env.read({ token: guest.token! }))!)).toEqual([[code, 'NOT_APPLICABLE']]);
    expect(await quote(ANONYMOUS, randomUUID(), guest.token)).toMatchObject({ quote: { promoCodes: [] } });

    const ada = customer();
    const second = await shopperWith(code, ANONYMOUS);
    await env.shop.command(mergeGuestCart, { userId: ada.id, cartToken: second.token! });
    expect(codesOf((await env.read({}, ada))!)).toEqual([[code, '2.00']]);
  });

  test('codes of a guest cart come along, to at most ten', async () => {
    const codes = await Promise.all(Array.from({ length: 11 }, () => promote({ variantIds: [env.sell(1n).id] })));
    const ada = (await shopper()).principal;
    for (const code of codes.slice(0, 6)) await applyCode(code, ada);
    const guest = await shopper(ANONYMOUS);
    for (const code of codes.slice(4, 11)) await applyCode(code, ANONYMOUS, guest.token);
    const merged = await env.changed('mergeCart', { token: guest.token }, ada);
    expect(merged.promoCodes.map(({ code }) => code)).toEqual(codes.slice(0, 10));
    const before = await env.everything();
    expect(await env.change('applyPromoCode', { code: codes[10] }, ada)).toMatchObject({
      ...{ cart: null, userErrors: [{ code: 'VALIDATION_ERROR', field: ['code'], details: { maximum: 10 } }] },
    });
    const long = { code: 'x'.repeat(41) };
    for (const mutation of ['applyPromoCode', 'removePromoCode']) {
      expect(await env.change(mutation, long, ada)).toMatchObject({
        ...{ cart: null, userErrors: [{ code: 'VALIDATION_ERROR', field: ['code'], details: { maximum: 40 } }] },
      });
    }
    expect(await env.everything()).toEqual(before);
  });

  test("nobody gives a code to somebody else's cart", async () => {
    const { principal } = await shopper();
    const cart = (await env.read({}, principal))!;
    const code = await promote();
    await applyCode(code, principal);
    const before = await env.everything();
    for (const stranger of [customer(), ANONYMOUS, ADMIN]) {
      for (const mutation of ['applyPromoCode', 'removePromoCode']) {
        expect(await env.change(mutation, { cartId: cart.id, code }, stranger)).toMatchObject({
          ...{ cart: null, userErrors: [{ code: 'NOT_FOUND', field: ['cartId'] }] },
        });
      }
    }
    expect(await env.everything()).toEqual(before);
  });

  test('reading costs what it cost without codes; changing one statement more, with one code or ten', async () => {
    const costOf = async (work: () => Promise<unknown>): Promise<number> => {
      const before = await statements();
      await work();
      return (await statements()) - before;
    };
    const { principal, kettle } = await shopper();
    const add = () => env.changed('addToCart', { variantId: kettle.id }, principal);
    const without = await costOf(add);
    for (const count of [1, 9]) {
      for (let index = 0; index < count; index += 1) await applyCode(await promote(), principal);
      expect(await costOf(() => env.read({}, principal))).toBe(2);
      expect(await costOf(add)).toBe(without + 1);
    }
  });
});

describe('at checkout', () => {
  test('the quote claims a use and says what each code gave; released, it is given back, once', async () => {
    const code = await promote({ totalLimit: 1, perUserLimit: 1 });
    const { principal } = await shopperWith(code);
    const cart = await env.read({}, principal);
    const orderId = randomUUID();
    const first = await quote(principal, orderId);
    expect(first).toMatchObject({
      outcome: 'quoted',
      quote: { subtotal: 2_000n, discount: 200n, total: 2_572n, promoCodes: [{ code, discount: 200n }] },
    });
    expect(await quote(principal, orderId)).toEqual(first);
    expect(await usedOf(code)).toBe(1);
    expect(await uses()).toContainEqual(expect.objectContaining({ order_id: orderId, owner_kind: 'user' }));
    const rival = await shopper();
    expect(await env.change('applyPromoCode', { code }, rival.principal)).toMatchObject({
      ...{ cart: null, userErrors: [{ reason: 'USAGE_LIMIT' }] },
    });

    for (let time = 0; time < 3; time += 1) await env.shop.command(releaseCart, { orderId });
    expect(await usedOf(code)).toBe(0);
    expect(await env.read({}, principal)).toEqual(cart);
    await order(principal);
    expect(await usedOf(code)).toBe(1);
  });

  test('free shipping counts for the way the order goes', async () => {
    const code = await promote({ kind: 'FREE_SHIPPING' });
    const { principal } = await shopperWith(code);
    const answer = await env.shop.command(
      quoteCart,
      { orderId: randomUUID(), cartId: null, cartToken: null, sealedAddress: null, shippingMethod: 'EXPRESS' },
      { principal },
    );
    expect(answer).toMatchObject({
      quote: { discount: 0n, shipping: 0n, total: 2_145n, promoCodes: [{ code, discount: 1_499n }] },
    });
  });

  test.each<[string, string, (code: string) => Promise<unknown>]>([
    ['its time is over', 'EXPIRED', (code) => update(code, { endsAt: new Date(now).toISOString() })],
    ['it is inactive', 'NOT_FOUND', (code) => update(code, { active: false })],
    ['somebody took the last use', 'USAGE_LIMIT', async (code) => order((await shopperWith(code)).principal)],
    ['it needs more now', 'MINIMUM_SPEND', (code) => update(code, { minimumSpend: usd('20.01') })],
  ])('%s: nothing is claimed, and the cart says why; after that it goes without', async (_, reason, spoil) => {
    const code = await promote({ totalLimit: 1 });
    const { principal } = await shopperWith(code);
    await spoil(code);
    const used = await usedOf(code);
    expect(codesOf((await env.read({}, principal))!)).toEqual([[code, '2.00']]);
    expect(await quote(principal)).toEqual({ outcome: 'promotionLost', codes: [{ code, reason }] });
    expect(await usedOf(code)).toBe(used);
    const cart = (await env.read({}, principal))!;
    expect(codesOf(cart)).toEqual([[code, reason]]);
    expect(cart.cost).toMatchObject({ discount: { amount: '0.00' }, total: { amount: '27.87' } });
    expect(await quote(principal)).toMatchObject({ quote: { total: 2_787n, promoCodes: [] } });
    expect(await usedOf(code)).toBe(used);
  });

  test('two hundred carts at once for a code limited to one: one has it', async () => {
    const code = await promote({ totalLimit: 1 });
    const { token: first } = await shopperWith(code, ANONYMOUS);
    const tokens = await copies((await env.read({ token: first! }))!, 200);
    const answers = await Promise.all(
      tokens.map((token) => {
        const orderId = randomUUID();
        return insist(() => quote(ANONYMOUS, orderId, token));
      }),
    );
    const outcomes = answers.map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'quoted')).toHaveLength(1);
    for (const answer of answers) {
      if (answer.outcome !== 'quoted') expect(answer).toEqual({ outcome: 'promotionLost', codes: [{ code, reason: 'USAGE_LIMIT' }] }); // prettier-ignore
    }
    expect(await usedOf(code)).toBe(1);
  }, 60_000);

  test('two hundred orders of one buyer at once for a code limited to one each: one has it', async () => {
    const [code, more] = [await promote({ perUserLimit: 1 }), await promote()];
    const owner = { ownerKind: 'user', ownerId: randomUUID() } as const;
    const before = await uses();
    // A buyer has one cart, so commands never get here at the same time; the tables hold all the same.
    const claims = await Promise.allSettled(
      Array.from({ length: 200 }, () =>
        insist(() => env.shop.services.db.transaction((tx) => claimUses(tx, randomUUID(), owner, [code, more]))),
      ),
    );
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const claim of claims)
      if (claim.status === 'rejected') expect(claim.reason).toMatchObject({ code: 'CONFLICT' });
    expect([await usedOf(code), await usedOf(more)]).toEqual([1, 1]);
    expect(await uses()).toHaveLength(before.length + 2);
  });

  test('one buyer, one order after the other: the second finds it used up; another buyer has it', async () => {
    const code = await promote({ perUserLimit: 1 });
    const { principal } = await shopperWith(code);
    const orderId = await order(principal);
    await shopper(principal);
    expect(await env.change('applyPromoCode', { code }, principal)).toMatchObject({
      ...{ cart: null, userErrors: [{ reason: 'USAGE_LIMIT' }] },
    });
    await order((await shopperWith(code)).principal);
    expect(await usedOf(code)).toBe(2);
    await onStatusChanged(statusChanged(orderId, 'CANCELLED', 3));
    expect(codesOf(await applyCode(code, principal))).toEqual([[code, '2.00']]);
  });

  test('orders with the same codes in any order do not wait for each other in a circle', async () => {
    const [one, two] = [await promote({ totalLimit: 20 }), await promote({ totalLimit: 20 })];
    const buyers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const { principal } = await shopper();
        for (const code of index % 2 === 0 ? [one, two] : [two, one]) await applyCode(code, principal);
        return principal;
      }),
    );
    const orders = await Promise.all(buyers.map((buyer) => order(buyer)));
    expect([await usedOf(one), await usedOf(two)]).toEqual([20, 20]);
    await Promise.all(orders.map((orderId) => onStatusChanged(statusChanged(orderId, 'CANCELLED', 3))));
    expect([await usedOf(one), await usedOf(two)]).toEqual([0, 0]);
  });

  test('a locked promotion is not claimed past its limit by whoever waited', async () => {
    const code = await promote({ totalLimit: 1 });
    const { principal } = await shopperWith(code);
    let waiting: Promise<unknown> = Promise.resolve();
    await env.shop.services.db.transaction(async (tx) => {
      await lockPromotions(tx, [code]);
      waiting = quote(principal);
      await claimUses(tx, randomUUID(), { ownerKind: 'guest', ownerId: randomUUID() }, [code]);
    });
    expect(await waiting).toMatchObject({ outcome: 'promotionLost' });
    expect(await usedOf(code)).toBe(1);
  });

  test('new prices of a cart that an order holds do not take its code away', async () => {
    const code = await promote({ totalLimit: 1 });
    const { principal, kettle } = await shopperWith(code);
    const orderId = randomUUID();
    await quote(principal, orderId);
    env.sell(1_100n, kettle);
    const changed = { productId: kettle.productId, variantIds: [kettle.variantId] };
    await consume('cart.product-changed', envelopeOf(productChanged, changed));
    expect(codesOf((await env.read({}, principal))!)).toEqual([[code, '2.20']]);
    await env.shop.command(releaseCart, { orderId });
    expect(codesOf((await env.read({}, principal))!)).toEqual([[code, '2.20']]);
  });
});

describe('a cancelled order', () => {
  test.each<[string, readonly (readonly [OrderStatus, number])[]]>([
    ['in order', [['PENDING', 1], ['CONFIRMED', 2], ['CANCELLED', 3]]],
    ['the other way round', [['CANCELLED', 3], ['CONFIRMED', 2], ['PENDING', 1]]],
  ])('gives its uses back, though all news of it comes three times, %s', async (_, news) => {
    const code = await promote({ totalLimit: 2 });
    const { principal } = await shopperWith(code);
    const [orderId, other] = [await order(principal), await order((await shopperWith(code)).principal)];
    const events = news.map(([status, version]) => statusChanged(orderId, status, version));
    const again = statusChanged(orderId, 'CANCELLED', 3);
    for (let time = 0; time < 3; time += 1) for (const event of events) await onStatusChanged(event);
    await Promise.all([onStatusChanged(again), onStatusChanged(again), onStatusChanged(again)]);
    expect(await usedOf(code)).toBe(1);
    for (const status of ['CONFIRMED', 'RETURNED'] as const) await onStatusChanged(statusChanged(other, status, 4));
    expect(await usedOf(code)).toBe(1);
    // Quoted again by a command that comes late, the order is answered what it was told, and claims nothing.
    expect(await quote(principal, orderId)).toMatchObject({ outcome: 'quoted' });
    expect(await usedOf(code)).toBe(1);
  }); // prettier-ignore
});
