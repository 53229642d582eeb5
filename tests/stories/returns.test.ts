/** Buyers send back what they bought; support decides, and money and stock go back. */
import { randomUUID } from 'node:crypto';
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import { codes, customer, demo, must, productFor, Visitor, type Watch } from '../support/shop';

const watches: Watch[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close();
});

const key = (): string => randomUUID();
/** Support prepares, ships and delivers an order. */
const fulfil = async (support: Visitor, orderId: string): Promise<void> => {
  await support.get(documents.StartProcessingDocument, { input: { orderId } });
  const parcel = { orderId, carrier: 'UPS', trackingNumber: '1Z', idempotencyKey: key() };
  const { shipOrder } = await support.get(documents.ShipOrderDocument, { input: parcel });
  expect(shipOrder?.userErrors).toEqual([]);
  const { confirmDelivery } = await support.get(documents.ConfirmDeliveryDocument, { input: { orderId } });
  expect(confirmDelivery).toMatchObject({ order: { status: 'DELIVERED' }, userErrors: [] });
};
const request = async (
  by: Visitor,
  input: Omit<documents.RequestReturnInput, 'idempotencyKey'>,
  idempotencyKey = key(),
) =>
  must(
    (await by.get(documents.RequestReturnDocument, { input: { ...input, idempotencyKey } })).requestReturn,
    undefined,
  );
const accept = async (support: Visitor, returnId: string, idempotencyKey = key()) =>
  must(
    (await support.get(documents.AcceptReturnDocument, { input: { returnId, idempotencyKey } })).acceptReturn,
    undefined,
  );
/** Refunds of an order as its buyer sees them. */
const refunds = async (by: Visitor, id: string) => {
  const { order } = await by.get(documents.OrderMoneyDocument, { id });
  return must(order, undefined).refunds?.map(({ status, amount }) => `${status} ${amount.amount}`);
};

test('one unit, then the rest: the refund is visible, stock is back, and each step is told as it happens', async () => {
  const { variantId, available } = await productFor({ price: '10.01', onHand: 5 });
  const ada = await customer();
  const support = await demo('support');
  const order = await ada.buys(variantId, 3);
  const line = must(order.lines[0], undefined);
  await fulfil(support, order.id);
  await eventually(async () => expect(await available()).toBe(2));
  const types: documents.OrderEventType[] = ['STATUS_CHANGED', 'SHIPMENT_CHANGED', 'PAYMENT_CHANGED', 'RETURN_CHANGED'];
  const watch = ada.watch({ orderId: order.id, types });
  watches.push(watch);
  await watch.until(({ updates }) => updates.length === 1);

  const lines = [{ lineId: line.id, quantity: 1 }];
  const [asked, again] = await Promise.all(
    ['same', 'same'].map((same) =>
      request(ada, { orderId: order.id, lines, reason: 'too big' }, `${order.id} ${same}`),
    ),
  );
  expect(asked?.return).toMatchObject({ status: 'REQUESTED', reason: 'too big', lines: [{ quantity: 1 }] });
  expect(again?.return?.id).toBe(asked?.return?.id);
  const { id } = must(asked?.return, asked?.userErrors);
  const [accepted, twice] = await Promise.all([accept(support, id, id), accept(support, id, id)]);
  expect(accepted).toMatchObject({ order: { status: 'DELIVERED', lines: [{ returnedQuantity: 1 }] }, userErrors: [] });
  expect(twice.return?.id).toBe(id);
  await eventually(async () =>
    expect((await ada.order(order.id))?.returns).toMatchObject([{ refundStatus: 'SUCCEEDED' }]),
  );
  await eventually(async () => expect(await available()).toBe(3));

  const rest = must((await request(ada, { orderId: order.id })).return, undefined);
  expect(rest.lines).toMatchObject([{ quantity: 2, line: { id: line.id } }]);
  expect((await accept(support, rest.id)).order).toMatchObject({
    status: 'RETURNED',
    lines: [{ returnedQuantity: 3 }],
  });
  await eventually(async () => expect(await available()).toBe(5));

  // To the cent what the line has cost with its tax; shipping stays paid.
  await eventually(async () => expect(await refunds(ada, order.id)).toHaveLength(2));
  const cents = (amount: string): number => Math.round(Number(amount) * 100);
  const back = must(await refunds(ada, order.id), undefined);
  expect(back.every((refund) => refund.startsWith('SUCCEEDED '))).toBe(true);
  const sum = back.reduce((total, refund) => total + cents(must(refund.split(' ')[1], undefined)), 0);
  expect(sum).toBe(cents(line.total.amount) + cents(line.tax.amount));
  await eventually(async () =>
    expect(await ada.order(order.id)).toMatchObject({ paymentStatus: 'PARTIALLY_REFUNDED' }),
  );

  await watch.until(({ updates }) => updates.some(({ event }) => event.status === 'RETURNED'));
  const seen = watch.updates.slice(1).map(({ event }) => event);
  const told = seen.filter(({ type }) => type !== 'PAYMENT_CHANGED').map(({ type, status }) => `${type} ${status}`);
  expect(told).toEqual([
    'RETURN_CHANGED DELIVERED',
    'RETURN_CHANGED DELIVERED',
    'RETURN_CHANGED DELIVERED',
    'STATUS_CHANGED RETURNED',
  ]);
  const { order: asOrder } = await ada.get(documents.TimelineDocument, { id: order.id });
  const timeline = must(asOrder, undefined).timeline.filter(({ type }) => type === 'RETURN_CHANGED');
  expect(timeline.map(({ reason, actor }) => [reason, actor.kind])).toEqual([
    ['too big', 'CUSTOMER'],
    [null, 'SUPPORT'],
    [null, 'CUSTOMER'],
  ]);
}, 60_000);

