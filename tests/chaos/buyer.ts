/** Buyers: each fills a cart, orders it under a key of its own, and asks until it knows. */
import { z } from 'zod';
import { fromId } from '../../platform/ids';
import { parseMajor } from '../../platform/money';
import type { Chance } from './chance';
import { NoAnswer, type Answer, type Graph } from './graph';
import type { Entry } from './history';
import { PROMO_CODES, type Article, type Person } from './people';
import { persist, type Asker, type Outcome } from './persist';
import { patiently } from './patiently';

/** An order that a buyer has been told of. */
export interface PlacedOrder {
  /** `ord_…` */
  id: string;
  orderId: string;
  /** Total in minor units. */
  total: string;
  /** For a guest's order, what opens it. */
  token: string | null;
  buyer: Person | null;
}

/** What a buyer works with. `person` null: a guest. */
export interface BuyerTools extends Asker {
  name: string;
  graph: Graph;
  chance: Chance;
  articles: readonly Article[];
  person: Person | null;
}

const ADDRESS = {
  name: 'Chaos Buyer',
  line1: '1 Broken Bridge',
  city: 'San Francisco',
  region: 'CA',
  postalCode: '94103',
  countryCode: 'US',
};
const CREATE_CART = `mutation ($input: CreateCartInput) { createCart(input: $input) {
  cart { id token lines { id } } userErrors { code details } } }`;
const REMOVE_LINE = `mutation ($input: RemoveCartLineInput!) { removeCartLine(input: $input) {
  cart { id } userErrors { code details } } }`;
const PLACE = `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
  order { id token status cost { total { amount currencyCode } } } userErrors { __typename code details } } }`;
const APPLY = `mutation ($input: ApplyPromoCodeInput!) { applyPromoCode(input: $input) {
  cart { id } userErrors { code details } } }`;
const REMOVE_CODE = `mutation ($input: RemovePromoCodeInput!) { removePromoCode(input: $input) {
  cart { id } userErrors { code details } } }`;
const NEXT_ACTION = `query ($id: ID!, $token: String) { order(id: $id, token: $token) {
  status nextAction { url } } }`;
const CART = 'query { me { cart { lines { id } promoCodes { code } } } }';

/** The card whose holder has to approve the payment on the provider's page. */
const ASKS_BUYER = 'tok_3ds';
/** How often each card is used. */
const CARDS: readonly [string, number][] = [
  ['tok_declined', 0.05],
  ['tok_timeout', 0.03],
  ['tok_error_once', 0.05],
  [ASKS_BUYER, 0.04],
];
/** How often a buyer asks for something that runs out, has a code, hangs up early, and sends the same order twice at once. */
const WANTS_SCARCE = 0.1;
const HAS_CODE = 0.15;
const HANGS_UP = 0.04;
const SENDS_TWICE = 0.05;
/** How often one that is asked to approve the payment does. */
const APPROVES = 0.7;

const cartShape = z.object({ token: z.string().nullable() });
const fullCartShape = z.object({
  me: z.object({
    cart: z
      .object({
        lines: z.array(z.object({ id: z.string() })),
        promoCodes: z.array(z.object({ code: z.string() })),
      })
      .nullable(),
  }),
});
const orderShape = z.object({
  id: z.string(),
  token: z.string().nullable(),
  status: z.string(),
  cost: z.object({ total: z.object({ amount: z.string(), currencyCode: z.string() }) }),
});

const nextActionShape = z.object({
  order: z.object({ status: z.string(), nextAction: z.object({ url: z.string() }).nullable() }).nullable(),
});

/** One checkout, from an empty cart to an answer; gives the order, if there is one. */
export async function buy(tools: BuyerTools, key: string): Promise<PlacedOrder | undefined> {
  const { chance, person } = tools;
  const cart = await fill(tools, key);
  if (cart === undefined) return undefined;
  const card = cardOf(chance);
  const input = {
    shippingAddress: ADDRESS,
    payment: { token: card },
    idempotencyKey: key,
    ...(cart.token !== null && { cartToken: cart.token, email: `${key}@example.com` }),
  };
  const copies = chance.happens(SENDS_TWICE) ? 2 : 1;
  const outcomes = await Promise.all(Array.from({ length: copies }, () => place(tools, key, input)));
  const placed = outcomes.find((outcome) => outcome?.told === 'ok');
  if (placed?.told === 'ok') {
    const { id, token, cost } = orderShape.parse(placed.object);
    const order = { id, orderId: uuidOf(id), total: minorOf(cost.total), token, buyer: person };
    if (card === ASKS_BUYER) await decide(tools, order);
    return order;
  }
  // The cart is as it was before: the next one begins with nothing in it.
  if (person) await empty(tools, person);
  return undefined;
}

