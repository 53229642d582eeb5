/** Support works on orders; their buyers watch. */
import { randomUUID } from 'node:crypto';
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import { codes, customer, demo, must, productFor, Visitor, type Watch } from '../support/shop';

const watches: Watch[] = [];
const watched = (watch: Watch): Watch => {
  watches.push(watch);
  return watch;
};
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close();
});

const key = (): string => randomUUID();
const parcel = (orderId: string, lines?: { lineId: string; quantity: number }[]) => ({
  orderId,
  carrier: 'UPS',
  trackingNumber: `1Z${randomUUID().slice(0, 8)}`,
  lines,
  idempotencyKey: key(),
});
const paid = async (visitor: Visitor, id: string, paymentStatus: string): Promise<void> =>
  eventually(async () => expect(await visitor.order(id)).toMatchObject({ paymentStatus }));

test('shipped in two parcels and delivered: the buyer sees each step as it happens, with fields from the whole graph', async () => {
  const { variantId, product } = await productFor({});
  const ada = await customer();
  const support = await demo('support');
  const order = await ada.buys(variantId, 3);
  const line = must(order.lines[0], undefined);
  const watch = watched(ada.watch({ orderId: order.id }));
  await watch.until(({ updates }) => updates.length === 1);
  expect(watch.updates[0]).toMatchObject({
    kind: 'SNAPSHOT',
    order: {
      id: order.id,
      status: 'CONFIRMED',
      lines: [{ variant: { id: variantId, product: { name: product.name } } }],
    },
  });

  const { startProcessing } = await support.get(documents.StartProcessingDocument, { input: { orderId: order.id } });
  expect(startProcessing).toMatchObject({ order: { status: 'PROCESSING' }, userErrors: [] });
  const first = parcel(order.id, [{ lineId: line.id, quantity: 1 }]);
  const shipped = (await support.get(documents.ShipOrderDocument, { input: first })).shipOrder;
  expect(shipped).toMatchObject({ order: { status: 'PROCESSING', lines: [{ shippedQuantity: 1 }] }, userErrors: [] });
  await paid(ada, order.id, 'PAID');
  // Sent again, nothing more leaves.
  const again = (await support.get(documents.ShipOrderDocument, { input: first })).shipOrder;
  expect(again?.order?.shipments).toHaveLength(1);
  const tooMany = parcel(order.id, [{ lineId: line.id, quantity: 3 }]);
  expect((await support.get(documents.ShipOrderDocument, { input: tooMany })).shipOrder).toMatchObject({
    order: null,
    userErrors: [{ code: 'VALIDATION_ERROR', field: ['lines', '0', 'quantity'] }],
  });
  const rest = (await support.get(documents.ShipOrderDocument, { input: parcel(order.id) })).shipOrder;
  expect(rest).toMatchObject({ order: { status: 'SHIPPED', lines: [{ shippedQuantity: 3 }] }, userErrors: [] });
  const shipments = must(rest?.order, undefined).shipments;
  expect(shipments).toHaveLength(2);

  for (const { id: shipmentId } of shipments) {
    await support.get(documents.ConfirmDeliveryDocument, { input: { orderId: order.id, shipmentId } });
  }
  await watch.until(({ updates }) => updates.at(-1)?.event.status === 'DELIVERED');
  const types = watch.updates.map(({ event }) => `${event.type} ${event.status}`);
  expect(types).toEqual([
    'STATUS_CHANGED CONFIRMED',
    'STATUS_CHANGED PROCESSING',
    'SHIPMENT_CHANGED PROCESSING',
    'STATUS_CHANGED SHIPPED',
    'SHIPMENT_CHANGED SHIPPED',
    'STATUS_CHANGED DELIVERED',
  ]);

  // The same events under the same cursors, for those who ask instead of watching.
  const { order: asked } = await ada.get(documents.TimelineDocument, { id: order.id });
  const timeline = must(asked, undefined).timeline;
  expect(timeline[0]).toMatchObject({ type: 'STATUS_CHANGED', status: 'PENDING' });
  const seen = timeline.filter(({ type }) => type !== 'PAYMENT_CHANGED').map(({ cursor }) => cursor);
  expect(watch.updates.map(({ cursor }) => cursor)).toEqual(seen.slice(1));

  // Coming back from a tunnel: everything since, once, and no snapshot.
  const resumed = watched(ada.watch({ orderId: order.id, after: must(watch.updates[2], undefined).cursor }));
  await resumed.until(({ updates }) => updates.length === 3);
  expect(resumed.updates.map(({ kind, cursor }) => [kind, cursor])).toEqual(
    watch.updates.slice(3).map(({ cursor }) => ['EVENT', cursor]),
  );
}, 60_000);

test('a capture that fails ships nothing', async () => {
  const { variantId } = await productFor({});
  const ada = await customer();
  const support = await demo('support');
  const order = await ada.buys(variantId, 1, { payment: { token: 'tok_capture_fails' } });
  await support.get(documents.StartProcessingDocument, { input: { orderId: order.id } });
  const { shipOrder } = await support.get(documents.ShipOrderDocument, { input: parcel(order.id) });
  expect(shipOrder).toMatchObject({
    order: null,
    userErrors: [{ __typename: 'PaymentError', code: 'PAYMENT_FAILED' }],
  });
  expect(await ada.order(order.id)).toMatchObject({
    status: 'PROCESSING',
    shipments: [],
    lines: [{ shippedQuantity: 0 }],
  });
});

