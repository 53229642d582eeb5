/** A partner's program: it gets a token, buys, watches and is seen by its partner alone; its key changes, and ends. */
import { randomUUID } from 'node:crypto';
import * as documents from '../generated/graphql';
import { eventually } from '../support/eventually';
import { codes, customer, demo, must, PASSWORD, productFor, Visitor, type Watch } from '../support/shop';

const watches: Watch[] = [];
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close();
});

interface Client {
  id: string;
  key: string;
}

/** Somebody whom an admin has made a partner. */
async function newPartner(): Promise<Visitor> {
  const visitor = await customer();
  const { me } = await visitor.get(documents.MeDocument, {});
  const input = { userId: must(me, undefined).id, role: 'PARTNER' as const };
  await (await demo('admin')).get(documents.UpdateUserRoleDocument, { input });
  return visitor.login(visitor.email, PASSWORD);
}

async function newClient(partner: Visitor): Promise<Client> {
  const { createApiClient } = await partner.get(documents.CreateApiClientDocument, { input: { name: 'Till' } });
  const { id } = must(createApiClient?.apiClient, createApiClient?.userErrors);
  return { id, key: must(createApiClient?.key, undefined) };
}

/** As `curl -u ID:KEY -d grant_type=client_credentials URL/oauth/token`. */
async function token(
  partner: Visitor,
  { id, key }: Client,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${partner.url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${key}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** The program, with its token. */
async function program(partner: Visitor, client: Client): Promise<Visitor> {
  const { status, body } = await token(partner, client);
  expect([status, body['token_type'], body['expires_in']]).toEqual([200, 'Bearer', 3_600]);
  const visitor = new Visitor(partner.url);
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  visitor.session = { accessToken: String(body['access_token']), refreshToken: '', expiresAt };
  return visitor;
}

const ADDRESS = {
  ...{ name: 'Ada Lovelace', line1: '12 Analytical Row', city: 'San Francisco', region: 'CA' },
  ...{ postalCode: '94103', countryCode: 'US' },
};
interface Bought {
  id: string;
  status: string;
}

/** What such a program sends: only what the contract has. */
async function run(visitor: Visitor, query: string, variables: object = {}): Promise<Record<string, unknown>> {
  const response = await fetch(`${visitor.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${visitor.session?.accessToken ?? ''}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data?: Record<string, unknown>; errors?: unknown };
  if (!data || errors) throw new Error(JSON.stringify(errors));
  return data;
}

async function buys(visitor: Visitor, variantId: string): Promise<Bought> {
  await run(visitor, 'query ($id: ID!) { productVariant(id: $id) { sku price { amount } product { name } } }', {
    id: variantId,
  });
  const add =
    'mutation ($input: AddToCartInput!) { addToCart(input: $input) { cart { id itemCount } userErrors { code } } }';
  await run(visitor, add, { input: { variantId, quantity: 2 } });
  const place = `mutation ($input: PlaceOrderInput!) {
    placeOrder(input: $input) { order { id status token } userErrors { code message field } } }`;
  const input = { shippingAddress: ADDRESS, payment: { token: 'tok_visa' }, idempotencyKey: randomUUID() };
  const { placeOrder } = (await run(visitor, place, { input })) as {
    placeOrder: { order: (Bought & { token: null }) | null; userErrors: unknown };
  };
  const order = must(placeOrder.order, undefined);
  expect([order.status, order.token, placeOrder.userErrors]).toEqual(['CONFIRMED', null, []]);
  return order;
}

const READ = `query ($id: ID!) { order(id: $id) { status timeline { status actor { kind } } } orders { nodes { id } } }`;
const WATCH = `subscription ($orderId: ID!) { orderUpdated(orderId: $orderId) { kind order { status lines { sku } } } }`;

test('it buys, watches, and is seen by its partner; to others the order does not exist', async () => {
  const { variantId } = await productFor({});
  const [partner, stranger] = [await newPartner(), await newPartner()];
  const till = await program(partner, await newClient(partner));
  const others = await program(stranger, await newClient(stranger));
  const order = await buys(till, variantId);

  const seen: unknown[] = [];
  const socket = till.socket();
  const following = (async () => {
    for await (const { data } of socket.iterate({ query: WATCH, variables: { orderId: order.id } })) {
      seen.push((data as { orderUpdated: { kind: string; order: { status: string } } }).orderUpdated.order.status);
      if (seen.length === 2) return;
    }
  })();
  await eventually(() => expect(seen).toEqual(['CONFIRMED']));
  const support = await demo('support');
  await support.get(documents.StartProcessingDocument, { input: { orderId: order.id } });
  await following;
  expect(seen).toEqual(['CONFIRMED', 'PROCESSING']);
  await socket.dispose();

  const whole = {
    ...{ order: { status: 'PROCESSING' }, orders: { nodes: [{ id: order.id }] } },
  };
  for (const by of [till, partner]) expect(await run(by, READ, { id: order.id })).toMatchObject(whole);
  for (const by of [others, stranger, await customer()])
    expect(await run(by, READ, { id: order.id })).toEqual({ order: null, orders: { nodes: [] } });
  expect((await partner.get(documents.ApiClientsDocument, {})).apiClients).toMatchObject({ totalCount: 1 });

  const { data, errors } = await till.ask(documents.MeDocument, {});
  expect([data, errors?.[0]?.message, errors?.[0]?.extensions.code]).toEqual([
    ...[undefined, 'Cannot query field "me" on type "Query".', 'GRAPHQL_VALIDATION_FAILED'],
  ]);
});

test('its key changes without a break, and what it has ends with it', async () => {
  const { variantId } = await productFor({});
  const partner = await newPartner();
  const old = await newClient(partner);
  const till = await program(partner, old);
  const order = await buys(till, variantId);
  const rotate = async (overlapHours: number): Promise<Client> => {
    const input = { id: old.id, overlapHours };
    const { rotateApiClientKey } = await partner.get(documents.RotateApiClientKeyDocument, { input });
    return { id: old.id, key: must(rotateApiClientKey?.key, rotateApiClientKey?.userErrors) };
  };
  const next = await rotate(1);
  for (const client of [old, next]) await program(partner, client);
  expect(await run(till, READ, { id: order.id })).toMatchObject({ order: { status: 'CONFIRMED' } });

  const current = await program(partner, await rotate(1));
  const closed = new Promise<number>((resolve) => {
    const socket = current.socket();
    socket.on('connected', () => undefined);
    socket.on('closed', (event) => resolve((event as { code: number }).code));
    const sink = { next: () => undefined, error: () => undefined, complete: () => undefined };
    socket.subscribe({ query: WATCH, variables: { orderId: order.id } }, sink);
  });
  expect(await run(current, READ, { id: order.id })).toMatchObject({ order: { status: 'CONFIRMED' } });
  const { revokeApiClient } = await partner.get(documents.RevokeApiClientDocument, { input: { id: old.id } });
  expect(revokeApiClient).toMatchObject({ apiClient: { id: old.id }, userErrors: [] });
  expect(await closed).toBe(4403);
  await eventually(async () => {
    expect(codes(await current.ask(documents.ApiClientsDocument, {}))).toEqual(['UNAUTHENTICATED']);
  });
  expect(await token(partner, next)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  expect(await run(partner, READ, { id: order.id })).toMatchObject({ order: { status: 'CONFIRMED' } });
});
