/** People buy: with an account, as guests, with cards that work and cards that do not. */
import { randomUUID } from 'node:crypto';
import * as documents from '../generated/graphql';
import { again } from '../support/again';
import { eventually } from '../support/eventually';
import { ADDRESS, codes, customer, demo, must, PASSWORD, productFor, Visitor } from '../support/shop';

interface StoredMail {
  messageId: string;
  to: string;
  subject: string;
  text: string;
}
const confirmationsTo = async (url: string, address: string): Promise<StoredMail[]> => {
  const response = await fetch(`${url}/dev/mailbox`, { headers: { accept: 'application/json' } });
  const { mails } = (await response.json()) as { mails: StoredMail[] };
  return mails.filter(({ to, messageId }) => to === address && messageId.startsWith('<order-confirmation.'));
};

test('a guest fills a cart, signs up, and finds it in the account', async () => {
  const { variantId, sku } = await productFor({});
  const guest = new Visitor();
  const cart = await guest.fill(variantId, 2);
  const token = must(cart.token, 'a guest cart has a token');
  expect((await guest.get(documents.CartDocument, { token })).cart).toMatchObject({ id: cart.id, itemCount: 2 });

  const email = `guest-${randomUUID()}@example.com`;
  const { register } = await guest.get(documents.RegisterDocument, {
    input: { email, password: PASSWORD, cartToken: token },
  });
  guest.session = must(register?.session, register?.userErrors);
  const { me } = await guest.get(documents.MyCartDocument, {});
  expect(me?.cart).toMatchObject({ token: null, lines: [{ sku, quantity: 2 }] });
  expect((await new Visitor().get(documents.CartDocument, { token })).cart).toBeNull();
});

test('logging in merges the guest cart with the one in the account', async () => {
  const { variantId, sku } = await productFor({});
  const ada = await customer();
  await ada.fill(variantId, 3);
  const { token } = await new Visitor().fill(variantId, 2);
  await ada.login(ada.email, PASSWORD, must(token, undefined));
  expect((await ada.get(documents.MyCartDocument, {})).me?.cart).toMatchObject({ lines: [{ sku, quantity: 5 }] });
});

test('the rest of a login operation runs as who logged in', async () => {
  const { variantId, sku } = await productFor({});
  const ada = await customer();
  await ada.fill(variantId, 1);
  const { login } = await new Visitor().get(documents.LoginAndLookDocument, {
    input: { email: ada.email, password: PASSWORD },
  });
  expect(login?.user).toMatchObject({ email: ada.email, cart: { lines: [{ sku }] } });
});

test('checkout: the cost adds up, the order stands, the money is held, the mail arrives once', async () => {
  const { variantId, sku, available } = await productFor({ price: '19.99', onHand: 10 });
  const ada = await customer();
  await ada.fill(variantId, 3);
  const { setCartDelivery } = await ada.get(documents.SetCartDeliveryDocument, {
    input: { address: ADDRESS, shippingMethod: 'STANDARD' },
  });
  const cart = must(setCartDelivery?.cart, setCartDelivery?.userErrors);
  const { subtotal, shipping, tax, total } = cart.cost;
  expect(subtotal.amount).toBe('59.97');
  const sum = [subtotal, must(shipping, 0), must(tax, 0)].reduce(
    (cents, { amount }) => cents + Math.round(Number(amount) * 100),
    0,
  );
  expect(Math.round(Number(total.amount) * 100)).toBe(sum);

  const { order, userErrors } = await ada.checkout({ shippingAddress: undefined, expectedTotal: total });
  expect(userErrors).toEqual([]);
  expect(order).toMatchObject({
    status: 'CONFIRMED',
    token: null,
    cost: { subtotal, shipping, tax, total },
    lines: [{ sku, quantity: 3, total: { amount: '59.97' } }],
    shippingAddress: { ...ADDRESS, line2: null, phone: null },
  });
  expect(await available()).toBe(7);
  const id = must(order, userErrors).id;
  await eventually(async () => {
    const money = (await ada.get(documents.OrderMoneyDocument, { id })).order;
    expect(money).toMatchObject({
      paymentStatus: 'AUTHORIZED',
      payments: [{ status: 'AUTHORIZED', amount: total }],
      refunds: [],
    });
  });
  // The cart is spent: the next one is new.
  expect((await ada.get(documents.MyCartDocument, {})).me?.cart ?? { lines: [] }).toMatchObject({ lines: [] });
  const { me } = await ada.get(documents.MyOrdersDocument, {});
  expect(me?.orders).toMatchObject({ totalCount: 1, nodes: [{ id, number: order?.number }] });
  const support = await demo('support');
  await eventually(async () => {
    const stock = (await support.get(documents.ProductVariantDocument, { sku })).productVariant?.stock;
    expect(stock).toEqual({ onHand: 7, reserved: 0, available: 7 });
  });
  await eventually(async () => expect(await confirmationsTo(ada.url, ada.email)).toHaveLength(1));
  const [mail] = await confirmationsTo(ada.url, ada.email);
  expect(mail?.text).toContain(must(order, undefined).number);
});

