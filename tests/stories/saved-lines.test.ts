/** What is saved for later. */
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import { customer, must, PASSWORD, productFor, Visitor } from '../support/shop';

const save = async (visitor: Visitor, lineId: string, token?: string | null) => {
  const { saveForLater } = await visitor.get(documents.SaveForLaterDocument, { input: { lineId, token } });
  return must(saveForLater?.cart, saveForLater?.userErrors);
};
const putBack = async (visitor: Visitor, lineId: string) => {
  const { moveToCart } = await visitor.get(documents.MoveToCartDocument, { input: { lineId } });
  return must(moveToCart?.cart, moveToCart?.userErrors);
};
const cartOf = async (visitor: Visitor) => (await visitor.get(documents.MyCartDocument, {})).me?.cart;

test('a customer saves one thing for later, buys the rest, and finds it in the next cart', async () => {
  const [mug, lamp] = [await productFor({ price: '10.00' }), await productFor({ price: '25.00', onHand: 10 })];
  const ada = await customer();
  await ada.fill(mug.variantId, 2);
  const full = await ada.fill(lamp.variantId, 3);
  const lampLine = must(full.lines[1], 'two lines');
  const less = await save(ada, lampLine.id);
  expect(less).toMatchObject({
    itemCount: 2,
    lines: [{ sku: mug.sku }],
    savedLines: [{ id: lampLine.id, sku: lamp.sku, quantity: 3, total: { amount: '75.00' } }],
    cost: { subtotal: { amount: '20.00' } },
  });

  const { order, userErrors } = await ada.checkout();
  expect(userErrors).toEqual([]);
  expect(order).toMatchObject({
    status: 'CONFIRMED',
    lines: [{ sku: mug.sku }],
    cost: { subtotal: { amount: '20.00' } },
  });
  expect(await lamp.available()).toBe(10);
  await eventually(async () => expect((await cartOf(ada))?.id).not.toBe(less.id));
  expect(await cartOf(ada)).toMatchObject({ itemCount: 0, lines: [], savedLines: less.savedLines });

  // Nothing but saved lines is nothing to buy.
  expect(await ada.checkout()).toMatchObject({
    order: null,
    userErrors: [{ code: 'VALIDATION_ERROR', message: 'The cart is empty.' }],
  });
  expect(await putBack(ada, lampLine.id)).toMatchObject({
    ...{ itemCount: 3, savedLines: [], lines: less.savedLines, cost: { subtotal: { amount: '75.00' } } },
  });
  expect((await ada.checkout()).order).toMatchObject({ lines: [{ sku: lamp.sku, quantity: 3 }] });
  expect(await lamp.available()).toBe(7);
});

test("a guest's saved things come along at login", async () => {
  const [mug, lamp] = [await productFor({}), await productFor({})];
  const guest = new Visitor();
  const { token, lines } = await guest.fill(mug.variantId, 2);
  const line = must(lines[0], 'a line');
  await guest.fill(lamp.variantId, 1, must(token, 'a guest cart has a token'));
  await save(guest, line.id, token);

  const ada = await customer();
  const own = must((await ada.fill(mug.variantId, 1)).lines[0], 'a line');
  await save(ada, own.id);
  await ada.login(ada.email, PASSWORD, must(token, undefined));
  expect(await cartOf(ada)).toMatchObject({
    itemCount: 1,
    lines: [{ sku: lamp.sku }],
    savedLines: [{ id: own.id, sku: mug.sku, quantity: 3 }],
  });
});
