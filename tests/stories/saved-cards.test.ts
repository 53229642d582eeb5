/** People keep a card and buy with it; nobody else does. */
import { randomUUID } from 'node:crypto';
import * as documents from '../generated/graphql';
import { codes, customer, demo, must, productFor, Visitor } from '../support/shop';

async function saves(buyer: Visitor, token = 'tok_visa') {
  const { savePaymentMethod } = await buyer.get(documents.SavePaymentMethodDocument, { input: { token } });
  return must(savePaymentMethod?.paymentMethod, savePaymentMethod?.userErrors);
}
const cardsOf = async (buyer: Visitor) => (await buyer.get(documents.MyPaymentMethodsDocument, {})).me?.paymentMethods;

test('a saved card pays twice, is deleted, and pays no more', async () => {
  const { variantId, available } = await productFor({ onHand: 5 });
  const ada = await customer();
  expect(await cardsOf(ada)).toEqual([]);
  const card = await saves(ada);
  expect(card).toMatchObject({ brand: 'visa', provider: 'sandbox' });
  const other = await saves(ada, 'tok_mastercard');
  expect(await cardsOf(ada)).toEqual([other, card]);

  for (let time = 0; time < 2; time += 1) {
    const order = await ada.buys(variantId, 1, { payment: { methodId: card.id } });
    expect(order).toMatchObject({ status: 'CONFIRMED', paymentStatus: 'AUTHORIZED' });
    const { order: money } = await ada.get(documents.OrderMoneyDocument, { id: order.id });
    expect(money?.payments).toMatchObject([{ status: 'AUTHORIZED', method: 'visa', provider: 'sandbox' }]);
  }
  expect(await available()).toBe(3);

  const input = { id: card.id };
  const { deletePaymentMethod } = await ada.get(documents.DeletePaymentMethodDocument, { input });
  expect(deletePaymentMethod).toEqual({ paymentMethod: card, userErrors: [] });
  expect(await cardsOf(ada)).toEqual([other]);
  const cart = await ada.fill(variantId, 1);
  const idempotencyKey = randomUUID();
  const refused = await ada.checkout({ payment: { methodId: card.id }, idempotencyKey });
  expect(refused).toMatchObject({
    order: null,
    userErrors: [{ code: 'NOT_FOUND', field: ['payment', 'methodId'] }],
  });
  expect(await ada.checkout({ payment: { methodId: card.id }, idempotencyKey })).toEqual(refused);
  expect((await ada.get(documents.MyCartDocument, {})).me?.cart).toMatchObject({ id: cart.id, lines: cart.lines });
  expect(await available()).toBe(3);
  expect((await ada.checkout({ payment: { methodId: other.id } })).order).toMatchObject({ status: 'CONFIRMED' });
});

test('a saved card that the bank declines is declined', async () => {
  const { variantId, available } = await productFor({ onHand: 2 });
  const ada = await customer();
  const card = await saves(ada, 'tok_insufficient_funds');
  await ada.fill(variantId, 1);
  expect(await ada.checkout({ payment: { methodId: card.id } })).toMatchObject({
    order: null,
    userErrors: [{ code: 'PAYMENT_FAILED', declineReason: 'insufficient_funds' }],
  });
  expect(await available()).toBe(2);
});

test("somebody else's card looks like none: nothing is bought, nothing changes", async () => {
  const { variantId, available } = await productFor({ onHand: 4 });
  const ada = await customer();
  const card = await saves(ada);
  for (const stranger of [await customer(), await demo('admin')]) {
    const cart = await stranger.fill(variantId, 1);
    const buy = (methodId: string) => stranger.checkout({ payment: { methodId } });
    const [theirs, unknown] = [await buy(card.id), await buy('pm_01h455vb4pex5vsknk084sn02q')];
    expect(theirs).toEqual(unknown);
    expect(theirs).toMatchObject({ order: null, userErrors: [{ code: 'NOT_FOUND', field: ['payment', 'methodId'] }] });
    expect((await stranger.get(documents.MyCartDocument, {})).me?.cart).toMatchObject({ lines: cart.lines });
    const { deletePaymentMethod } = await stranger.get(documents.DeletePaymentMethodDocument, {
      input: { id: card.id },
    });
    expect(deletePaymentMethod).toMatchObject({
      ...{ paymentMethod: null, userErrors: [{ code: 'NOT_FOUND', field: ['id'] }] },
    });
    const line = must(cart.lines[0], undefined);
    await stranger.get(documents.RemoveCartLineDocument, { input: { cartId: cart.id, lineId: line.id } });
  }
  const guest = new Visitor();
  const { token: cartToken } = await guest.fill(variantId, 1);
  expect(await guest.checkout({ cartToken, email: 'guest@example.com', payment: { methodId: card.id } })).toMatchObject(
    {
      order: null,
      userErrors: [{ code: 'NOT_FOUND', field: ['payment', 'methodId'] }],
    },
  );
  expect(codes(await guest.ask(documents.SavePaymentMethodDocument, { input: { token: 'tok_visa' } }))).toEqual([
    'UNAUTHENTICATED',
  ]);
  expect(await available()).toBe(4);
  expect(await cardsOf(ada)).toEqual([card]);
});

test('exactly one of token and saved card', async () => {
  const { variantId } = await productFor({});
  const ada = await customer();
  const { id: methodId } = await saves(ada);
  await ada.fill(variantId, 1);
  for (const [payment, field] of [
    [{ methodId, token: 'tok_visa' }, 'methodId'],
    [{}, 'token'],
    [{ methodId: 'pay_1' }, 'methodId'],
    [{ token: '' }, 'token'],
  ] as const) {
    expect(await ada.checkout({ payment })).toMatchObject({
      order: null,
      userErrors: [{ code: 'VALIDATION_ERROR', field: ['payment', field] }],
    });
  }
  expect(await ada.checkout({ payment: { methodId } })).toMatchObject({
    userErrors: [],
    order: { status: 'CONFIRMED' },
  });
});