test('a guest buys with an e-mail address, and follows the order by its token alone', async () => {
  const { variantId } = await productFor({});
  const guest = new Visitor();
  const { token: cartToken } = await guest.fill(variantId, 1);
  const email = `guest-${randomUUID()}@example.com`;
  const missing = await guest.checkout({ cartToken });
  expect(missing).toMatchObject({ order: null, userErrors: [{ code: 'VALIDATION_ERROR', field: ['email'] }] });

  const { order, userErrors } = await guest.checkout({ cartToken, email });
  const { id, number, token } = must(order, userErrors);
  const secret = must(token, 'a guest order has a token');
  expect(await guest.order(id, secret)).toMatchObject({ id, status: 'CONFIRMED', email });
  expect((await guest.get(documents.OrderDocument, { number, token: secret })).order?.id).toBe(id);
  expect(await guest.order(id)).toBeNull();
  expect(await guest.order(id, 'not-the-token')).toBeNull();
  expect((await guest.get(documents.OrderMoneyDocument, { id, token: secret })).order).toMatchObject({
    payments: null,
    refunds: null,
  });
  await eventually(async () => expect(await confirmationsTo(guest.url, email)).toHaveLength(1));
  expect((await confirmationsTo(guest.url, email))[0]?.text).toContain(secret);
});

test.each([
  ['tok_declined', { code: 'PAYMENT_FAILED', declineReason: 'card_declined' }],
  ['tok_insufficient_funds', { code: 'PAYMENT_FAILED', declineReason: 'insufficient_funds' }],
  ['tok_unheard_of', { code: 'VALIDATION_ERROR', field: ['payment', 'token'] }],
])('%s: no order, the cart as before, the stock back; another card works', async (token, error) => {
  const { variantId, available } = await productFor({ onHand: 4 });
  const ada = await customer();
  const cart = await ada.fill(variantId, 2);
  const idempotencyKey = randomUUID();
  const refused = await ada.checkout({ payment: { token }, idempotencyKey });
  expect(refused).toMatchObject({ order: null, userErrors: [error] });
  expect(await ada.checkout({ payment: { token }, idempotencyKey })).toEqual(refused);
  expect((await ada.get(documents.MyCartDocument, {})).me?.cart).toMatchObject({ id: cart.id, lines: cart.lines });
  expect((await ada.get(documents.MyOrdersDocument, {})).me?.orders).toMatchObject({ totalCount: 0, nodes: [] });
  expect(await available()).toBe(4);
  expect((await ada.checkout()).order).toMatchObject({ status: 'CONFIRMED' });
});

test.each(['tok_error_once', 'tok_timeout'])('%s: the order finishes by itself', async (token) => {
  const { variantId } = await productFor({});
  const ada = await customer();
  const order = await ada.buys(variantId, 1, { payment: { token } });
  expect(['PENDING', 'CONFIRMED']).toContain(order.status);
  await eventually(async () =>
    expect(await ada.order(order.id)).toMatchObject({ status: 'CONFIRMED', paymentStatus: 'AUTHORIZED' }),
  );
  const { order: money } = await ada.get(documents.OrderMoneyDocument, { id: order.id });
  expect(money?.payments).toHaveLength(1);
});

