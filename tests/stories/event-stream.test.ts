/** A buyer's browser follows an order by EventSource, through a tunnel. */
import { randomUUID } from 'node:crypto';
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import { eventsOf, openRaw, type RawStream } from '../support/raw-stream';
import { customer, demo, productFor, shopUrl, type Visitor } from '../support/shop';

const streams: RawStream[] = [];
afterEach(() => {
  for (const stream of streams.splice(0)) stream.leave();
});

async function ticketOf(visitor: Visitor): Promise<string> {
  const headers = { authorization: `Bearer ${visitor.session?.accessToken ?? ''}` };
  const response = await fetch(`${visitor.url}/graphql/ticket`, { method: 'POST', headers });
  return ((await response.json()) as { ticket: string }).ticket;
}

/** As a browser asks; the second time with the id of the last event. */
async function eventSource(orderId: string, ticket: string, lastEventId?: string): Promise<RawStream> {
  const query = documents.WatchOrderDocument.toString();
  const search = new URLSearchParams({ query, variables: JSON.stringify({ orderId }), ticket });
  const headers = { accept: 'text/event-stream', ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) };
  const path = `/graphql?${search.toString()}`;
  const stream = await openRaw(Number(new URL(shopUrl()).port), { method: 'GET', path, headers });
  streams.push(stream);
  return stream;
}

const updatesOf = (stream: RawStream) =>
  eventsOf(stream.text()).map(({ id, data }) => ({
    id,
    update: (data as { data?: documents.WatchOrderSubscription } | undefined)?.data?.orderUpdated,
  }));
const statusesOf = (stream: RawStream) =>
  updatesOf(stream).map(({ update }) => `${update?.kind} ${update?.event.status}`);

test('who comes back with the last id has missed nothing and sees nothing twice; a stranger sees nothing', async () => {
  const { variantId } = await productFor({});
  const [ada, stranger, support] = [await customer(), await customer(), await demo('support')];
  const { id } = await ada.buys(variantId);
  const ticket = await ticketOf(ada);
  const first = await eventSource(id, ticket);
  await eventually(() => expect(statusesOf(first)).toEqual(['SNAPSHOT CONFIRMED']));
  first.leave();

  await support.get(documents.StartProcessingDocument, { input: { orderId: id } });
  const parcel = { orderId: id, carrier: 'UPS', trackingNumber: '1Z1', idempotencyKey: randomUUID() };
  await support.get(documents.ShipOrderDocument, { input: parcel });
  const again = await eventSource(id, ticket, updatesOf(first).at(-1)?.id);
  await eventually(() => expect(statusesOf(again).at(-1)).toBe('EVENT SHIPPED'));
  expect(statusesOf(again)[0]).toBe('EVENT PROCESSING');
  const ids = updatesOf(again).map(({ id: cursor }) => cursor);
  expect(new Set(ids).size).toBe(ids.length);

  const foreign = await eventSource(id, await ticketOf(stranger));
  await eventually(() => expect(foreign.ended()).toBe('whole'));
  expect(eventsOf(foreign.text())).toMatchObject([
    { event: 'next', data: { errors: [{ extensions: { code: 'NOT_FOUND' } }] } },
    { event: 'complete' },
  ]);
});
