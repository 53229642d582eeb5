/** What the other subgraphs hand over of somebody, and forget: theirs alone, once, and nothing that has to stay. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Principal } from '../../platform/auth/principal';
import type { EventEnvelope } from '../../platform/bus/bus';
import { newUuid, toId } from '../../platform/ids';
import { dataExportRequested, userErased } from '../../subgraphs/accounts/messages';
import { catalog } from '../../subgraphs/catalog';
import { mergeGuestCart, quoteCart, releaseCart, spendCart } from '../../subgraphs/cart/messages';
import { payments } from '../../subgraphs/payments';
import { authorizePayment, capturePayment } from '../../subgraphs/payments/messages';
import { ADDRESS, customer, envelopeOf, startCartShop } from '../support/cart-shop';
import { orderConfirmed } from '../../subgraphs/orders/messages';
import { startOrders, user, type OrdersShop, type ShownOrder } from '../support/orders-shop';
import { apiClient } from '../support/principals';
import { startTestSandbox, WEBHOOK_SECRET, type SandboxUnderTest } from '../support/sandbox';
import { startSubgraph, type SubgraphUnderTest } from '../support/subgraph';

/** Hands the event to a queue twice, as a bus may. */
async function deliver(shop: SubgraphUnderTest, queue: string, event: EventEnvelope): Promise<void> {
  const consumer = shop.started.consumers.find((one) => one.queue === queue)!;
  await Promise.all([consumer.handle(event), consumer.handle(event)]);
}
/** What the subgraph answers when the user's data are asked for. */
async function exported(shop: SubgraphUnderTest, userId: string): Promise<unknown> {
  const { db, sealer, subgraph } = shop.services;
  const exportId = randomUUID();
  await deliver(shop, `${subgraph}.data-export`, envelopeOf(dataExportRequested, { exportId, userId }));
  const rows = await db.rows<{ holder: string; sealed: string }>(
    `SELECT payload->>'holder' AS holder, payload->>'sealed' AS sealed FROM outbox
     WHERE name = 'personalData.gathered' AND aggregate_id = $1`,
    [exportId],
  );
  expect(rows.map(({ holder }) => holder)).toEqual([subgraph]);
  return sealer.openJson(rows[0]!.sealed, z.unknown());
}
const erase = (shop: SubgraphUnderTest, userId: string, clientIds: string[] = []) =>
  deliver(shop, `${shop.services.subgraph}.user-erased`, envelopeOf(userErased, { userId, clientIds }));

describe('catalog', () => {
  let shop: SubgraphUnderTest;
  beforeAll(async () => {
    shop = await startSubgraph(catalog);
  });
  afterAll(() => shop.stop());
  const bought = async (ownerId: string, orderId: string): Promise<string> => {
    const productId = randomUUID();
    const lines = [1, 2].map((quantity) => ({ productId, variantId: randomUUID(), quantity }));
    const event = envelopeOf(orderConfirmed, { orderId, ownerKind: 'user', ownerId, lines });
    await deliver(shop, 'catalog.recommendation-feed', event);
    return productId;
  };

  it("hands over the products of the user's orders, the newest first, and forgets them, and nobody else's", async () => {
    const [ada, grace] = [randomUUID(), randomUUID()];
    const [older, newer, hers] = [newUuid(), newUuid(), newUuid()];
    const first = await bought(ada, older);
    const second = await bought(ada, newer);
    const purchase = (orderId: string, productId: string) => ({
      orderId: toId('ord', orderId),
      productIds: [toId('prod', productId)],
    });
    const others = { purchases: [purchase(hers, await bought(grace, hers))] };
    expect(await exported(shop, ada)).toEqual({ purchases: [purchase(newer, second), purchase(older, first)] });
    await erase(shop, ada);
    expect(await exported(shop, ada)).toEqual({ purchases: [] });
    expect(await exported(shop, grace)).toEqual(others);
  });
});