describe('3-D Secure: the order waits for its buyer, who', () => {
  /** Clicks on the page of the bank, as a browser does. */
  const decide = async (url: string, approve: boolean): Promise<void> => {
    expect(await (await fetch(url)).text()).toContain('on your card');
    const response = await fetch(url, { method: 'POST', body: new URLSearchParams({ approve: String(approve) }) });
    expect(response.status).toBe(200);
  };

  test.each([
    [true, 'CONFIRMED', 'AUTHORIZED', 9],
    [false, 'CANCELLED', 'FAILED', 10],
  ] as const)('says %p: %s', async (approve, status, paymentStatus, left) => {
    const { variantId, available } = await productFor({ onHand: 10 });
    const ada = await customer();
    const order = await ada.buys(variantId, 1, { payment: { token: 'tok_3ds' } });
    expect(order).toMatchObject({ status: 'PENDING', paymentStatus: 'PENDING' });
    const action = must(order.nextAction, 'there is something to do');
    expect(new Date(must(action.expiresAt, 'it ends')).getTime()).toBeGreaterThan(Date.now());
    expect(await available()).toBe(9);
    expect((await (await demo('support')).order(order.id))?.nextAction).toBeNull();
    const watch = ada.watch({ orderId: order.id });
    await decide(action.url, approve);
    await watch.until(({ updates }) => updates.at(-1)?.order.status === status);
    watch.close();
    expect(await ada.order(order.id)).toMatchObject({ status, paymentStatus, nextAction: null });
    await eventually(async () => expect(await available()).toBe(left));
    const { order: money } = await ada.get(documents.OrderMoneyDocument, { id: order.id });
    expect(money?.payments).toMatchObject([{ status: paymentStatus, method: 'visa', provider: 'sandbox' }]);
  });

  test('says nothing and cancels: nothing is held, and the page is closed', async () => {
    const { variantId, available } = await productFor({ onHand: 10 });
    const ada = await customer();
    const order = await ada.buys(variantId, 1, { payment: { token: 'tok_3ds' } });
    const input = { orderId: order.id, idempotencyKey: randomUUID() };
    const { cancelOrder } = await ada.get(documents.CancelOrderDocument, { input });
    expect(cancelOrder?.order).toMatchObject({ status: 'CANCELLED', nextAction: null });
    await eventually(async () => {
      const { order: money } = await ada.get(documents.OrderMoneyDocument, { id: order.id });
      expect(money?.payments).toMatchObject([{ status: 'VOIDED' }]);
    });
    expect(await (await fetch(must(order.nextAction, 0).url)).text()).toContain(
      'does not ask for this payment any more',
    );
    await eventually(async () => expect(await available()).toBe(10));
  });

  test('is a guest: sees where to go with the order’s token', async () => {
    const { variantId } = await productFor({});
    const guest = new Visitor();
    const cartToken = must((await guest.fill(variantId)).token, undefined);
    const more = { cartToken, email: 'guest@example.com', payment: { token: 'tok_3ds' } };
    const { order, userErrors } = await guest.checkout(more);
    const { id, token, nextAction } = must(order, userErrors);
    expect((await guest.order(id, must(token, 'a guest order has one')))?.nextAction).toEqual(nextAction);
    await decide(must(nextAction, 'there is something to do').url, true);
    await eventually(async () => expect(await guest.order(id, token ?? '')).toMatchObject({ status: 'CONFIRMED' }));
  });
});

test('a total that has changed is not charged', async () => {
  const { variantId, available } = await productFor({ price: '10.00', onHand: 3 });
  const ada = await customer();
  await ada.fill(variantId, 1);
  const { order, userErrors } = await ada.checkout({ expectedTotal: { amount: '1.00', currencyCode: 'USD' } });
  expect(order).toBeNull();
  expect(userErrors).toMatchObject([{ __typename: 'PriceChangedError', code: 'PRICE_CHANGED' }]);
  expect(await available()).toBe(3);
  const [error] = userErrors;
  const currentTotal = error && 'currentTotal' in error ? error.currentTotal : undefined;
  expect((await ada.checkout({ expectedTotal: currentTotal })).order).toMatchObject({
    status: 'CONFIRMED',
    cost: { total: currentTotal },
  });
});

