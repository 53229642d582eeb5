/** What the clients of the benchmark do, each turn with other variables. */
import { randomUUID } from 'node:crypto';
import type { Buyer } from './buyers';
import type { Target } from './target';

/** One turn of one client; gives the size of the answer in bytes. */
export type Operation = (target: Target, buyer: Buyer, turn: number) => Promise<number>;

const CARD = `slug name availableForSale priceRange { min { amount currencyCode } } images { url altText }`;
const CATALOGUE_PAGE = `query ($first: Int, $sort: ProductSort, $filter: ProductFilter) { products(first: $first, sort: $sort, filter: $filter) { nodes { ${CARD} } pageInfo { endCursor } } }`;
const PRODUCT = `query ($slug: String) { product(slug: $slug) { ${CARD} description attributes { name value } category { name }
  variants { id sku name price { amount } availableForSale options { name value } } } }`;
const SEARCH = `query ($query: String) { products(query: $query, first: 24) { nodes { ${CARD} } } }`;
const CART = `query { me { cart { id itemCount lines { id quantity productName total { amount } } cost { total { amount } } } } }`;
const ADD = `mutation ($input: AddToCartInput!) { addToCart(input: $input) { cart { itemCount cost { total { amount } } } userErrors { code } } }`;
const PLACE_ORDER = `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { order { id status } userErrors { code message } } }`;

const ADDRESS = {
  name: 'Bench Buyer',
  line1: '1 Load Street',
  city: 'Portland',
  region: 'OR',
  postalCode: '97201',
  countryCode: 'US',
};

const pick = (list: readonly string[], turn: number): string => list[(turn * 7_919) % list.length] ?? '';
const addOne: Operation = (target, buyer, turn) =>
  target.send(ADD, { input: { variantId: pick(buyer.variantIds, turn), quantity: 1 } }, buyer.token);

/** Name of the operation of which the server's transactions and flushes are counted too. */
export const CHECKOUT = 'checkout';

/** Operations by name. Checkout is two requests, filling the cart and placing the order, timed as one. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'catalogue page': (target, _, turn) => {
    const sort = pick(['NEWEST', 'PRICE_ASC', 'PRICE_DESC', 'NAME_ASC'], turn);
    // A price of its own for each turn: the gateway shares equal queries in flight, and a benchmark must not live on that.
    const filter = { minPrice: (turn / 100).toFixed(2) };
    return target.send(CATALOGUE_PAGE, { first: 20 + (turn % 8), sort, filter });
  },
  product: (target, { slugs }, turn) => target.send(PRODUCT, { slug: pick(slugs, turn) }),
  search: (target, { words }, turn) => target.send(SEARCH, { query: pick(words, turn) }),
  'add to cart': addOne,
  'cart read': (target, { token }) => target.send(CART, {}, token),
  [CHECKOUT]: async (target, buyer, turn) => {
    await addOne(target, buyer, turn);
    const input = { shippingAddress: ADDRESS, payment: { token: 'tok_visa' }, idempotencyKey: randomUUID() };
    return target.send(PLACE_ORDER, { input }, buyer.token);
  },
};