describe('cart', () => {
  let now = new Date();
  let env: Awaited<ReturnType<typeof startCartShop>>;
  beforeAll(async () => {
    env = await startCartShop({ clock: { now: () => now } });
  });
  afterAll(() => env.shop.stop());
  /** A cart with an address, into which a guest's with an address was merged. */
  const filled = async () => {
    const ada = customer();
    const { id: variantId, sku } = env.sell(1_000n);
    const guest = await env.changed('createCart', { lines: [{ variantId, quantity: 1 }] });
    await env.changed('setCartDelivery', { token: guest.token, address: ADDRESS });
    await env.changed('addToCart', { variantId, quantity: 2 }, ada);
    await env.shop.command(mergeGuestCart, { userId: ada.id, cartToken: guest.token! });
    const pot = env.sell(500n);
    const { lines } = await env.changed('addToCart', { variantId: pot.id, quantity: 4 }, ada);
    await env.changed('saveForLater', { lineId: lines[1]!.id }, ada);
    return { ada, sku, saved: pot.sku };
  };

  it('hands over lines and address', async () => {
    const { ada, sku, saved } = await filled();
    expect(await exported(env.shop, ada.id)).toEqual({
      carts: [
        {
          address: expect.objectContaining({ name: 'Ada Byron', line1: '1 Loop' }) as object,
          lines: [
            { sku, productName: 'Kettle', variantName: 'Red', quantity: 3, saved: false },
            { sku: saved, productName: 'Kettle', variantName: 'Red', quantity: 4, saved: true },
          ],
        },
        // The guest's.
        { address: expect.objectContaining({ name: 'Ada Byron', line1: '1 Loop' }) as object, lines: [] },
      ],
    });
    expect(await exported(env.shop, randomUUID())).toEqual({ carts: [] });
  });

  it("forgets them, a merged guest's too, and nobody else's", async () => {
    const { ada } = await filled();
    const { ada: other } = await filled();
    const untouched = await env.read({}, other);
    await erase(env.shop, ada.id);
    expect(await env.read({}, ada)).toMatchObject({
      ...{ lines: [], savedLines: [] },
      itemCount: 0,
      delivery: null,
      cost: { subtotal: { amount: '0.00' }, shipping: null, tax: null, total: { amount: '0.00' } },
    });
    expect(
      await env.shop.services.db.rows(
        `SELECT count(*)::integer AS left FROM cart c LEFT JOIN cart own ON own.id = c.merged_into
         WHERE c.sealed_address IS NOT NULL AND $1 IN (c.owner_id, own.owner_id)`,
        [ada.id],
      ),
    ).toEqual([{ left: 0 }]);
    expect(await env.read({}, other)).toEqual(untouched);
  });

  const job = async () => env.shop.started.jobs.find(({ name }) => name === 'cart.erase')!.run();
  /** Fills the buyer's cart, or a guest's, and has it claimed by a new order of the buyer's. */
  const claimed = async (buyer: Principal, by: 'owner' | 'token' = 'owner') => {
    const { id: variantId } = env.sell(1_000n);
    const owner = by === 'owner' ? buyer : undefined;
    const { token } = await env.changed('createCart', { lines: [{ variantId, quantity: 1 }] }, owner);
    await env.changed('setCartDelivery', { token, address: ADDRESS }, owner);
    const question = { cartId: null, cartToken: token, sealedAddress: null, shippingMethod: null };
    const quote = (orderId: string) => env.shop.command(quoteCart, { orderId, ...question }, { principal: buyer });
    const orderId = randomUUID();
    const answer = await quote(orderId);
    if (answer.outcome !== 'quoted') throw new Error(answer.outcome);
    expect(answer.quote.sealedAddress).not.toBe('');
    return { orderId, answer, again: () => quote(orderId) };
  };
  /** Addresses that the cart of an order and its quote have. */
  const addresses = (orderId: string) =>
    env.shop.services.db.rows(
      `SELECT c.sealed_address AS cart, q.answer->'quote'->>'sealedAddress' AS quote
       FROM quote q JOIN cart c ON c.id = q.cart_id WHERE q.order_id = $1`,
      [orderId],
    );

  it.each(['owner', 'token'] as const)('has no address once the order has it, ordered by %s', async (by) => {
    const { orderId, answer, again } = await claimed(customer(), by);
    expect(await again()).toEqual(answer);
    await env.shop.command(spendCart, { orderId });
    expect(await addresses(orderId)).toEqual([{ cart: null, quote: '' }]);
    await env.shop.command(spendCart, { orderId });
    expect(await again()).toEqual({ outcome: 'quoted', quote: { ...answer.quote, sealedAddress: '' } });
  });

  it('forgets what an order has in hand when the order lets go of it', async () => {
    const [ada, grace] = [customer(), customer()];
    const [spent, released] = [await claimed(ada), await claimed(grace)];
    for (const { id } of [ada, grace]) await erase(env.shop, id);
    await env.shop.command(spendCart, { orderId: spent.orderId });
    expect(await addresses(spent.orderId)).toEqual([{ cart: null, quote: '' }]);
    now = new Date(now.getTime() + 2 * 86_400_000);
    await job();
    await env.shop.command(releaseCart, { orderId: released.orderId });
    expect(await addresses(released.orderId)).toEqual([{ cart: null, quote: null }]);
    expect(await env.read({}, grace)).toMatchObject({ itemCount: 1 });
    await job();
    expect(await env.read({}, grace)).toMatchObject({ lines: [], itemCount: 0, delivery: null });
    expect(await env.shop.services.db.rows('SELECT user_id FROM erased_user')).toEqual([]);
  });

  it('forgets what is put in with an access token of before', async () => {
    const ada = customer();
    await erase(env.shop, ada.id);
    const { id: variantId } = env.sell(1_000n);
    await env.changed('addToCart', { variantId }, ada);
    await env.changed('setCartDelivery', { address: ADDRESS }, ada);
    await job();
    expect(await env.read({}, ada)).toMatchObject({ lines: [], delivery: null, cost: { total: { amount: '0.00' } } });
    now = new Date(now.getTime() + 2 * 86_400_000);
    await job();
    expect(await env.shop.services.db.rows('SELECT user_id FROM erased_user')).toEqual([]);
  });

  it("forgets what a partner's API clients have, and nobody else's", async () => {
    const [till, shelf] = [apiClient(), apiClient()];
    const { id: variantId } = env.sell(1_000n);
    for (const client of [till, shelf]) {
      await env.changed('addToCart', { variantId }, client);
      await env.changed('setCartDelivery', { address: ADDRESS }, client);
    }
    const untouched = await env.read({}, shelf);
    await erase(env.shop, till.ownerId, [till.id]);
    expect(await env.read({}, till)).toMatchObject({ lines: [], itemCount: 0, delivery: null });
    expect(await env.read({}, shelf)).toEqual(untouched);
  });

  const claim = async (ada: ReturnType<typeof customer>): Promise<string> => {
    const orderId = randomUUID();
    const input = { orderId, cartId: null, cartToken: null, sealedAddress: null, shippingMethod: null };
    expect(await env.shop.command(quoteCart, input, { principal: ada })).toMatchObject({ outcome: 'quoted' });
    return orderId;
  };

  it('forgets what is saved also of a cart that an order has in hand, and keeps the rest for the order', async () => {
    const { ada } = await filled();
    const orderId = await claim(ada);
    const { lines } = (await env.read({}, ada))!;
    await erase(env.shop, ada.id);
    expect(await env.read({}, ada)).toMatchObject({ lines, savedLines: [] });
    await env.shop.command(spendCart, { orderId });
    expect(await env.read({}, ada)).toBeNull();
  });

  it('forgets what is saved while an order spends the cart', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { ada } = await filled();
      const orderId = await claim(ada);
      await Promise.all([env.shop.command(spendCart, { orderId }), erase(env.shop, ada.id)]);
      expect((await env.read({}, ada))?.savedLines ?? []).toEqual([]);
    }
  });
});