test('cancelled by its buyer: stock and money go back, once', async () => {
  const { variantId, available } = await productFor({ onHand: 5 });
  const ada = await customer();
  const order = await ada.buys(variantId, 2);
  const input = { orderId: order.id, reason: 'changed my mind', idempotencyKey: key() };
  const [one, two] = await Promise.all([
    ada.get(documents.CancelOrderDocument, { input }),
    ada.get(documents.CancelOrderDocument, { input }),
  ]);
  for (const { cancelOrder } of [one, two]) {
    if (cancelOrder?.order) expect(cancelOrder.order.status).toBe('CANCELLED');
    else expect(cancelOrder?.userErrors).toMatchObject([{ code: 'CONFLICT', details: { retryable: true } }]);
  }
  await eventually(async () => expect(await available()).toBe(5));
  await paid(ada, order.id, 'VOIDED');
  const later = await ada.get(documents.CancelOrderDocument, { input: { ...input, idempotencyKey: key() } });
  expect(later.cancelOrder).toMatchObject({ order: null, userErrors: [{ code: 'CONFLICT' }] });
});

test('a guest cancels by token; support cancels; what has shipped is not cancelled', async () => {
  const { variantId, available } = await productFor({ onHand: 9 });
  const guest = new Visitor();
  const { token: cartToken } = await guest.fill(variantId, 1);
  const { order } = await guest.checkout({ cartToken, email: `guest-${randomUUID()}@example.com` });
  const { id, token } = must(order, undefined);
  const refused = await guest.get(documents.CancelOrderDocument, {
    input: { orderId: id, token: 'wrong', idempotencyKey: key() },
  });
  expect(refused.cancelOrder).toMatchObject({ order: null, userErrors: [{ code: 'NOT_FOUND', field: ['orderId'] }] });
  expect(await guest.order(id, must(token, undefined))).toMatchObject({ status: 'CONFIRMED' });
  const done = await guest.get(documents.CancelOrderDocument, { input: { orderId: id, token, idempotencyKey: key() } });
  expect(done.cancelOrder).toMatchObject({ order: { status: 'CANCELLED' }, userErrors: [] });
  await eventually(async () => expect(await available()).toBe(9));

  const ada = await customer();
  const support = await demo('support');
  const second = await ada.buys(variantId, 1);
  const bySupport = await support.get(documents.CancelOrderDocument, {
    input: { orderId: second.id, idempotencyKey: key() },
  });
  expect(bySupport.cancelOrder).toMatchObject({ order: { status: 'CANCELLED' } });

  const third = await ada.buys(variantId, 1);
  await support.get(documents.StartProcessingDocument, { input: { orderId: third.id } });
  await support.get(documents.ShipOrderDocument, { input: parcel(third.id) });
  const late = await ada.get(documents.CancelOrderDocument, { input: { orderId: third.id, idempotencyKey: key() } });
  expect(late.cancelOrder).toMatchObject({ order: null, userErrors: [{ code: 'CONFLICT' }] });
  expect(await ada.order(third.id)).toMatchObject({ status: 'SHIPPED' });
});

test('support refunds in parts, never more than was taken', async () => {
  const { variantId } = await productFor({ price: '50.00' });
  const ada = await customer();
  const support = await demo('support');
  const order = await ada.buys(variantId, 1);
  await support.get(documents.StartProcessingDocument, { input: { orderId: order.id } });
  await support.get(documents.ShipOrderDocument, { input: parcel(order.id) });
  const refund = (amount?: string) =>
    support.get(documents.CreateRefundDocument, {
      input: { orderId: order.id, amount: amount ? { amount, currencyCode: 'USD' } : undefined, idempotencyKey: key() },
    });
  expect((await refund('10.00')).createRefund).toMatchObject({ refund: { status: 'SUCCEEDED' }, userErrors: [] });
  await paid(ada, order.id, 'PARTIALLY_REFUNDED');
  expect((await refund('1000.00')).createRefund).toMatchObject({
    refund: null,
    userErrors: [{ code: 'VALIDATION_ERROR' }],
  });
  expect((await refund()).createRefund).toMatchObject({ refund: { status: 'SUCCEEDED' } });
  await paid(ada, order.id, 'REFUNDED');
});

test('a transition the table does not know is refused and changes nothing', async () => {
  const { variantId } = await productFor({});
  const ada = await customer();
  const support = await demo('support');
  const order = await ada.buys(variantId, 1);
  const { shipOrder } = await support.get(documents.ShipOrderDocument, { input: parcel(order.id) });
  expect(shipOrder).toMatchObject({ order: null, userErrors: [{ code: 'CONFLICT' }] });
  const { confirmDelivery } = await support.get(documents.ConfirmDeliveryDocument, { input: { orderId: order.id } });
  expect(confirmDelivery).toMatchObject({ order: null, userErrors: [{ code: 'CONFLICT' }] });
  expect(await ada.order(order.id)).toMatchObject({ status: 'CONFIRMED', shipments: [] });
});

test('customers do not do the work of support', async () => {
  const { variantId } = await productFor({});
  const ada = await customer();
  const order = await ada.buys(variantId, 1);
  const orderId = order.id;
  const answers = [
    await ada.ask(documents.StartProcessingDocument, { input: { orderId } }),
    await ada.ask(documents.ShipOrderDocument, { input: parcel(orderId) }),
    await ada.ask(documents.ConfirmDeliveryDocument, { input: { orderId } }),
    await ada.ask(documents.CreateRefundDocument, { input: { orderId, idempotencyKey: key() } }),
  ];
  expect(answers.map(codes)).toEqual([['FORBIDDEN'], ['FORBIDDEN'], ['FORBIDDEN'], ['FORBIDDEN']]);
  expect(await ada.order(orderId)).toMatchObject({ status: 'CONFIRMED' });
});
