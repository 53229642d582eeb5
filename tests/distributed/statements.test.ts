/** What a running shop tells of itself: what an operation costs in SQL, which does not grow with the rows, and what waits. */
import { randomUUID } from 'node:crypto';
import * as documents from '../generated/graphql';
import type { TypedDocumentString } from '../generated/graphql';
import { SUBGRAPHS, type SubgraphName } from '../../platform/config';
import { customer, demo, must, productFor, Visitor } from '../support/shop';
import { consumerBindings } from '../../subgraphs';
import { startShop, type RunningShop } from '../support/start-shop';

let shop: RunningShop;
beforeAll(async () => {
  shop = await startShop('one');
}, 120_000);
afterAll(() => shop.stop(), 60_000);

type Counts = Record<SubgraphName, number>;

async function counts(): Promise<Counts> {
  const text = await (await fetch(`${shop.url}/metrics`)).text();
  const of = (name: SubgraphName): number =>
    Number(
      new RegExp(`^souk_db_statements_total\\{subgraph="${name}",source="request"\\} (\\d+)$`, 'm').exec(text)?.[1] ??
        0,
    );
  return Object.fromEntries(SUBGRAPHS.map((name) => [name, of(name)])) as Counts;
}

/** Statements each subgraph sends for one operation, after it has run once to fill caches. */
async function cost<Data, Variables>(
  visitor: Visitor,
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Counts> {
  await visitor.get(document, variables);
  const before = await counts();
  await visitor.get(document, variables);
  const after = await counts();
  return Object.fromEntries(SUBGRAPHS.map((name) => [name, after[name] - before[name]])) as Counts;
}

test('a page of products costs catalog at most 4, however long it is', async () => {
  const visitor = new Visitor(shop.url);
  const costs = [];
  for (const first of [1, 24, 100]) costs.push(await cost(visitor, documents.ProductsDocument, { first }));
  for (const { catalog, ...others } of costs) {
    expect(catalog).toBeGreaterThan(0);
    expect(catalog).toBeLessThanOrEqual(4);
    expect(others).toEqual({ accounts: 0, cart: 0, orders: 0, payments: 0 });
  }
  expect(costs[2]).toEqual(costs[1]);
});

test('a cart costs at most 2 in cart and nothing anywhere else, whether it has 1 line or 30', async () => {
  const ada = await customer(shop.url);
  const { variantId } = await productFor({}, shop.url);
  await ada.fill(variantId);
  const one = await cost(ada, documents.MyCartDocument, {});
  const { products } = await ada.get(documents.ProductsDocument, { first: 30 });
  for (const { id } of must(products, undefined).nodes) {
    const { product } = await ada.get(documents.ProductDocument, { id });
    await ada.fill(must(product?.variants[0], undefined).id);
  }
  const many = await cost(ada, documents.MyCartDocument, {});
  expect(one.cart).toBeLessThanOrEqual(2);
  expect(many).toEqual(one);
  expect(many).toMatchObject({ accounts: 0, catalog: 0, orders: 0, payments: 0 });
});

test('a list of 20 orders costs at most 3 in orders, as one of 2 does', async () => {
  const ada = await customer(shop.url);
  const { variantId } = await productFor({ onHand: 1_000 }, shop.url);
  for (let count = 0; count < 2; count += 1) await ada.buys(variantId);
  const two = await cost(ada, documents.OrderHistoryDocument, { first: 20 });
  for (let count = 2; count < 20; count += 1) await ada.buys(variantId, 1, { idempotencyKey: randomUUID() });
  const twenty = await cost(ada, documents.OrderHistoryDocument, { first: 20 });
  expect((await ada.get(documents.OrdersDocument, { first: 20 })).orders?.nodes).toHaveLength(20);
  expect(twenty.orders).toBeGreaterThan(0);
  expect(twenty.orders).toBeLessThanOrEqual(3);
  expect(twenty).toEqual(two);
  expect(twenty).toMatchObject({ accounts: 0, catalog: 0, cart: 0, payments: 0 });
}, 60_000);

test('who I am costs accounts nothing; the customers of six orders cost one statement at most', async () => {
  const buyers = await Promise.all(Array.from({ length: 3 }, () => customer(shop.url)));
  const { variantId } = await productFor({}, shop.url);
  for (const buyer of buyers) await buyer.buys(variantId);
  const [first] = buyers;
  expect((await cost(must(first, undefined), documents.MyOrdersDocument, {})).accounts).toBe(0);
  const support = await demo('support', shop.url);
  await support.get(documents.OrderCustomersDocument, { first: 3 });
  for (let more = 0; more < 3; more += 1) await (await customer(shop.url)).buys(variantId);
  const bought = await counts();
  const { orders } = await support.get(documents.OrderCustomersDocument, { first: 6 });
  expect(orders?.nodes.filter(({ customer: buyer }) => buyer?.email)).toHaveLength(6);
  expect((await counts()).accounts - bought.accounts).toBeLessThanOrEqual(1);
});

test('every queue and every outbox is shown', async () => {
  const text = await (await fetch(`${shop.url}/metrics`)).text();
  const labels = (metric: string): string[] =>
    [...text.matchAll(new RegExp(`^${metric}\\{\\w+="([^"]+)"\\} 0$`, 'gm'))].map(([, label]) => label ?? '').sort();
  const queues = consumerBindings().map(({ queue }) => queue);
  expect(labels('souk_dead_letters')).toEqual([...queues].sort());
  expect(text.match(/^souk_queue_messages\{/gm)).toHaveLength(queues.length + 1);
  expect(text.match(/^souk_outbox_unpublished\{subgraph="\w+"\} \d+$/gm)).toHaveLength(SUBGRAPHS.length);
  expect(text.match(/^souk_outbox_oldest_seconds\{subgraph="\w+"\} /gm)).toHaveLength(SUBGRAPHS.length);
});
