/** What the other subgraphs hand over of somebody, and forget: theirs alone, once, and nothing that has to stay. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { EventEnvelope } from '../../platform/bus/bus';
import { dataExportRequested, userErased } from '../../subgraphs/accounts/messages';
import { mergeGuestCart, quoteCart, spendCart } from '../../subgraphs/cart/messages';
import { ADDRESS, customer, envelopeOf, startCartShop } from '../support/cart-shop';
import { startOrders, user, type OrdersShop, type ShownOrder } from '../support/orders-shop';
import type { SubgraphUnderTest } from '../support/subgraph';

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
const erase = (shop: SubgraphUnderTest, userId: string) =>
  deliver(shop, `${shop.services.subgraph}.user-erased`, envelopeOf(userErased, { userId }));

describe('cart', () => {
  let env: Awaited<ReturnType<typeof startCartShop>>;
  beforeAll(async () => {
    env = await startCartShop();
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
        },
      ],
      webhooks: [],
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
});