describe('orders', () => {
  let now = new Date();
  let shop: OrdersShop;
  beforeAll(async () => {
    shop = await startOrders({ clock: { now: () => now } });
  });
  afterAll(() => shop.stop());
  beforeEach(() => {
    now = new Date();
  });
  const support = user('SUPPORT');
  const cancel = (order: ShownOrder, reason: string) =>
    shop.mutate('cancelOrder', { orderId: order.id, reason, idempotencyKey: randomUUID() }, support);
  const fulfil = async ({ id: orderId }: ShownOrder): Promise<void> => {
    await shop.mutate('startProcessing', { orderId }, support);
    const parcel = { orderId, carrier: 'DHL', trackingNumber: 'A 1', idempotencyKey: randomUUID() };
    await shop.mutate('shipOrder', parcel, support);
    await shop.mutate('confirmDelivery', { orderId }, support);
  };
  interface Personal {
    number: string;
    total: string;
    address: string | null;
    reasons: number;
  }
  const personal = (userId: string) =>
    shop.services.db.rows<Personal>(
      `SELECT number, total, shipping_address AS address,
              (SELECT count(*)::integer FROM order_event WHERE order_id = orders.id AND reason IS NOT NULL) AS reasons
       FROM orders WHERE owner_id = $1 ORDER BY placed_at, id`,
      [userId],
    );
  /** Number and total as they were, with what is left of the person. */
  const left = (order: Personal, address: string | null, reasons: number) => ({ ...order, address, reasons });

  it('hands over the orders of the user alone', async () => {
    const ada = user();
    const order = await shop.place(ada, { note: 'Ring twice' });
    await shop.place(user());
    expect(await exported(shop, ada.id)).toEqual({
      orders: [
        {
          number: order.number,
          status: 'CONFIRMED',
          placedAt: expect.any(String) as string,
          total: '26.00',
          currencyCode: 'USD',
          shippingAddress: expect.objectContaining({ name: 'Ada Lovelace' }) as object,
          billingAddress: null,
          email: null,
          note: 'Ring twice',
          lines: [expect.objectContaining({ quantity: 2 })],
          events: [],
          shipments: [],
          returns: [],
        },
      ],
      webhooks: [],
    });
  });

  it('hands over what was said of orders, parcels, returns and webhooks, without secrets', async () => {
    const ada = user();
    const [kept, over] = [await shop.place(ada), await shop.place(ada)];
    await cancel(over, 'Ada has moved');
    await fulfil(kept);
    const lines = [{ lineId: kept.lines[0]!.id, quantity: 1 }];
    const asked = await shop.mutate(
      'requestReturn',
      { orderId: kept.id, lines, reason: 'Too red', idempotencyKey: randomUUID() },
      ada,
    );
    const rejected = await shop.mutate('rejectReturn', { returnId: asked.return!.id, reason: 'It is blue' }, support);
    expect([asked.userErrors, rejected.userErrors]).toEqual([[], []]);
    const hook = { url: 'https://ada.example/hook?token=1', description: 'Kitchen', types: ['STATUS_CHANGED'] };
    const webhook = `mutation ($input: CreateWebhookEndpointInput!) {
      createWebhookEndpoint(input: $input) { userErrors { code } } }`;
    const made = await shop.run(webhook, { input: hook }, { ...ada, role: 'PARTNER' });
    expect(made.data).toEqual({ createWebhookEndpoint: { userErrors: [] } });

    const at = expect.stringMatching(/Z$/) as string;
    const { orders, webhooks } = (await exported(shop, ada.id)) as { orders: object[]; webhooks: object[] };
    expect(webhooks).toEqual([{ url: hook.url, description: 'Kitchen', createdAt: at }]);
    const rest = { lines: expect.any(Array) as unknown[], currencyCode: 'USD', placedAt: at, total: '26.00' };
    const address = expect.objectContaining({ name: 'Ada Lovelace' }) as object;
    const said = { email: null, note: null, shippingAddress: address, billingAddress: null };
    expect(orders).toHaveLength(2);
    expect(orders).toContainEqual({
      ...{ ...rest, ...said, number: over.number, status: 'CANCELLED', shipments: [], returns: [] },
      events: [{ status: 'CANCELLED', occurredAt: at, actorKind: 'SUPPORT', reason: 'Ada has moved' }],
    });
    expect(orders).toContainEqual({
      ...{ ...rest, ...said, number: kept.number, status: 'DELIVERED' },
      events: [
        { status: 'DELIVERED', occurredAt: at, actorKind: 'CUSTOMER', reason: 'Too red' },
        { status: 'DELIVERED', occurredAt: at, actorKind: 'SUPPORT', reason: 'It is blue' },
      ],
      shipments: [{ carrier: 'DHL', trackingNumber: 'A 1', shippedAt: at, deliveredAt: at }],
      returns: [
        { status: 'REJECTED', requestedAt: at, decidedAt: at, reason: 'Too red', rejectionReason: 'It is blue' },
      ],
    });
  });

  it('takes the person out of orders that are over at once, and out of the others when they are', async () => {
    const [ada, grace] = [user(), user()];
    const over = await shop.place(ada);
    await cancel(over, 'Ada has moved');
    const open = await shop.place(ada);
    await cancel(await shop.place(grace), 'Grace has moved');
    const [first, second] = (await personal(ada.id)) as [Personal, Personal];
    const others = await personal(grace.id);
    expect([first.reasons, second.reasons]).toEqual([1, 0]);

    await erase(shop, ada.id);
    expect(await personal(ada.id)).toEqual([left(first, null, 0), second]);
    await shop.job('orders.erase');
    expect(await personal(ada.id)).toEqual([left(first, null, 0), second]);

    await fulfil(open);
    now = new Date(now.getTime() + 2 * 86_400_000);
    await shop.job('orders.erase');
    expect(await personal(ada.id)).toEqual([left(first, null, 0), left(second, null, 0)]);
    expect(await shop.services.db.rows('SELECT user_id FROM erased_user')).toEqual([]);
    expect(await personal(grace.id)).toEqual(others);
  });

  it("takes people out of the orders of a partner's API clients as well, and ends webhooks made meanwhile", async () => {
    const [till, shelf] = [apiClient(), apiClient()];
    const partner = user('PARTNER', till.ownerId);
    const over = await shop.place(till);
    await cancel(over, 'Ada has moved');
    const open = await shop.place(till);
    await cancel(await shop.place(shelf), 'Grace has moved');
    const [first, second] = (await personal(till.id)) as [Personal, Personal];
    const others = await personal(shelf.id);

    await erase(shop, partner.id, [till.id]);
    expect(await personal(till.id)).toEqual([left(first, null, 0), second]);
    const webhook = `mutation ($input: CreateWebhookEndpointInput!) {
      createWebhookEndpoint(input: $input) { userErrors { code } } }`;
    const made = await shop.run(webhook, { input: { url: 'http://127.0.0.1:9/hook' } }, partner);
    expect(made.data).toEqual({ createWebhookEndpoint: { userErrors: [] } });
    await fulfil(open);
    now = new Date(now.getTime() + 2 * 86_400_000);
    await shop.job('orders.erase');
    expect(await personal(till.id)).toEqual([left(first, null, 0), left(second, null, 0)]);
    const endpoints = 'SELECT id FROM webhook_endpoint WHERE owner_id = $1';
    expect(await shop.services.db.rows(endpoints, [partner.id])).toEqual([]);
    expect(await shop.services.db.rows('SELECT user_id FROM erased_user')).toEqual([]);
    expect(await personal(shelf.id)).toEqual(others);
  });

  it('looks at somebody until the last attempt to order is over', async () => {
    const ada = user();
    await shop.place(ada);
    const attempt = (doneAt: Date | null) =>
      shop.services.db.rows(`UPDATE checkout SET done_at = $2 WHERE buyer_id = $1`, [ada.id, doneAt]);
    await shop.services.db.rows(`UPDATE orders SET status = 'DELIVERED' WHERE owner_id = $1`, [ada.id]);
    await attempt(null);
    await erase(shop, ada.id);
    now = new Date(now.getTime() + 2 * 86_400_000);
    await shop.job('orders.erase');
    expect(await shop.services.db.rows('SELECT user_id AS id FROM erased_user')).toEqual([{ id: ada.id }]);
    await attempt(now);
    await shop.job('orders.erase');
    expect(await shop.services.db.rows('SELECT user_id FROM erased_user')).toEqual([]);
  });
});

