/** What is somebody else's looks exactly like what does not exist. */
import { randomUUID } from 'node:crypto';
import * as documents from '../generated/graphql';
import { ADDRESS, codes, customer, demo, must, productFor, Visitor } from '../support/shop';

const UNKNOWN_ORDER = 'ord_01h455vb4pex5vsknk084sn02q';

test("somebody else's order", async () => {
  const { variantId } = await productFor({});
  const ada = await customer();
  const order = await ada.buys(variantId, 1);
  const payment = must((await ada.get(documents.OrderMoneyDocument, { id: order.id })).order?.payments?.[0], undefined);

  for (const stranger of [await customer(), new Visitor(), await demo('partner')]) {
    expect(await stranger.order(order.id)).toBeNull();
    expect((await stranger.get(documents.OrderDocument, { number: order.number })).order).toBeNull();
    expect((await stranger.get(documents.PaymentDocument, { id: payment.id })).payment).toBeNull();
    const cancel = (orderId: string) =>
      stranger.get(documents.CancelOrderDocument, { input: { orderId, idempotencyKey: randomUUID() } });
    const [theirs, unknown] = [await cancel(order.id), await cancel(UNKNOWN_ORDER)];
    expect(theirs.cancelOrder).toEqual(unknown.cancelOrder);
    expect(theirs.cancelOrder).toMatchObject({ order: null, userErrors: [{ code: 'NOT_FOUND', field: ['orderId'] }] });
    for (const orderId of [order.id, UNKNOWN_ORDER]) {
      const watch = await stranger.watch({ orderId }).untilEnded();
      expect([watch.updates, codes(watch)]).toEqual([[], ['NOT_FOUND']]);
      watch.close();
    }
  }
  expect(await ada.order(order.id)).toMatchObject({ status: 'CONFIRMED' });
  for (const staff of [await demo('support'), await demo('admin')]) {
    expect(await staff.order(order.id)).toMatchObject({ id: order.id });
    expect((await staff.get(documents.OrderMoneyDocument, { id: order.id })).order).toMatchObject({
      customer: { email: ada.email },
    });
  }
});

test("somebody else's cart", async () => {
  const { variantId } = await productFor({});
  const ada = await customer();
  const cart = await ada.fill(variantId, 1);
  const line = must(cart.lines[0], undefined);
  const guest = new Visitor();
  const guestCart = await guest.fill(variantId, 1);

  for (const stranger of [await customer(), new Visitor(), await demo('admin')]) {
    for (const { id, lines } of [cart, guestCart]) {
      const lineId = must(lines[0], undefined).id;
      expect((await stranger.get(documents.CartDocument, { id })).cart).toBeNull();
      const answers = [
        (await stranger.get(documents.AddToCartDocument, { input: { cartId: id, variantId } })).addToCart,
        (await stranger.get(documents.UpdateCartLineDocument, { input: { cartId: id, lineId, quantity: 5 } }))
          .updateCartLine,
        (await stranger.get(documents.RemoveCartLineDocument, { input: { cartId: id, lineId } })).removeCartLine,
        (await stranger.get(documents.SaveForLaterDocument, { input: { cartId: id, lineId } })).saveForLater,
        (await stranger.get(documents.MoveToCartDocument, { input: { cartId: id, lineId } })).moveToCart,
        (await stranger.get(documents.SetCartDeliveryDocument, { input: { cartId: id, address: ADDRESS } }))
          .setCartDelivery,
      ];
      for (const answer of answers) {
        expect(answer).toMatchObject({ cart: null, userErrors: [{ code: 'NOT_FOUND', field: ['cartId'] }] });
      }
    }
    expect((await stranger.get(documents.CartDocument, { token: 'not-a-token' })).cart).toBeNull();
  }
  expect((await ada.get(documents.CartDocument, { id: cart.id })).cart).toEqual(cart);
  expect((await ada.get(documents.CartDocument, {})).cart?.lines).toEqual([line]);
  expect((await guest.get(documents.CartDocument, { token: guestCart.token })).cart?.lines).toEqual(guestCart.lines);
});

test("somebody else's address and person", async () => {
  const ada = await customer();
  const { createAddress } = await ada.get(documents.CreateAddressDocument, { input: { address: ADDRESS } });
  const address = must(createAddress?.address, createAddress?.userErrors);
  const { me } = await ada.get(documents.MeDocument, {});
  const id = must(me, undefined).id;

  const stranger = await customer();
  const input = { addressId: address.id, address: { ...ADDRESS, city: 'Elsewhere' } };
  expect((await stranger.get(documents.UpdateAddressDocument, { input })).updateAddress).toMatchObject({
    address: null,
    userErrors: [{ code: 'NOT_FOUND', field: ['addressId'] }],
  });
  expect(
    (await stranger.get(documents.DeleteAddressDocument, { input: { addressId: address.id } })).deleteAddress,
  ).toMatchObject({
    userErrors: [{ code: 'NOT_FOUND', field: ['addressId'] }],
  });
  expect((await stranger.get(documents.SomeUserDocument, { id })).user).toBeNull();
  expect(codes(await stranger.ask(documents.UsersDocument, {}))).toEqual(['FORBIDDEN']);
  expect(codes(await stranger.ask(documents.UpdateUserRoleDocument, { input: { userId: id, role: 'ADMIN' } }))).toEqual(
    ['FORBIDDEN'],
  );
  expect((await ada.get(documents.MeDocument, {})).me?.addresses).toEqual([address]);

  const support = await demo('support');
  expect((await support.get(documents.SomeUserDocument, { id })).user).toMatchObject({
    email: ada.email,
    role: null,
    addresses: null,
  });
  const { users } = await support.get(documents.UsersDocument, { query: ada.email });
  expect(users?.nodes).toMatchObject([{ id, email: ada.email }]);
});

test('a session that is not one is refused, over HTTP and on the socket', async () => {
  const forged = new Visitor();
  forged.session = { accessToken: 'eyJhbGciOiJub25lIn0.e30.', refreshToken: 'x', expiresAt: '' };
  const answer = await forged.ask(documents.MeDocument, {});
  expect([answer.data ?? null, codes(answer)]).toEqual([null, ['UNAUTHENTICATED']]);
  const client = forged.socket();
  const closed = new Promise<number>((resolve) => {
    client.on('closed', (event) => resolve((event as { code: number }).code));
  });
  const ended = new Promise<void>((resolve) => {
    client.subscribe(
      { query: '{ me { id } }' },
      { next: () => undefined, error: () => resolve(), complete: () => resolve() },
    );
  });
  expect(await closed).toBe(4403);
  await ended;
});
