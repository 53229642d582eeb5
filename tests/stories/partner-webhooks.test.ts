/** A partner's program is told what happens to an order, and the log of deliveries says so. */
import { randomUUID } from 'node:crypto';
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import { codes, customer, demo, must, PASSWORD, productFor } from '../support/shop';
import { startReceiver, type Receiver } from '../support/webhook-receiver';

let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.stop());

test('an order on its way to DELIVERED: signed, in order, and nothing before the cursor', async () => {
  const { variantId } = await productFor({});
  const ada = await customer();
  const order = await ada.buys(variantId, 1);
  const input = { url: receiver.url };
  expect(codes(await ada.ask(documents.CreateWebhookEndpointDocument, { input }))).toEqual(['FORBIDDEN']);

  const { me } = await ada.get(documents.MeDocument, {});
  const admin = await demo('admin');
  const promote = { input: { userId: must(me, undefined).id, role: 'PARTNER' as const } };
  const { updateUserRole } = await admin.get(documents.UpdateUserRoleDocument, promote);
  expect(updateUserRole).toMatchObject({ user: { role: 'PARTNER' }, userErrors: [] });
  await ada.login(ada.email, PASSWORD);
  const { createWebhookEndpoint } = await ada.get(documents.CreateWebhookEndpointDocument, { input });
  const { id } = must(createWebhookEndpoint?.webhookEndpoint, createWebhookEndpoint?.userErrors);
  const secret = must(createWebhookEndpoint?.secret, undefined);

  const timeline = async (after?: string) =>
    must((await ada.get(documents.TimelineDocument, { id: order.id, after })).order, undefined).timeline;
  const [placed] = await timeline();
  const { cursor: after } = must(placed, undefined);
  const replay = { input: { id, after } };
  expect((await ada.get(documents.ReplayWebhookEventsDocument, replay)).replayWebhookEvents).toMatchObject({
    ...{ webhookEndpoint: { id }, userErrors: [] },
  });

  const support = await demo('support');
  const orderId = order.id;
  const parcel = { orderId, carrier: 'UPS', trackingNumber: '1Z1', idempotencyKey: randomUUID() };
  await support.get(documents.StartProcessingDocument, { input: { orderId } });
  await support.get(documents.ShipOrderDocument, { input: parcel });
  await support.get(documents.ConfirmDeliveryDocument, { input: { orderId } });

  await eventually(async () => {
    const events = await timeline(after);
    expect(events.map(({ status }) => status)).toContain('DELIVERED');
    expect(receiver.received.map(({ message }) => message.data.cursor)).toEqual(events.map(({ cursor }) => cursor));
    const { webhookEndpoint } = await ada.get(documents.WebhookEndpointDocument, { id });
    const sent = events.toReversed().map(({ cursor }) => ({
      ...{ eventCursor: cursor, messageId: `evt_${cursor}` },
      ...{ status: 'DELIVERED', attempts: 1, responseStatus: 204 },
    }));
    expect(webhookEndpoint?.deliveries?.nodes).toMatchObject(sent);
  });
  for (const received of receiver.received) {
    receiver.verify(received, secret);
    expect(received.message.data).toMatchObject({ orderId, orderNumber: order.number });
  }

  const stranger = await demo('partner');
  expect((await stranger.get(documents.WebhookEndpointDocument, { id })).webhookEndpoint).toBeNull();
  expect((await stranger.get(documents.ReplayWebhookEventsDocument, replay)).replayWebhookEvents).toMatchObject({
    ...{ webhookEndpoint: null, userErrors: [{ code: 'NOT_FOUND', field: ['id'] }] },
  });
});
