/** The orders subgraph among stand-ins, and the requests its tests send. */
import { randomUUID } from 'node:crypto';
import type { Principal, Role, UserPrincipal } from '../../platform/auth/principal';
import { orders } from '../../subgraphs/orders';
import { OrdersWorld } from './orders-world';
import { startSubgraph, type SubgraphUnderTest } from './subgraph';
import type { Clock } from '../../platform/clock';

/** A user of a role; the same id gives the same user. */
export const user = (role: Role = 'CUSTOMER', id: string = randomUUID()): UserPrincipal => ({
  kind: 'user',
  id,
  role,
  sessionId: randomUUID(),
});

const ADDRESS = {
  ...{ name: 'Ada Lovelace', line1: '1 Byron Row', line2: null, city: 'London', region: null },
  ...{ postalCode: 'N1 9GU', countryCode: 'GB', phone: null },
};

const ERRORS = `userErrors { __typename code message field details
  ... on InventoryError { sku available } ... on PriceChangedError { currentTotal { amount } } ... on PaymentError { declineReason }
  ... on PromoCodeError { reason } }`;
const ORDER = `order { id number token status paymentStatus nextAction { url expiresAt } cancellableUntil shipments { id trackingUrl deliveredAt
  lines { quantity line { id } } } lines { id quantity shippedQuantity returnedQuantity } returnableUntil
  returns { id status } timeline { type status reason actor { kind name } } }`;

const RETURN = `return { id status reason rejectionReason refundAmount { amount } refundStatus requestedAt decidedAt
  lines { quantity line { id } } }`;

/** Documents of the mutations, each with `order` and all of its user errors; those of returns with `return`, too. */
export const MUTATION = {
  placeOrder: `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { ${ORDER} ${ERRORS} } }`,
  cancelOrder: `mutation ($input: CancelOrderInput!) { cancelOrder(input: $input) { ${ORDER} ${ERRORS} } }`,
  startProcessing: `mutation ($input: StartProcessingInput!) { startProcessing(input: $input) { ${ORDER} ${ERRORS} } }`,
  shipOrder: `mutation ($input: ShipOrderInput!) { shipOrder(input: $input) { ${ORDER} ${ERRORS} } }`,
  confirmDelivery: `mutation ($input: ConfirmDeliveryInput!) { confirmDelivery(input: $input) { ${ORDER} ${ERRORS} } }`,
  requestReturn: `mutation ($input: RequestReturnInput!) { requestReturn(input: $input) { ${RETURN} ${ORDER} ${ERRORS} } }`,
  acceptReturn: `mutation ($input: AcceptReturnInput!) { acceptReturn(input: $input) { ${RETURN} ${ORDER} ${ERRORS} } }`,
  rejectReturn: `mutation ($input: RejectReturnInput!) { rejectReturn(input: $input) { ${RETURN} ${ORDER} ${ERRORS} } }`,
} as const;

/** An order as the mutations above show it. */
export interface ShownOrder {
  id: string;
  number: string;
  token: string | null;
  status: string;
  paymentStatus: string;
  nextAction: { url: string; expiresAt: string | null } | null;
  cancellableUntil: string | null;
  shipments: { id: string; trackingUrl: string | null; deliveredAt: string | null; lines: { quantity: number }[] }[];
  lines: { id: string; quantity: number; shippedQuantity: number; returnedQuantity: number }[];
  returnableUntil: string | null;
  returns: { id: string; status: string }[];
  timeline: { type: string; status: string; reason: string | null; actor: { kind: string; name: string | null } }[];
}

/** A return as the mutations of returns show it. */
export interface ShownReturn {
  id: string;
  status: string;
  reason: string | null;
  rejectionReason: string | null;
  refundAmount: { amount: string } | null;
  refundStatus: string | null;
  requestedAt: string;
  decidedAt: string | null;
  lines: { quantity: number; line: { id: string } }[];
}

/** A mutation's payload; `error` is the code of the GraphQL error when it failed as a whole. */
export interface Answer {
  order: ShownOrder | null;
  return?: ShownReturn | null;
  userErrors: ({ __typename: string; code: string; message: string; field: string[] | null } & Record<
    string,
    unknown
  >)[];
  error?: string;
}

/** The subgraph with its world. */
export interface OrdersShop extends SubgraphUnderTest {
  world: OrdersWorld;
  mutate(name: keyof typeof MUTATION, input: Record<string, unknown>, principal?: Principal): Promise<Answer>;
  /** Places an order; gives it. Fails the test if there is none. */
  place(principal: Principal, more?: Record<string, unknown>): Promise<ShownOrder>;
  /** Runs a job once, by name. */
  job(name: string): Promise<void>;
  /** Makes every unfinished checkout due and free, as if its worker had died long ago, and sweeps. */
  sweep(): Promise<void>;
  /** Empties the database and the world. */
  reset(): Promise<void>;
  /** Everything that is written about orders, for comparing before and after. */
  everything(): Promise<unknown>;
}

/** Starts it on a fresh database. */
export async function startOrders(options: { clock?: Clock } = {}): Promise<OrdersShop> {
  const world = new OrdersWorld();
  const shop = await startSubgraph(orders, { ...options, commands: world.commands });
  world.sealedAddress = shop.services.sealer.sealJson(ADDRESS);
  const { db } = shop.services;
  const mutate: OrdersShop['mutate'] = async (name, input, principal) => {
    const { data, errors } = await shop.run(MUTATION[name], { input }, principal);
    const payload = (data as Record<string, Answer | null> | null | undefined)?.[name];
    if (payload) return payload;
    return { order: null, userErrors: [], error: String(errors?.[0]?.extensions['code']) };
  };
  const job = async (name: string): Promise<void> => {
    const found = shop.started.jobs.find((each) => each.name === name);
    if (!found) throw new Error(`no job ${name}`);
    await found.run();
  };
  return Object.assign(shop, {
    world,
    mutate,
    job,
    async place(principal: Principal, more: Record<string, unknown> = {}) {
      const input = { payment: { token: 'tok_visa' }, idempotencyKey: randomUUID(), ...more };
      const { order, userErrors, error } = await mutate('placeOrder', input, principal);
      if (!order) throw new Error(`no order: ${error ?? JSON.stringify(userErrors)}`);
      return order;
    },
    async sweep() {
      await db.rows(`UPDATE checkout SET leased_until = NULL, due_at = now() - interval '1 s' WHERE done_at IS NULL`);
      await job('orders.sweep-checkouts');
    },
    async reset() {
      world.reset();
      await db.rows(
        'TRUNCATE orders, order_line, shipment, shipment_line, order_return, return_line, order_event, checkout, idempotency, outbox, inbox',
      );
    },
    everything: () =>
      db.rows(`SELECT (SELECT json_agg(o ORDER BY id) FROM orders o) AS orders, (SELECT json_agg(l ORDER BY id) FROM order_line l) AS lines,
        (SELECT json_agg(s ORDER BY id) FROM shipment s) AS shipments,
        (SELECT json_agg(r ORDER BY id) FROM order_return r) AS returns, (SELECT count(*) FROM order_event) AS events,
        (SELECT count(*) FROM outbox) AS outbox`),
  });
}