function place(tools: BuyerTools, key: string, input: Record<string, unknown>): Promise<Outcome> {
  const { graph, chance, person, name } = tools;
  const hangUp = chance.happens(HANGS_UP) ? chance.between(5, 250) : undefined;
  const ask = async (attempt: number): Promise<Answer> =>
    graph.mutate('placeOrder', 'order', PLACE, input, {
      token: await person?.session(),
      dropAfterMs: attempt === 1 ? hangUp : undefined,
    });
  return persist(tools, { client: name, action: 'placeOrder', key }, ask, describe);
}

/** Goes where the payment is approved or declined, once the order says where that is. */
async function decide({ graph, chance, patienceMs }: BuyerTools, { id, token, buyer }: PlacedOrder): Promise<void> {
  const body = JSON.stringify({ approve: chance.happens(APPROVES) });
  await patiently(async () => {
    const data = await graph.data(NEXT_ACTION, { id, token }, { token: await buyer?.session() });
    const { order } = nextActionShape.parse(data);
    if (order?.status === 'PENDING') {
      if (!order.nextAction) throw new NoAnswer('NOT_YET');
      const headers = { 'content-type': 'application/json' };
      // Decided already, by an attempt whose answer was lost, is as good.
      await fetch(order.nextAction.url, { method: 'POST', headers, body }).catch(() => {
        throw new NoAnswer('NO_CONNECTION');
      });
    }
    return { object: {}, refusals: [] };
  }, patienceMs);
}

function describe(object: Record<string, unknown>): Partial<Entry> {
  const { id, status, cost } = orderShape.parse(object);
  return { orderId: uuidOf(id), status, total: minorOf(cost.total) };
}

/** A cart with a few lines. Undefined: there is none. */
async function fill(tools: BuyerTools, key: string): Promise<{ token: string | null } | undefined> {
  const { graph, chance, articles, person, name } = tools;
  const plenty = articles.filter(({ scarce }) => !scarce);
  const wanted = chance.shuffle(plenty).slice(0, chance.between(1, 4));
  if (chance.happens(WANTS_SCARCE)) wanted.push(chance.pick(articles.filter(({ scarce }) => scarce)));
  const lines = wanted.map(({ id }) => ({ variantId: id, quantity: chance.between(1, 4) }));
  const question = { client: name, action: 'createCart', key: `cart-${key}` } as const;
  const made = await persist(tools, question, async () =>
    graph.mutate('createCart', 'cart', CREATE_CART, { lines }, { token: await person?.session() }),
  );
  if (made?.told !== 'ok') return undefined;
  const { token } = cartShape.parse(made.object);
  if (chance.happens(HAS_CODE)) {
    const code = chance.pick(PROMO_CODES);
    // Refused when nothing is left of it: one buys without.
    await patiently(async () =>
      graph.mutate('applyPromoCode', 'cart', APPLY, { token, code }, { token: await person?.session() }),
    );
  }
  return { token };
}

/** Takes everything out of a customer's cart. */
async function empty({ graph }: BuyerTools, person: Person): Promise<void> {
  await patiently(async () => {
    const token = await person.session();
    const { me } = fullCartShape.parse(await graph.data(CART, {}, { token }));
    const removed: Answer[] = [];
    for (const { id } of me.cart?.lines ?? []) {
      removed.push(await graph.mutate('removeCartLine', 'cart', REMOVE_LINE, { lineId: id }, { token }));
    }
    for (const { code } of me.cart?.promoCodes ?? []) {
      removed.push(await graph.mutate('removePromoCode', 'cart', REMOVE_CODE, { code }, { token }));
    }
    return removed.find(({ object }) => !object) ?? { object: {}, refusals: [] };
  });
}

function cardOf(chance: Chance): string {
  return CARDS.find(([, share]) => chance.happens(share))?.[0] ?? 'tok_visa';
}

function uuidOf(id: string): string {
  return fromId('ord', id) ?? id;
}

function minorOf({ amount, currencyCode }: { amount: string; currencyCode: string }): string {
  return String(parseMajor(amount, currencyCode));
}