test('what is short is named, article by article', async () => {
  const short = await productFor({ onHand: 1 });
  const plenty = await productFor({ onHand: 10 });
  const ada = await customer();
  await ada.fill(short.variantId, 2);
  await ada.fill(plenty.variantId, 2);
  const { order, userErrors } = await ada.checkout();
  expect(order).toBeNull();
  expect(userErrors).toMatchObject([{ code: 'INSUFFICIENT_INVENTORY', sku: short.sku, available: 1 }]);
  expect([await short.available(), await plenty.available()]).toEqual([1, 10]);
});

test('fifty buyers at once for ten units: ten orders, forty clear refusals, nobody charged in vain', async () => {
  const { variantId, sku, available } = await productFor({ onHand: 10 });
  const guests = Array.from({ length: 50 }, () => new Visitor());
  const tokens = await Promise.all(guests.map(async (guest) => (await guest.fill(variantId, 1)).token));
  const answers = await Promise.all(
    guests.map(async (guest, index) => {
      const contact = { cartToken: tokens[index], email: `guest-${randomUUID()}@example.com` };
      const input = {
        ...contact,
        shippingAddress: ADDRESS,
        payment: { token: 'tok_visa' },
        idempotencyKey: randomUUID(),
      };
      // On a busy machine fifty at once can take longer than an answer may: nothing has happened then, and the key is good.
      const answer = await again(
        () => guest.ask(documents.PlaceOrderDocument, { input }),
        (sent) => !codes(sent).includes('SERVICE_UNAVAILABLE'),
      );
      return must(answer.data?.placeOrder, answer.errors);
    }),
  );
  const bought = answers.filter(({ order }) => order !== null);
  const refused = answers.filter(({ order }) => order === null);
  expect(bought).toHaveLength(10);
  for (const { userErrors } of refused) {
    expect(userErrors).toMatchObject([{ code: 'INSUFFICIENT_INVENTORY', sku, available: 0 }]);
  }
  expect(await available()).toBe(0);
  const admin = await demo('admin');
  for (const { order } of bought) {
    const id = must(order, undefined).id;
    await eventually(async () =>
      expect(await admin.order(id)).toMatchObject({ status: 'CONFIRMED', paymentStatus: 'AUTHORIZED' }),
    );
  }
}, 60_000);

test('the same order sent twenty times at once with one key: one order, one payment', async () => {
  const { variantId, available } = await productFor({ onHand: 30 });
  const ada = await customer();
  await ada.fill(variantId, 1);
  const idempotencyKey = randomUUID();
  const answers = await Promise.all(Array.from({ length: 20 }, () => ada.checkout({ idempotencyKey })));
  for (const { order, userErrors } of answers) {
    if (order === null) expect(userErrors).toMatchObject([{ code: 'CONFLICT', details: { retryable: true } }]);
  }
  const ids = new Set(answers.flatMap(({ order }) => (order ? [order.id] : [])));
  expect(ids.size).toBe(1);
  const [id] = [...ids];
  expect((await ada.checkout({ idempotencyKey })).order?.id).toBe(id);
  const other = await ada.checkout({ idempotencyKey, note: 'ring twice' });
  expect(other).toMatchObject({ order: null, userErrors: [{ code: 'DUPLICATE_REQUEST', field: ['idempotencyKey'] }] });
  expect((await ada.get(documents.MyOrdersDocument, {})).me?.orders?.totalCount).toBe(1);
  expect((await ada.get(documents.OrderMoneyDocument, { id })).order?.payments).toHaveLength(1);
  expect(await available()).toBe(29);
});

test('support does not buy', async () => {
  const { variantId, available } = await productFor({ onHand: 2 });
  const support = await demo('support');
  await support.fill(variantId, 1);
  const input = { shippingAddress: ADDRESS, payment: { token: 'tok_visa' }, idempotencyKey: randomUUID() };
  expect(codes(await support.ask(documents.PlaceOrderDocument, { input }))).toEqual(['FORBIDDEN']);
  expect(await available()).toBe(2);
});
