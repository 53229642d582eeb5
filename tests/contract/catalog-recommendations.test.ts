/** Recommendations: what was bought together, counted once for each order that stands, and shown with a product. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { EventEnvelope, MessageHandler } from '../../platform/bus/bus';
import { migrate } from '../../platform/db/prepare';
import { catalog } from '../../subgraphs/catalog';
import { orderConfirmed, orderStatusChanged, type OrderStatus } from '../../subgraphs/orders/messages';
import { anEvent } from '../support/buses';
import { makeProduct, mutate, read, refused, statementsOf, type MadeProduct } from '../support/catalog';
import { deliverTo, thriceShuffled } from '../support/deliveries';
import { startSubgraph, type SubgraphUnderTest } from '../support/subgraph';

let shop: SubgraphUnderTest;
let feed: MessageHandler;
beforeAll(async () => {
  shop = await startSubgraph(catalog);
  feed = shop.started.consumers.find(({ queue }) => queue === 'catalog.recommendation-feed')!.handle;
});
afterAll(() => shop.stop());
beforeEach(() => shop.services.db.rows('TRUNCATE basket, bought_together'));

const line = (productId: string) => ({ productId, variantId: randomUUID(), quantity: 1 });
const confirmed = (orderId: string, productIds: readonly string[]): EventEnvelope => {
  const owner = { ownerKind: 'user' as const, ownerId: randomUUID() };
  return anEvent(orderConfirmed.name, { orderId, ...owner, lines: productIds.map(line) }, orderId);
};
const moved = (orderId: string, status: OrderStatus): EventEnvelope =>
  anEvent(orderStatusChanged.name, { orderId, status }, orderId);
/** Pairs with their number of orders, `a b` for both ways round. */
const pairs = async (): Promise<Record<string, number>> => {
  const rows = await shop.services.db.rows<{ pair: string; orders: number }>(
    `SELECT product_id || ' ' || other_id AS pair, orders FROM bought_together`,
  );
  return Object.fromEntries(rows.map(({ pair, orders }) => [pair, orders]));
};
/** What the table should hold for the orders that stand. */
const expected = (baskets: readonly (readonly string[])[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const basket of baskets) {
    for (const a of new Set(basket))
      for (const b of new Set(basket)) if (a !== b) counts[`${a} ${b}`] = (counts[`${a} ${b}`] ?? 0) + 1;
  }
  return counts;
};

describe('the feed', () => {
  test('an order counts once, its products in pairs, and no longer when it is cancelled', async () => {
    const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()];
    const [first, second, alone] = [randomUUID(), randomUUID(), randomUUID()];
    await feed(confirmed(first, [a, b, a, c]));
    await feed(confirmed(second, [b, a]));
    await feed(confirmed(alone, [c]));
    expect(await pairs()).toEqual(expected([[a, b, c], [a, b]])); // prettier-ignore
    for (const status of ['CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'RETURNED'] as const)
      await feed(moved(first, status));
    expect(await pairs()).toEqual(expected([[a, b, c], [a, b]])); // prettier-ignore
    await feed(moved(first, 'CANCELLED'));
    await feed(moved(first, 'CANCELLED'));
    expect(await pairs()).toEqual(expected([[a, b]]));
    await feed(moved(alone, 'CANCELLED'));
    await feed(moved(second, 'CANCELLED'));
    expect(await pairs()).toEqual({});
    // Also when the inbox has forgotten: the order itself is remembered.
    await feed(confirmed(second, [a, b]));
    expect(await pairs()).toEqual({});
  });

  test('a status that changes nothing here leaves no note', async () => {
    await shop.services.db.rows('TRUNCATE inbox');
    await feed(moved(randomUUID(), 'PENDING'));
    expect(await shop.services.db.rows('SELECT 1 FROM inbox')).toEqual([]);
    await expect(feed(anEvent(orderStatusChanged.name, { status: 'PENDING' }))).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    });
  });

  test('of a large order the first 20 products count', async () => {
    const products = Array.from({ length: 25 }, () => randomUUID());
    await feed(confirmed(randomUUID(), products));
    expect(await pairs()).toEqual(expected([products.slice(0, 20)]));
  });

  test('whatever is repeated, late or at once, the counts are those of the orders that stand', async () => {
    const products = Array.from({ length: 5 }, () => randomUUID());
    const orders = fc.array(
      fc.record({ basket: fc.shuffledSubarray(products, { minLength: 1 }), cancelled: fc.boolean() }),
      { minLength: 1, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(orders, fc.infiniteStream(fc.nat()), async (given, order: Iterator<number>) => {
        await shop.services.db.rows('TRUNCATE basket, bought_together');
        const events = given.flatMap(({ basket, cancelled }) => {
          const id = randomUUID();
          return cancelled ? [confirmed(id, basket), moved(id, 'CANCELLED')] : [confirmed(id, basket)];
        });
        await deliverTo(feed, thriceShuffled(events, order));
        expect(await pairs()).toEqual(
          expected(given.filter(({ cancelled }) => !cancelled).map(({ basket }) => basket)),
        );
      }),
      { numRuns: 12 },
    );
  });
});

