/** Recommendations: what was bought together, counted once for each order that stands, and shown with a product and to users. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Owner, Principal } from '../../platform/auth/principal';
import type { EventEnvelope, MessageHandler } from '../../platform/bus/bus';
import { migrate } from '../../platform/db/prepare';
import { toId } from '../../platform/ids';
import { userErased } from '../../subgraphs/accounts/messages';
import { catalog } from '../../subgraphs/catalog';
import { KEPT_ORDERS, keepPurchase } from '../../subgraphs/catalog/recommendations/purchases';
import { orderConfirmed, orderStatusChanged, type OrderStatus } from '../../subgraphs/orders/messages';
import { anEvent } from '../support/buses';
import { ADMIN, makeProduct, mutate, read, refused, statementsOf, userOf, type MadeProduct } from '../support/catalog';
import { deliverTo, thriceShuffled } from '../support/deliveries';
import { eventually } from '../support/eventually';
import { apiClient } from '../support/principals';
import { startSubgraph, type SubgraphUnderTest } from '../support/subgraph';

let shop: SubgraphUnderTest;
let feed: MessageHandler;
let erase: MessageHandler;
beforeAll(async () => {
  shop = await startSubgraph(catalog);
  const handlerOf = (name: string) => shop.started.consumers.find(({ queue }) => queue === name)!.handle;
  [feed, erase] = [handlerOf('catalog.recommendation-feed'), handlerOf('catalog.user-erased')];
});
afterAll(() => shop.stop());
const forgetAll = () => shop.services.db.rows('TRUNCATE basket, bought_together, purchase, erased_user');
beforeEach(forgetAll);

const line = (productId: string) => ({ productId, variantId: randomUUID(), quantity: 1 });
const user = (ownerId: string = randomUUID()): Owner => ({ ownerKind: 'user', ownerId });
const confirmed = (orderId: string, productIds: readonly string[], owner = user()): EventEnvelope =>
  anEvent(orderConfirmed.name, { orderId, ...owner, lines: productIds.map(line) }, orderId);
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
        await forgetAll();
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

describe('User.recommendedProducts', () => {
  const QUERY = 'query ($first: Int) { me { recommendedProducts(first: $first) { id name } } }';
  const shown = async (principal: Principal, first?: number): Promise<string[]> => {
    const { me } = await read<{ me: { recommendedProducts: { id: string }[] } }>(shop, QUERY, { first }, principal);
    return me.recommendedProducts.map((product) => product.id);
  };
  /** Purchases as they are kept, `user product product …` in no order. */
  const purchases = async (): Promise<string[]> => {
    const rows = await shop.services.db.rows<{ kept: string }>(
      `SELECT user_id || ' ' || array_to_string(product_ids, ' ') AS kept FROM purchase`,
    );
    return rows.map(({ kept }) => kept).sort();
  };
  /** Products with so many units sold, the only ones in the shop. */
  const stock = async (...sold: number[]): Promise<MadeProduct[]> => {
    await shop.services.db.rows('UPDATE product SET archived_at = now()');
    const products: MadeProduct[] = [];
    for (const units of sold) {
      const product = await makeProduct(shop);
      await shop.services.db.rows('UPDATE product SET sold = $2 WHERE id = $1', [product.uuid, units]);
      products.push(product);
    }
    return products;
  };
  /** What was not made fails here. */
  const ids = (products: readonly (MadeProduct | undefined)[]): string[] => products.map((product) => product!.id);
  const uuids = (...products: readonly (MadeProduct | undefined)[]): string[] =>
    products.map((product) => product!.uuid);
  /** Ids of orders in the order in which they were placed. */
  const orderId = (n: number): string => `01900000-0000-7000-8000-${String(n).padStart(12, '0')}`;

  test('gives what goes with what they bought by the sum of orders, then best-sellers, nothing bought or archived', async () => {
    const [kettle, cup, pot, spoon, bowl, tray] = await stock(9, 0, 1, 2, 3, 4);
    const ada = userOf('CUSTOMER');
    expect(await shown(ada)).toEqual(ids([kettle, tray, bowl, spoon, pot, cup]));
    await feed(confirmed(orderId(1), uuids(kettle), user(ada.id)));
    await feed(confirmed(orderId(2), uuids(bowl), user(ada.id)));
    expect(await shown(ada)).toEqual(ids([tray, spoon, pot, cup]));
    // The cup twice with the kettle; the pot three times, with both; the spoon once with the bowl.
    for (const basket of [[kettle, cup], [kettle, cup], [kettle, pot], [bowl, pot], [bowl, pot], [bowl, spoon]])
      await feed(confirmed(randomUUID(), uuids(...basket))); // prettier-ignore
    expect(await shown(ada)).toEqual(ids([pot, cup, spoon, tray]));
    expect(await shown(ada, 2)).toEqual(ids([pot, cup]));
    await mutate(shop, 'archiveProduct', { productId: pot!.id }, 'product { id }');
    expect(await shown(ada)).toEqual(ids([cup, spoon, tray]));
    await feed(moved(orderId(1), 'CANCELLED'));
    expect(await shown(ada)).toEqual(ids([spoon, kettle, tray, cup]));
  });

  test('whatever is repeated, late or at once, it is as the orders that stand say, and nothing is kept of who is gone', async () => {
    const products = await stock(0, 7, 7, 1, 0, 3);
    const people = [userOf('CUSTOMER'), userOf('CUSTOMER'), userOf('CUSTOMER')];
    const order = fc.record({
      basket: fc.shuffledSubarray(uuids(...products), { minLength: 1, maxLength: 3 }),
      owner: fc.constantFrom(
        ...people.map(({ id }) => user(id)),
        // Of a kind that is recommended nothing, with the same id.
        { ownerKind: 'guest' as const, ownerId: people[0]!.id },
        { ownerKind: 'client' as const, ownerId: people[0]!.id },
      ),
      cancelled: fc.boolean(),
    });
    const orders = fc.array(order, { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(orders, fc.boolean(), fc.infiniteStream(fc.nat()), async (given, gone, at: Iterator<number>) => {
        await forgetAll();
        const events = given.flatMap(({ basket, owner, cancelled }) => {
          const id = randomUUID();
          return cancelled ? [confirmed(id, basket, owner), moved(id, 'CANCELLED')] : [confirmed(id, basket, owner)];
        });
        const leaver = people[2]!.id;
        if (gone) events.push(anEvent(userErased.name, { userId: leaver }, leaver));
        await deliverTo(
          (event) => (event.name === userErased.name ? erase(event) : feed(event)),
          thriceShuffled(events, at),
        );

        const standing = given.filter(({ cancelled }) => !cancelled);
        const kept = standing.filter(({ owner }) => owner.ownerKind === 'user' && !(gone && owner.ownerId === leaver));
        expect(await purchases()).toEqual(kept.map(({ basket, owner }) => [owner.ownerId, ...basket].join(' ')).sort());
        const counts = expected(standing.map(({ basket }) => basket));
        for (const person of people) {
          const mine = new Set(kept.filter(({ owner }) => owner.ownerId === person.id).flatMap(({ basket }) => basket));
          const scored = products.map(({ id, uuid }, n) => {
            const orders = [...mine].reduce((sum, own) => sum + (counts[`${own} ${uuid}`] ?? 0), 0);
            return { id, uuid, orders, sold: orders === 0 ? [0, 7, 7, 1, 0, 3][n]! : 0 };
          });
          const right = scored
            .filter(({ uuid }) => !mine.has(uuid))
            .sort((a, b) => b.orders - a.orders || b.sold - a.sold || (a.uuid < b.uuid ? 1 : -1));
          expect(await shown(person)).toEqual(right.map(({ id }) => id));
        }
      }),
      { numRuns: 20 },
    );
  });

  test('of an order that is heard of after its user is gone, nothing is kept', async () => {
    const [kettle] = await stock(1);
    const [ada, grace] = [userOf('CUSTOMER'), userOf('CUSTOMER')];
    await feed(confirmed(orderId(1), uuids(kettle), user(ada.id)));
    await feed(confirmed(orderId(2), uuids(kettle), user(grace.id)));
    await erase(anEvent(userErased.name, { userId: ada.id }, ada.id));
    await feed(confirmed(orderId(3), uuids(kettle), user(ada.id)));
    // Also when the inbox has forgotten that it was heard of before.
    await feed(confirmed(orderId(1), uuids(kettle), user(ada.id)));
    expect(await purchases()).toEqual([`${grace.id} ${kettle!.uuid}`]);
    expect(await shown(ada)).toEqual([kettle!.id]);
  });

  test('an erasure waits for an order that is being counted', async () => {
    const ada = user();
    const counting = shop.services.db.dataSource.createQueryRunner();
    await counting.startTransaction();
    await keepPurchase(counting.manager, { orderId: orderId(1), userId: ada.ownerId, productIds: [randomUUID()] });
    const erased = erase(anEvent(userErased.name, { userId: ada.ownerId }, ada.ownerId));
    const waiting = `SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database
      WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted`;
    await eventually(async () => expect(await shop.services.db.rows(waiting)).toHaveLength(1));
    await counting.commitTransaction();
    await counting.release();
    await erased;
    expect(await purchases()).toEqual([]);
  });

  test('the newest orders are kept, and the 20 products that were bought last count', async () => {
    const [first, other, seller, ...later] = await stock(0, 1, 2, ...Array.from({ length: 20 }, () => 0));
    const ada = userOf('CUSTOMER');
    await feed(confirmed(orderId(1), uuids(first), user(ada.id)));
    await feed(confirmed(randomUUID(), uuids(first, other)));
    for (const [n, product] of later.slice(1).entries())
      await feed(confirmed(orderId(n + 2), uuids(product), user(ada.id)));
    expect(await shown(ada)).toEqual(ids([other, seller, later[0]]));
    await feed(confirmed(orderId(21), uuids(later[0]), user(ada.id)));
    expect(await shown(ada)).toEqual(ids([seller, other]));
    for (let n = 22; n <= KEPT_ORDERS + 1; n += 1) await feed(confirmed(orderId(n), uuids(later[0]), user(ada.id)));
    expect((await purchases()).filter((kept) => kept.startsWith(ada.id))).toHaveLength(KEPT_ORDERS);
    expect(await shown(ada)).toEqual(ids([seller, other, first]));
    // What comes late is none of the newest.
    await feed(confirmed(orderId(0), uuids(other), user(ada.id)));
    expect(await shown(ada)).toEqual(ids([seller, other, first]));
  });

  test('is null for everybody else, by reference too', async () => {
    const [kettle] = await stock(1);
    const ada = userOf('CUSTOMER');
    await feed(confirmed(orderId(1), uuids(kettle), user(ada.id)));
    const foreign = `query ($users: [_Any!]!, $first: Int) {
      _entities(representations: $users) { ... on User { id recommendedProducts(first: $first) { id } } }
    }`;
    const id = toId('user', ada.id);
    const users = [{ __typename: 'User', id }];
    const others = [userOf('CUSTOMER'), userOf('SUPPORT'), userOf('PARTNER'), ADMIN];
    const programs = [
      apiClient({ ownerId: ada.id }),
      apiClient({ id: ada.id }),
      { kind: 'guest' as const, id: ada.id },
    ];
    for (const principal of [undefined, ...others, ...programs]) {
      for (const first of [1, 0])
        expect(await read(shop, foreign, { users, first }, principal)).toEqual({
          _entities: [{ id, recommendedProducts: null }],
        });
    }
    expect(await read(shop, foreign, { users }, ada)).toEqual({ _entities: [{ id, recommendedProducts: [] }] });
    const odd = ['user_0', toId('prod', ada.id), 'x'].map((bad) => ({ __typename: 'User', id: bad }));
    expect(await read(shop, foreign, { users: odd }, ada)).toEqual({ _entities: [null, null, null] });
  });

  test('costs one statement, however often and of however many it is asked, and after however many orders', async () => {
    const products = await stock(...Array.from({ length: 12 }, () => 0));
    const ada = userOf('CUSTOMER');
    const users = [ada, userOf('CUSTOMER'), userOf('CUSTOMER'), ada].map(({ id }) => ({
      __typename: 'User',
      id: toId('user', id),
    }));
    const many = `query ($users: [_Any!]!) { _entities(representations: $users) {
      ... on User { one: recommendedProducts(first: 1) { id } all: recommendedProducts(first: 20) { id name } }
    } }`;
    const cost = async () => [
      await statementsOf(() => shown(ada)),
      await statementsOf(() => read(shop, many, { users }, ada)),
    ];
    expect(await cost()).toEqual([1, 1]);
    for (const product of products) await feed(confirmed(randomUUID(), uuids(product, products[0]), user(ada.id)));
    expect(await cost()).toEqual([1, 1]);
  });

  test('shows 1 to 20, and says so', async () => {
    await stock(...Array.from({ length: 21 }, () => 0));
    const ada = userOf('CUSTOMER');
    expect(await shown(ada)).toHaveLength(10);
    expect(await shown(ada, 20)).toHaveLength(20);
    for (const first of [0, -1, 21]) {
      expect(await refused(shop, QUERY, { first }, ada)).toMatchObject({ code: 'VALIDATION_ERROR', field: ['first'] });
    }
    expect((await shop.run('{ me { recommendedProducts(first: null) { id } } }', {}, ada)).data).toMatchObject({
      me: { recommendedProducts: { length: 10 } },
    });
  });
});

test('the migrations can be taken back and applied again', async () => {
  const [older, newer] = ['CreateRecommendations1763700002800', 'CreatePurchases1783800000000'];
  expect(await migrate(shop.url, catalog.migrations, 'down')).toEqual([newer]);
  expect(await migrate(shop.url, catalog.migrations, 'down')).toEqual([older]);
  expect(await migrate(shop.url, catalog.migrations)).toEqual([older, newer]);
});
