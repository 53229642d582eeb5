/** Promotion codes, from the admin who makes one to the buyer who comes too late. */
import { randomUUID } from 'node:crypto';
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import { ADDRESS, codes, customer, demo, must, PASSWORD, productFor, Visitor } from '../support/shop';

const newCode = (): string => `STORY-${randomUUID().slice(0, 8)}`.toUpperCase();
const apply = async (visitor: Visitor, code: string, token?: string | null) =>
  must((await visitor.get(documents.ApplyPromoCodeDocument, { input: { code, token } })).applyPromoCode, undefined);

/** A new promotion, made by the admin; gives its code, and how often it is used. */
async function promotionFor(input: Partial<documents.CreatePromotionInput>) {
  const admin = await demo('admin');
  const { createPromotion } = await admin.get(documents.CreatePromotionDocument, {
    input: { code: newCode(), name: 'Story', kind: 'PERCENTAGE', ...input },
  });
  const { id, code } = must(createPromotion?.promotion, createPromotion?.userErrors);
  const used = async (): Promise<number> =>
    must((await admin.get(documents.PromotionsDocument, { query: code })).promotions?.nodes[0], undefined).used;
  return { admin, id, code, used };
}

test('an admin makes a code for one, a customer buys with it, the next one is refused; cancelled, it is free again', async () => {
  const { variantId } = await productFor({ price: '20.00' });
  const { code, used } = await promotionFor({ percentage: 25, totalLimit: 1 });
  const [ada, grace] = [await customer(), await customer()];
  await ada.fill(variantId, 2);
  await ada.get(documents.SetCartDeliveryDocument, { input: { address: ADDRESS } });
  const { cart, userErrors } = await apply(ada, code.toLowerCase());
  expect(userErrors).toEqual([]);
  expect(cart).toMatchObject({
    promoCodes: [{ code, applied: true, discount: { amount: '10.00' }, reason: null }],
    lines: [{ discount: { amount: '10.00' }, total: { amount: '30.00' } }],
    cost: { subtotal: { amount: '40.00' }, discount: { amount: '10.00' } },
  });
  await grace.fill(variantId, 1);
  expect((await apply(grace, code)).userErrors).toEqual([]);

  const expectedTotal = must(cart, userErrors).cost.total;
  const order = must((await ada.checkout({ shippingAddress: undefined, expectedTotal })).order, undefined);
  expect(order).toMatchObject({
    status: 'CONFIRMED',
    cost: { subtotal: { amount: '40.00' }, discount: { amount: '10.00' }, total: expectedTotal },
    lines: [{ discount: { amount: '10.00' }, total: { amount: '30.00' } }],
  });
  expect(await used()).toBe(1);

  // Grace was shown a discount that Ada has taken: she is told, and nothing is charged.
  const tooLate = await grace.checkout();
  expect(tooLate).toMatchObject({
    order: null,
    userErrors: [{ __typename: 'PromoCodeError', code: 'VALIDATION_ERROR', reason: 'USAGE_LIMIT' }],
  });
  expect((await grace.get(documents.MyCartDocument, {})).me?.cart).toMatchObject({
    promoCodes: [{ code, applied: false, discount: { amount: '0.00' }, reason: 'USAGE_LIMIT' }],
    cost: { discount: { amount: '0.00' } },
  });
  const third = await customer();
  expect((await apply(third, code)).userErrors).toMatchObject([
    { __typename: 'PromoCodeError', field: ['code'], reason: 'USAGE_LIMIT' },
  ]);
  expect(await used()).toBe(1);

  await ada.get(documents.CancelOrderDocument, { input: { orderId: order.id, idempotencyKey: randomUUID() } });
  await eventually(async () => expect(await used()).toBe(0));
  const { order: second } = await grace.checkout();
  expect(second).toMatchObject({ status: 'CONFIRMED', cost: { discount: { amount: '5.00' } } });
  expect(await used()).toBe(1);
});

test('a declined card gives the use back', async () => {
  const { variantId } = await productFor({});
  const { code, used } = await promotionFor({ percentage: 10, totalLimit: 1, perUserLimit: 1 });
  const ada = await customer();
  await ada.fill(variantId, 1);
  const before = (await apply(ada, code)).cart;
  expect((await ada.checkout({ payment: { token: 'tok_declined' } })).order).toBeNull();
  await eventually(async () => expect(await used()).toBe(0));
  expect((await ada.get(documents.MyCartDocument, {})).me?.cart?.promoCodes).toEqual(before?.promoCodes);
  expect((await ada.checkout()).order).toMatchObject({ status: 'CONFIRMED' });
  expect(await used()).toBe(1);
});

test('a guest buys with free shipping; a code of a guest cart comes along at login', async () => {
  const { variantId } = await productFor({ price: '10.00' });
  const { code } = await promotionFor({ kind: 'FREE_SHIPPING' });
  const guest = new Visitor();
  const { token } = await guest.fill(variantId, 1);
  await guest.get(documents.SetCartDeliveryDocument, { input: { token, address: ADDRESS } });
  const { cart } = await apply(guest, code, token);
  expect(cart).toMatchObject({
    promoCodes: [{ applied: true, discount: { amount: '5.99' } }],
    cost: { discount: { amount: '0.00' }, shipping: { amount: '0.00' } },
  });
  const email = `guest-${randomUUID()}@example.com`;
  const { order } = await guest.checkout({ cartToken: token, email, shippingAddress: undefined });
  expect(order).toMatchObject({ status: 'CONFIRMED', cost: { shipping: { amount: '0.00' }, total: cart?.cost.total } });

  const other = new Visitor();
  const { token: second } = await other.fill(variantId, 1);
  await apply(other, code, second);
  const ada = await customer();
  await ada.login(ada.email, PASSWORD, must(second, undefined));
  expect((await ada.get(documents.MyCartDocument, {})).me?.cart?.promoCodes).toMatchObject([{ code, applied: true }]);
  const { removePromoCode } = await ada.get(documents.RemovePromoCodeDocument, { input: { code } });
  expect(removePromoCode).toMatchObject({ cart: { promoCodes: [] }, userErrors: [] });
});

test('customers, partners and support make no promotions, and only staff see them', async () => {
  const { id, code, admin } = await promotionFor({ percentage: 10 });
  const others = [new Visitor(), await customer(), await demo('partner'), await demo('support')];
  for (const [index, visitor] of others.entries()) {
    const refused = [index === 0 ? 'UNAUTHENTICATED' : 'FORBIDDEN'];
    const stolen = { code: newCode(), name: 'Mine', kind: 'PERCENTAGE', percentage: 100 } as const;
    expect(codes(await visitor.ask(documents.CreatePromotionDocument, { input: stolen }))).toEqual(refused);
    const change = { promotionId: id, percentage: 100 };
    expect(codes(await visitor.ask(documents.UpdatePromotionDocument, { input: change }))).toEqual(refused);
    expect((await admin.get(documents.PromotionsDocument, { query: stolen.code })).promotions?.totalCount).toBe(0);
    const seen = await visitor.ask(documents.PromotionsDocument, { query: code });
    if (index === 3) expect(seen.data?.promotions?.nodes).toMatchObject([{ id, percentage: 10 }]);
    else expect([codes(seen), seen.data?.promotions ?? null]).toEqual([refused, null]);
  }
  const input = { promotionId: id, active: false };
  const { updatePromotion } = await admin.get(documents.UpdatePromotionDocument, { input });
  expect(updatePromotion).toMatchObject({ promotion: { percentage: 10, active: false }, userErrors: [] });
});
