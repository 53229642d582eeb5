/** What happens to orders after they are placed: fulfilment, cancellation by either side, refunds; and the shelves in between. */
import { formatMinor } from '../../platform/money';
import type { PlacedOrder } from './buyer';
import type { Chance } from './chance';
import type { Answer } from './graph';
import type { Action, Entry } from './history';
import { price, type Article, type Person } from './people';
import { persist, type Asker, type Outcome } from './persist';

/** What the staff works with. */
export interface StaffTools extends Asker {
  support: Person;
  admin: Person;
  chance: Chance;
  articles: readonly Article[];
}

const mutation = (name: string, type: string, object: string): string =>
  `mutation ($input: ${type}!) { ${name}(input: $input) { ${object} userErrors { code details } } }`;
const ORDER = 'order { id status }';
const CANCEL = mutation('cancelOrder', 'CancelOrderInput', ORDER);
const PROCESS = mutation('startProcessing', 'StartProcessingInput', ORDER);
const SHIP = mutation('shipOrder', 'ShipOrderInput', ORDER);
const DELIVER = mutation('confirmDelivery', 'ConfirmDeliveryInput', ORDER);
const REFUND = mutation('createRefund', 'CreateRefundInput', 'refund { id }');
const ADJUST = mutation('adjustStock', 'AdjustStockInput', 'productVariant { id }');
const REPRICE = mutation('updateProductVariant', 'UpdateProductVariantInput', 'productVariant { id }');

/** What becomes of orders. The rest stays as it is. */
const FULFILLED = 0.25;
const CANCELLED = 0.12;
/** Of the fulfilled ones. */
const CONTESTED = 0.15;
const REFUNDED = 0.35;

/** Decides what happens to an order, and sees to it. */
export async function attend(tools: StaffTools, order: PlacedOrder): Promise<void> {
  const { chance } = tools;
  if (chance.happens(FULFILLED)) return fulfil(tools, order);
  if (chance.happens(CANCELLED)) await cancel(tools, order, chance.happens(0.5) ? 'buyer' : 'support');
}

/** New stock for what runs out, and another price for something. */
export async function keepShelves(tools: StaffTools, turn: number): Promise<void> {
  const { admin, chance, articles } = tools;
  const article = chance.pick(articles);
  const key = `adjust-${turn}`;
  const input = { variantId: article.id, delta: chance.between(1, 4), reason: 'Counted.', idempotencyKey: key };
  await persist(tools, { client: admin.name, action: 'adjustStock', key }, async () =>
    admin.graph.mutate('adjustStock', 'productVariant', ADJUST, input, { token: await admin.session() }),
  );
  const change = { id: chance.pick(articles).id, price: price(chance) };
  const token = await admin.session();
  // Whether it was changed does not matter: an order says what it costs.
  await admin.graph.mutate('updateProductVariant', 'productVariant', REPRICE, change, { token }).catch(() => undefined);
}

async function fulfil(tools: StaffTools, order: PlacedOrder): Promise<void> {
  const { chance } = tools;
  await ask(tools, order, 'startProcessing', PROCESS, {});
  // Both at once: one of them wins.
  const rival = chance.happens(CONTESTED) ? cancel(tools, order, 'buyer') : undefined;
  const parcel = `P-${order.orderId}`;
  const shipped = await ask(tools, order, 'shipOrder', SHIP, { carrier: 'DHL', trackingNumber: parcel }, { parcel });
  await rival;
  if (shipped?.told !== 'ok') return;
  await ask(tools, order, 'confirmDelivery', DELIVER, {});
  if (!chance.happens(REFUNDED)) return;
  const part = BigInt(order.total) / BigInt(chance.between(1, 5));
  const amount = { amount: formatMinor(part > 0n ? part : 1n, 'USD'), currencyCode: 'USD' };
  await ask(tools, order, 'createRefund', REFUND, { amount });
}

function cancel(tools: StaffTools, order: PlacedOrder, by: 'buyer' | 'support'): Promise<Outcome> {
  const who = by === 'support' ? tools.support : order.buyer;
  const token = who === null ? { token: order.token } : {};
  return ask(tools, order, 'cancelOrder', CANCEL, token, {}, who);
}

/** Actions without an idempotency key of their own: the state of the order says whether they were done. */
const KEYLESS: readonly Action[] = ['startProcessing', 'confirmDelivery'];

function ask(
  tools: StaffTools,
  order: PlacedOrder,
  action: Action,
  query: string,
  more: Record<string, unknown>,
  noted: Partial<Entry> = {},
  who: Person | null = tools.support,
): Promise<Outcome> {
  const key = `${action}-${order.orderId}`;
  const input = { orderId: order.id, ...(!KEYLESS.includes(action) && { idempotencyKey: key }), ...more };
  const of = action === 'createRefund' ? 'refund' : 'order';
  const question = { client: who?.name ?? 'guest', action, key, orderId: order.orderId, ...noted };
  return persist(tools, question, async (): Promise<Answer> =>
    tools.support.graph.mutate(action, of, query, input, { token: await who?.session() }),
  );
}