test('a guest by token; strangers and customers change nothing', async () => {
  const { variantId, available } = await productFor({ onHand: 4 });
  const guest = new Visitor();
  const { token: cartToken } = await guest.fill(variantId, 1);
  const { order: placed } = await guest.checkout({ cartToken, email: `guest-${randomUUID()}@example.com` });
  const { id: orderId, token } = must(placed, undefined);
  const support = await demo('support');
  await fulfil(support, orderId);
  await eventually(async () => expect(await available()).toBe(3));
  const before = await guest.order(orderId, must(token, undefined));

  for (const stranger of [new Visitor(), await customer()]) {
    for (const wrong of [undefined, 'wrong']) {
      expect(await request(stranger, { orderId, token: wrong })).toMatchObject({
        return: null,
        order: null,
        userErrors: [{ code: 'NOT_FOUND', field: ['orderId'] }],
      });
    }
  }
  expect(await guest.order(orderId, must(token, undefined))).toEqual(before);

  const { return: made } = await request(guest, { orderId, token });
  const { id: returnId } = must(made, undefined);
  const denied = await (
    await customer()
  ).ask(documents.AcceptReturnDocument, { input: { returnId, idempotencyKey: key() } });
  expect(codes(denied)).toEqual(['FORBIDDEN']);
  expect(codes(await guest.ask(documents.RejectReturnDocument, { input: { returnId } }))).toEqual(['UNAUTHENTICATED']);
  expect(await guest.order(orderId, must(token, undefined))).toMatchObject({
    ...{ status: 'DELIVERED', lines: [{ returnedQuantity: 0 }], returns: [{ id: returnId, status: 'REQUESTED' }] },
  });
  expect((await accept(support, returnId)).order).toMatchObject({ status: 'RETURNED' });
  await eventually(async () => expect(await available()).toBe(4));
  await eventually(async () =>
    expect(await guest.order(orderId, must(token, undefined))).toMatchObject({ paymentStatus: 'PARTIALLY_REFUNDED' }),
  );
});

test('rejected: nothing goes back, and the buyer reads why', async () => {
  const { variantId, available } = await productFor({ onHand: 4 });
  const ada = await customer();
  const support = await demo('support');
  const { id: orderId } = await ada.buys(variantId, 1);
  expect(await request(ada, { orderId })).toMatchObject({ return: null, userErrors: [{ code: 'CONFLICT' }] });
  await fulfil(support, orderId);
  const { id: returnId } = must((await request(ada, { orderId })).return, undefined);
  const input = { returnId, reason: 'It was worn.' };
  const { rejectReturn } = await support.get(documents.RejectReturnDocument, { input });
  expect(rejectReturn).toMatchObject({ return: { status: 'REJECTED', refundAmount: null }, userErrors: [] });
  const { rejectReturn: late } = await support.get(documents.RejectReturnDocument, { input });
  expect(late).toMatchObject({ return: null, userErrors: [{ code: 'CONFLICT', field: ['returnId'] }] });
  expect(await ada.order(orderId)).toMatchObject({
    ...{ status: 'DELIVERED', paymentStatus: 'PAID', lines: [{ returnedQuantity: 0 }] },
    returns: [{ status: 'REJECTED', rejectionReason: 'It was worn.' }],
  });
  expect([await available(), await refunds(ada, orderId)]).toEqual([3, []]);
});
