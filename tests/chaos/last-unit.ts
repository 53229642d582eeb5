/**
 * The last unit: hundreds of guests order the one unit there is at the same moment, round after round. One of them gets it, all
 * others are told that it is sold, and in the end the stock has lost one unit a round.
 */
import { randomUUID } from 'node:crypto';
import { Target } from '../../bench/target';
import { startShop } from '../support/start-shop';

interface Answer {
  placeOrder: { order: { id: string } | null; userErrors: { code: string; available?: number }[] } | null;
}

const PLACE = `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
  order { id } userErrors { code ... on InventoryError { available } } } }`;
const ADDRESS = { name: 'Last Buyer', line1: '1 End Street', city: 'Portland', region: 'OR', postalCode: '97201', countryCode: 'US' }; // prettier-ignore
/** Answers in flight at once; more would only wait in the sockets' queues. */
const CONNECTIONS = 256;
/** How often an attempt that got no answer is sent again under its key. */
const MOST_TRIES = 20;

/**
 * Runs it against a shop of its own: six processes over PostgreSQL, Redis and RabbitMQ at their usual addresses. Gives a line for
 * each thing that should not be.
 */
export async function lastUnit(rounds: number, buyers: number): Promise<string[]> {
  const shop = await startShop('six', { SOUK_DEMO: '1' });
  const target = new Target(shop.url, CONNECTIONS);
  const violations: string[] = [];
  try {
    const admin = await adminToken(target);
    const variantId = await emptyVariant(target, admin);
    const carts = await Promise.all(Array.from({ length: buyers }, () => filledCart(target, variantId)));
    for (let round = 1; round <= rounds; round += 1) {
      await addUnit(target, admin, variantId);
      const outcomes = await Promise.all(carts.map((cart) => order(target, cart)));
      const winners = outcomes.flatMap((outcome, index) => (outcome === 'ordered' ? [index] : []));
      if (winners.length !== 1) violations.push(`round ${round}: ${winners.length} orders for one unit`);
      const other = outcomes.filter((outcome) => outcome !== 'ordered' && outcome !== 'sold out');
      if (other.length > 0) violations.push(`round ${round}: ${other.length} other answers, e.g. ${other[0]}`);
      for (const index of winners) carts[index] = await filledCart(target, variantId);
    }
    const { available, onHand } = await settledStock(target, admin, variantId);
    if (available !== 0 || onHand !== 0) violations.push(`in the end ${onHand} on hand, ${available} available`);
  } finally {
    await target.close();
    await shop.stop();
  }
  return violations;
}

/** Orders the cart, again under the same key while nobody can tell what became of it. */
async function order(target: Target, cartToken: string): Promise<string> {
  const input = { cartToken, email: 'last@example.com', payment: { token: 'tok_visa' }, idempotencyKey: randomUUID() };
  for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
    const answer = await target.answer<Answer>(PLACE, { input });
    if (answer?.placeOrder?.order) return 'ordered';
    const error = answer?.placeOrder?.userErrors[0];
    if (error?.code === 'INSUFFICIENT_INVENTORY' && error.available === 0) return 'sold out';
    if (error && error.code !== 'CONFLICT') return JSON.stringify(error);
  }
  return 'no answer';
}

async function adminToken(target: Target): Promise<string> {
  const { login } = await target.data<{ login: { session: { accessToken: string } } }>(
    'mutation ($input: LoginInput!) { login(input: $input) { session { accessToken } userErrors { code } } }',
    { input: { email: 'admin@souk.example', password: 'souk-demo-password' } },
  );
  return login.session.accessToken;
}

async function emptyVariant(target: Target, admin: string): Promise<string> {
  const price = { amount: '12.50', currencyCode: 'USD' };
  const variants = [{ sku: `LAST-${randomUUID()}`, name: 'Only one', price, onHand: 0 }];
  const { createProduct } = await target.data<{ createProduct: { product: { variants: [{ id: string }] } } }>(
    'mutation ($input: CreateProductInput!) { createProduct(input: $input) { product { variants { id } } userErrors { code } } }',
    { input: { name: 'The last one', variants } },
    admin,
  );
  return createProduct.product.variants[0].id;
}

async function filledCart(target: Target, variantId: string): Promise<string> {
  const { addToCart } = await target.data<{ addToCart: { cart: { token: string } } }>(
    'mutation ($input: AddToCartInput!) { addToCart(input: $input) { cart { token } userErrors { code } } }',
    { input: { variantId, quantity: 1 } },
  );
  const { token } = addToCart.cart;
  await target.data(
    'mutation ($input: SetCartDeliveryInput!) { setCartDelivery(input: $input) { cart { id } userErrors { code } } }',
    { input: { token, address: ADDRESS } },
  );
  return token;
}

async function addUnit(target: Target, admin: string, variantId: string): Promise<void> {
  await target.data(
    'mutation ($input: AdjustStockInput!) { adjustStock(input: $input) { userErrors { code } } }',
    { input: { variantId, delta: 1, reason: 'one more', idempotencyKey: randomUUID() } },
    admin,
  );
}

/** The stock once the last order's unit is sold: that is told by message. */
async function settledStock(
  target: Target,
  admin: string,
  variantId: string,
): Promise<{ onHand: number; available: number }> {
  for (let look = 0; ; look += 1) {
    const { productVariant } = await target.data<{
      productVariant: { stock: { onHand: number; available: number } };
    }>('query ($id: ID) { productVariant(id: $id) { stock { onHand available } } }', { id: variantId }, admin);
    if (productVariant.stock.onHand === 0 || look === 300) return productVariant.stock;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