describe('Product.alsoBought', () => {
  const QUERY = 'query ($id: ID!, $first: Int) { product(id: $id) { alsoBought(first: $first) { id name } } }';
  const shown = async ({ id }: MadeProduct, first?: number): Promise<string[]> => {
    const { product } = await read<{ product: { alsoBought: { id: string }[] } }>(shop, QUERY, { id, first });
    return product.alsoBought.map((other) => other.id);
  };

  test('gives what was bought together most often first, and nothing archived', async () => {
    const [kettle, cup, pot, spoon] = await Promise.all([1, 2, 3, 4].map(() => makeProduct(shop)));
    expect(await shown(kettle!)).toEqual([]);
    await feed(confirmed(randomUUID(), [kettle!.uuid, cup!.uuid]));
    await feed(confirmed(randomUUID(), [kettle!.uuid, pot!.uuid, cup!.uuid]));
    await feed(confirmed(randomUUID(), [pot!.uuid, spoon!.uuid]));
    expect(await shown(kettle!)).toEqual([cup!.id, pot!.id]);
    expect(await shown(kettle!, 1)).toEqual([cup!.id]);
    expect(await shown(spoon!)).toEqual([pot!.id]);
    await mutate(shop, 'archiveProduct', { productId: cup!.id }, 'product { id }');
    expect(await shown(kettle!)).toEqual([pot!.id]);
  });

  test('costs one statement, for one product or for many', async () => {
    const products = await Promise.all(Array.from({ length: 6 }, () => makeProduct(shop)));
    await feed(confirmed(randomUUID(), products.map(({ uuid }) => uuid))); // prettier-ignore
    const cost = (first: number) =>
      statementsOf(() => read(shop, `{ products(first: ${first}) { nodes { id alsoBought(first: 2) { id } } } }`));
    await cost(1); // what is read once for the process
    const without = await statementsOf(() => read(shop, '{ products(first: 6) { nodes { id } } }'));
    expect([await cost(1), await cost(6)]).toEqual([without + 1, without + 1]);
  });

  test('shows 1 to 20, and says so', async () => {
    const { id, uuid } = await makeProduct(shop);
    for (let n = 0; n < 21; n += 1) await feed(confirmed(randomUUID(), [uuid, (await makeProduct(shop)).uuid]));
    expect(await shown({ id } as MadeProduct)).toHaveLength(10);
    expect(await shown({ id } as MadeProduct, 20)).toHaveLength(20);
    for (const first of [0, -1, 21]) {
      expect(await refused(shop, QUERY, { id, first })).toMatchObject({ code: 'VALIDATION_ERROR', field: ['first'] });
    }
  });
});

test('the migration can be taken back and applied again', async () => {
  expect(await migrate(shop.url, catalog.migrations, 'down')).toEqual(['CreateRecommendations1763700002800']);
  expect(await migrate(shop.url, catalog.migrations)).toEqual(['CreateRecommendations1763700002800']);
});