describe('payments', () => {
  let sandbox: SandboxUnderTest;
  let shop: SubgraphUnderTest;
  beforeAll(async () => {
    sandbox = await startTestSandbox();
    const settings = { SANDBOX_URL: sandbox.url, SANDBOX_WEBHOOK_SECRET: WEBHOOK_SECRET };
    shop = await startSubgraph(payments, { settings });
  });
  afterAll(async () => {
    await shop.stop();
    await sandbox.stop();
  });
  /** An order that was paid, and a part of it given back for a reason; its public id. */
  const refunded = async (ownerKind: 'user' | 'client', ownerId: string): Promise<string> => {
    const orderId = randomUUID();
    const price = { amount: 5_000n, currencyCode: 'USD', token: 'tok_visa', methodId: null };
    expect(await shop.command(authorizePayment, { orderId, ownerKind, ownerId, ...price })).toEqual({
      outcome: 'authorized',
    });
    expect(await shop.command(capturePayment, { orderId })).toEqual({ outcome: 'captured' });
    const id = toId('ord', orderId);
    const amount = { amount: '12.00', currencyCode: 'USD' };
    const input = { orderId: id, amount, reason: 'Ada was angry', idempotencyKey: randomUUID() };
    const refund = 'mutation ($input: CreateRefundInput!) { createRefund(input: $input) { userErrors { code } } }';
    const { data } = await shop.run(refund, { input }, user('SUPPORT'));
    expect(data).toEqual({ createRefund: { userErrors: [] } });
    return id;
  };
  const reasons = (ownerId: string) =>
    shop.services.db.rows(
      'SELECT r.reason IS NOT NULL AS told FROM refund r JOIN payment p ON p.id = r.payment_id WHERE p.owner_id = $1',
      [ownerId],
    );

  it("hands over the user's payments and refunds, and forgets why", async () => {
    const ada = user();
    const orderId = await refunded('user', ada.id);
    await refunded('user', user().id);
    const createdAt = expect.any(String) as string;
    expect(await exported(shop, ada.id)).toEqual({
      savedCards: [],
      payments: [{ orderId, status: 'CAPTURED', amount: '50.00', currencyCode: 'USD', method: 'visa', createdAt }],
      refunds: [
        { orderId, status: 'SUCCEEDED', amount: '12.00', currencyCode: 'USD', reason: 'Ada was angry', createdAt },
      ],
    });
    await erase(shop, ada.id);
    expect(await reasons(ada.id)).toEqual([{ told: false }]);
  });

  it("forgets why money was given back to a partner's API clients, and to nobody else", async () => {
    const [till, shelf] = [apiClient(), apiClient()];
    for (const { id } of [till, shelf]) await refunded('client', id);
    await erase(shop, till.ownerId, [till.id]);
    expect([await reasons(till.id), await reasons(shelf.id)]).toEqual([[{ told: false }], [{ told: true }]]);
  });
});
