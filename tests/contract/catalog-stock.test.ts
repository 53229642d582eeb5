/** Stock alone: never oversold, every unit accounted for, whatever happens at once. */
import { randomUUID } from 'node:crypto';
import { catalog } from '../../subgraphs/catalog';
import { pinReservation, releaseReservation, reserveStock, restockReturn } from '../../subgraphs/catalog/messages';
import { expireReservations } from '../../subgraphs/catalog/stock/expire-reservations';
import type { EventEnvelope } from '../../platform/bus/bus';
import { toId } from '../../platform/ids';
import { ADMIN, expectLedgerToAgree, levelOf, makeProduct, mutate, read, userOf } from '../support/catalog';
import { startSubgraph, type SubgraphUnderTest } from '../support/subgraph';

let shop: SubgraphUnderTest;
beforeAll(async () => {
  shop = await startSubgraph(catalog);
});
afterAll(() => shop.stop());
afterEach(() => expectLedgerToAgree(shop));

type Line = [variantId: string, quantity: number];
const reserve = (orderId: string, ...lines: Line[]) =>
  shop.command(reserveStock, { orderId, lines: lines.map(([variantId, quantity]) => ({ variantId, quantity })) });
const pin = async (orderId: string) => (await shop.command(pinReservation, { orderId })).outcome;
const release = (orderId: string) => shop.command(releaseReservation, { orderId });
/** Moves an order's reservation into the past, by the database's clock. */
const age = (orderId: string) =>
  shop.services.db.rows(`UPDATE reservation SET expires_at = now() - interval '1 second' WHERE order_id = $1`, [
    orderId,
  ]);
const stateOf = async (orderId: string) =>
  (await shop.services.db.rows<{ state: string }>('SELECT state FROM reservation WHERE order_id = $1', [orderId]))[0]
    ?.state;
const movements = async (orderId: string) =>
  (
    await shop.services.db.rows<{ kind: string; quantity: number }>(
      'SELECT kind, quantity FROM stock_movement WHERE order_id = $1 ORDER BY id',
      [orderId],
    )
  ).map(({ kind, quantity }) => `${kind} ${quantity}`);
const soldOf = async (productId: string) =>
  Number(
    (await shop.services.db.rows<{ sold: string }>('SELECT sold FROM product WHERE id = $1', [productId]))[0]!.sold,
  );

const envelope = (orderId: string, id: string = randomUUID()): EventEnvelope => ({
  id,
  name: 'orders.orderConfirmed',
  version: 1,
  aggregateId: orderId,
  aggregateVersion: 2,
  time: new Date().toISOString(),
  cause: 'test',
  payload: { orderId, ownerKind: 'user', ownerId: randomUUID(), lines: [] },
});
/** Delivers orderConfirmed as the bus would. */
const confirm = (event: EventEnvelope) => {
  const consumer = catalog.start(shop.services).consumers.find(({ queue }) => queue === 'catalog.sell-confirmed');
  return consumer!.handle(event);
};

test('a reservation takes units, expires in 15 minutes by the database, and answers the same again', async () => {
  const { variants } = await makeProduct(shop);
  const [variant] = variants;
  const orderId = randomUUID();
  const first = await reserve(orderId, [variant!.uuid, 3]);
  if (first.outcome !== 'reserved') throw new Error('short');
  expect(Math.abs(Number(first.expiresAt) - Date.now() - 15 * 60_000)).toBeLessThan(5_000);
  expect(await reserve(orderId, [variant!.uuid, 3])).toEqual(first);
  expect(await levelOf(shop, variant!.uuid)).toEqual({ on_hand: 10, reserved: 3 });
  expect(await movements(orderId)).toEqual(['reserve 3']);
});

test('all lines or none; each short line is named with what is left', async () => {
  const { variants } = await makeProduct(shop, { onHand: [5, 2, 0] });
  const [five, two, none] = variants;
  const orderId = randomUUID();
  const answer = await reserve(orderId, [five!.uuid, 1], [two!.uuid, 3], [none!.uuid, 1]);
  expect(answer).toEqual({
    outcome: 'short',
    lines: [
      { variantId: two!.uuid, sku: two!.sku, available: 2 },
      { variantId: none!.uuid, sku: none!.sku, available: 0 },
    ],
  });
  expect(await levelOf(shop, five!.uuid)).toEqual({ on_hand: 5, reserved: 0 });
  expect(await movements(orderId)).toEqual([]);
  // The same order may try again with what there is; two lines of one variant are one.
  expect((await reserve(orderId, [five!.uuid, 2], [five!.uuid, 2])).outcome).toBe('reserved');
  expect(await levelOf(shop, five!.uuid)).toEqual({ on_hand: 5, reserved: 4 });
});

test('an unknown variant and one of an archived product are short, with nothing available', async () => {
  const unknown = randomUUID();
  expect(await reserve(randomUUID(), [unknown, 1])).toMatchObject({
    outcome: 'short',
    lines: [{ variantId: unknown, available: 0 }],
  });
  const { id, variants } = await makeProduct(shop);
  await mutate(shop, 'archiveProduct', { productId: id }, 'product { id }');
  expect(await reserve(randomUUID(), [variants[0]!.uuid, 1])).toMatchObject({
    outcome: 'short',
    lines: [{ available: 0 }],
  });
});

test('50 orders at once for 10 units: exactly 10 get one', async () => {
  const { slug, variants } = await makeProduct(shop, { onHand: [10] });
  const answers = await Promise.all(Array.from({ length: 50 }, () => reserve(randomUUID(), [variants[0]!.uuid, 1])));
  expect(answers.filter(({ outcome }) => outcome === 'reserved')).toHaveLength(10);
  expect(answers.filter(({ outcome }) => outcome === 'short')).toHaveLength(40);
  expect(await levelOf(shop, variants[0]!.uuid)).toEqual({ on_hand: 10, reserved: 10 });
  const { product } = await read<{ product: object }>(shop, '{ product(slug: "' + slug + '") { availableForSale } }');
  expect(product).toEqual({ availableForSale: false });
});

test('orders of several lines in opposite order do not block each other, and the last units of siblings leave the product sold out', async () => {
  const { slug, variants } = await makeProduct(shop, { onHand: [12, 12] });
  const [a, b] = variants.map(({ uuid }) => uuid);
  const answers = await Promise.all(
    Array.from({ length: 24 }, (_, n) =>
      n % 2 ? reserve(randomUUID(), [a!, 1], [b!, 1]) : reserve(randomUUID(), [b!, 1], [a!, 1]),
    ),
  );
  expect(answers.filter(({ outcome }) => outcome === 'reserved')).toHaveLength(12);
  const { product } = await read<{ product: object }>(
    shop,
    `{ product(slug: "${slug}") { availableForSale variants { availableForSale } } }`,
  );
  expect(product).toEqual({
    availableForSale: false,
    variants: [{ availableForSale: false }, { availableForSale: false }],
  });
});

test('two orders that take the last units of two siblings at the same moment leave the product sold out', async () => {
  for (let round = 0; round < 12; round += 1) {
    const { uuid, variants } = await makeProduct(shop, { onHand: [1, 1, 1, 1] });
    await Promise.all(variants.map((variant) => reserve(randomUUID(), [variant.uuid, 1])));
    const rows = await shop.services.db.rows('SELECT available FROM product WHERE id = $1', [uuid]);
    expect(rows).toEqual([{ available: false }]);
  }
});

test('the same order 20 times at once reserves once', async () => {
  const { variants } = await makeProduct(shop);
  const orderId = randomUUID();
  const answers = await Promise.all(Array.from({ length: 20 }, () => reserve(orderId, [variants[0]!.uuid, 2])));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(await movements(orderId)).toEqual(['reserve 2']);
});

test('what has expired goes back, cannot be pinned, and is reserved anew', async () => {
  const { slug, variants } = await makeProduct(shop, { onHand: [2] });
  const orderId = randomUUID();
  await reserve(orderId, [variants[0]!.uuid, 2]);
  await age(orderId);
  expect(await pin(orderId)).toBe('expired');
  expect(await expireReservations(shop.services)).toBe(1);
  expect(await expireReservations(shop.services)).toBe(0);
  expect(await levelOf(shop, variants[0]!.uuid)).toEqual({ on_hand: 2, reserved: 0 });
  const { product } = await read<{ product: object }>(shop, `{ product(slug: "${slug}") { availableForSale } }`);
  expect(product).toEqual({ availableForSale: true });
  expect(await pin(orderId)).toBe('expired');
  expect((await reserve(orderId, [variants[0]!.uuid, 2])).outcome).toBe('reserved');
  expect(await pin(orderId)).toBe('pinned');
  expect(await movements(orderId)).toEqual(['reserve 2', 'expire 2', 'reserve 2']);
});

test('an expired one that nobody took back yet is renewed without letting go', async () => {
  const { variants } = await makeProduct(shop, { onHand: [2] });
  const orderId = randomUUID();
  await reserve(orderId, [variants[0]!.uuid, 2]);
  await age(orderId);
  expect((await reserve(randomUUID(), [variants[0]!.uuid, 1])).outcome).toBe('short');
  const renewed = await reserve(orderId, [variants[0]!.uuid, 2]);
  expect(renewed.outcome === 'reserved' && Number(renewed.expiresAt) > Date.now()).toBe(true);
  expect(await expireReservations(shop.services)).toBe(0);
  expect(await movements(orderId)).toEqual(['reserve 2']);
});

test('a pinned reservation does not expire; pinning again, or after the sale, is the same', async () => {
  const { variants } = await makeProduct(shop);
  const orderId = randomUUID();
  await reserve(orderId, [variants[0]!.uuid, 1]);
  expect(await pin(orderId)).toBe('pinned');
  await age(orderId);
  expect(await expireReservations(shop.services)).toBe(0);
  expect(await pin(orderId)).toBe('pinned');
  await confirm(envelope(orderId));
  expect(await pin(orderId)).toBe('pinned');
  expect(await reserve(orderId, [variants[0]!.uuid, 1])).toEqual({ outcome: 'reserved', expiresAt: null });
  expect(await pin(randomUUID())).toBe('expired');
});

test('pinning and expiring at the same moment: either the order has its units or the shop has', async () => {
  const { variants } = await makeProduct(shop, { onHand: [1_000] });
  for (let round = 0; round < 15; round += 1) {
    const orderId = randomUUID();
    await reserve(orderId, [variants[0]!.uuid, 1]);
    await shop.services.db.rows(
      `UPDATE reservation SET expires_at = clock_timestamp() + interval '3 ms' WHERE order_id = $1`,
      [orderId],
    );
    const until = Date.now() + 8;
    const sweeping = (async () => {
      while (Date.now() < until) await expireReservations(shop.services);
    })();
    const outcome = await pin(orderId);
    await sweeping;
    await expireReservations(shop.services);
    expect(await stateOf(orderId)).toBe(outcome === 'pinned' ? 'PINNED' : 'EMPTY');
    expect(await movements(orderId)).toEqual(outcome === 'pinned' ? ['reserve 1'] : ['reserve 1', 'expire 1']);
  }
});

test('a released order gives back what it holds, once, and is dead for good', async () => {
  const { variants } = await makeProduct(shop);
  const orderId = randomUUID();
  await reserve(orderId, [variants[0]!.uuid, 4]);
  await pin(orderId);
  await Promise.all([release(orderId), release(orderId), release(orderId)]);
  expect(await levelOf(shop, variants[0]!.uuid)).toEqual({ on_hand: 10, reserved: 0 });
  expect(await movements(orderId)).toEqual(['reserve 4', 'release 4']);
  await expect(reserve(orderId, [variants[0]!.uuid, 1])).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await pin(orderId)).toBe('expired');
  expect(await levelOf(shop, variants[0]!.uuid)).toEqual({ on_hand: 10, reserved: 0 });
});

test('a release before the reservation wins over the late reserve', async () => {
  const { variants } = await makeProduct(shop);
  const orderId = randomUUID();
  expect(await release(orderId)).toEqual({});
  await expect(reserve(orderId, [variants[0]!.uuid, 1])).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await movements(orderId)).toEqual([]);
});

test('a confirmed order is sold once however often it is told; cancelled later, it is restocked', async () => {
  const { uuid, variants } = await makeProduct(shop, { onHand: [3, 5] });
  const [a, b] = variants.map((variant) => variant.uuid);
  const orderId = randomUUID();
  await reserve(orderId, [a!, 3], [b!, 1]);
  await pin(orderId);
  const event = envelope(orderId);
  expect(await Promise.all([confirm(event), confirm(event), confirm(envelope(orderId))])).toEqual([
    'done',
    'done',
    'done',
  ]);
  expect(await levelOf(shop, a!)).toEqual({ on_hand: 0, reserved: 0 });
  expect(await levelOf(shop, b!)).toEqual({ on_hand: 4, reserved: 0 });
  expect(await soldOf(uuid)).toBe(4);
  await Promise.all([release(orderId), release(orderId)]);
  expect(await levelOf(shop, a!)).toEqual({ on_hand: 3, reserved: 0 });
  expect(await soldOf(uuid)).toBe(0);
  expect((await movements(orderId)).sort()).toEqual([
    'reserve 1',
    'reserve 3',
    'restock 1',
    'restock 3',
    'sell 1',
    'sell 3',
  ]);
});

test('40 cancellations at once of sold siblings take their locks in one order', async () => {
  // Of half of the orders the one product's last unit comes back, of the others the other's: what else is locked comes second.
  const onHand = (scarce: 0 | 1) => Array.from({ length: 40 }, (_, n) => (n % 2 === scarce ? 1 : 5));
  const [one, other] = [await makeProduct(shop, { onHand: onHand(0) }), await makeProduct(shop, { onHand: onHand(1) })];
  const orders = one.variants.map((variant, n) => ({ id: randomUUID(), lines: [variant, other.variants[n]!] }));
  for (const { id, lines } of orders) {
    await reserve(id, ...lines.map(({ uuid }): Line => [uuid, 1]));
    await pin(id);
    await confirm(envelope(id));
  }
  const begun = jest.spyOn(shop.services.db.dataSource, 'transaction');
  await Promise.all(orders.map(({ id }) => release(id)));
  // A deadlock would have been tried again.
  expect(begun).toHaveBeenCalledTimes(orders.length);
  begun.mockRestore();
  expect([await soldOf(one.uuid), await soldOf(other.uuid)]).toEqual([0, 0]);
});

describe('what a buyer sends back', () => {
  const restock = (orderId: string, returnId: string, ...lines: Line[]) =>
    shop.command(restockReturn, {
      ...{ orderId, returnId },
      lines: lines.map(([variantId, quantity]) => ({ variantId, quantity })),
    });

  test('is back in stock once for each return, and counts as sold no longer', async () => {
    const { uuid, slug, variants } = await makeProduct(shop, { onHand: [3] });
    const orderId = randomUUID();
    const variantId = variants[0]!.uuid;
    await reserve(orderId, [variantId, 3]);
    await pin(orderId);
    await confirm(envelope(orderId));
    const [first, second] = [randomUUID(), randomUUID()];
    const answers = await Promise.all(Array.from({ length: 5 }, () => restock(orderId, first, [variantId, 1])));
    expect(answers).toEqual(Array.from({ length: 5 }, () => ({ outcome: 'restocked' })));
    expect(await levelOf(shop, variantId)).toEqual({ on_hand: 1, reserved: 0 });
    expect(await soldOf(uuid)).toBe(2);
    const { product } = await read<{ product: object }>(shop, `{ product(slug: "${slug}") { availableForSale } }`);
    expect(product).toEqual({ availableForSale: true });
    expect(await restock(orderId, second, [variantId, 2])).toEqual({ outcome: 'restocked' });
    expect(await movements(orderId)).toEqual(['reserve 3', 'sell 3', 'restock 1', 'restock 2']);
    const reasons = await shop.services.db.rows(
      `SELECT reason, actor FROM stock_movement WHERE order_id = $1 AND kind = 'restock' ORDER BY id`,
      [orderId],
    );
    expect(reasons).toEqual([first, second].map((id) => ({ reason: toId('ret', id), actor: 'service:orders' })));
  });

  test('waits until the sale itself has left the stock', async () => {
    const { variants } = await makeProduct(shop);
    const [orderId, returnId, variantId] = [randomUUID(), randomUUID(), variants[0]!.uuid];
    await reserve(orderId, [variantId, 2]);
    await pin(orderId);
    expect(await restock(orderId, returnId, [variantId, 2])).toEqual({ outcome: 'pending' });
    expect(await restock(randomUUID(), returnId, [variantId, 2])).toEqual({ outcome: 'pending' });
    expect(await levelOf(shop, variantId)).toEqual({ on_hand: 10, reserved: 2 });
    await confirm(envelope(orderId));
    expect(await restock(orderId, returnId, [variantId, 2])).toEqual({ outcome: 'restocked' });
    expect(await levelOf(shop, variantId)).toEqual({ on_hand: 10, reserved: 0 });
  });
});

test('a confirmation after the cancellation sells nothing; one without stock fails loudly', async () => {
  const { variants } = await makeProduct(shop);
  const orderId = randomUUID();
  await reserve(orderId, [variants[0]!.uuid, 1]);
  await release(orderId);
  expect(await confirm(envelope(orderId))).toBe('done');
  expect(await levelOf(shop, variants[0]!.uuid)).toEqual({ on_hand: 10, reserved: 0 });
  await expect(confirm(envelope(randomUUID()))).rejects.toMatchObject({ code: 'CONFLICT' });
});

test('a storm of reservations, pins, sales, releases and expiries loses no unit', async () => {
  const { variants } = await makeProduct(shop, { onHand: [40, 40, 40] });
  const ids = variants.map(({ uuid }) => uuid);
  const life = async (n: number): Promise<void> => {
    const orderId = randomUUID();
    const answer = await reserve(orderId, [ids[n % 3]!, 1 + (n % 4)], [ids[(n + 1) % 3]!, 1]);
    if (answer.outcome === 'short') return;
    if (n % 5 === 0) await age(orderId);
    if (n % 7 === 0) await expireReservations(shop.services);
    if (n % 2 === 0 && (await pin(orderId)) === 'pinned' && n % 4 === 0) await confirm(envelope(orderId));
    if (n % 3 === 0) await release(orderId);
  };
  await Promise.all(Array.from({ length: 60 }, (_, n) => life(n)));
  for (const id of ids) {
    const level = await levelOf(shop, id);
    expect(level.reserved).toBeLessThanOrEqual(level.on_hand);
  }
});

test('the database itself refuses to reserve more than there is', async () => {
  const { variants } = await makeProduct(shop);
  await expect(
    shop.services.db.rows('UPDATE stock_level SET reserved = 11 WHERE variant_id = $1', [variants[0]!.uuid]),
  ).rejects.toMatchObject({ constraint: 'stock_level_reserved' });
});

describe('adjustStock', () => {
  const adjust = (input: object) =>
    mutate<{ productVariant: { stock: object } | null }>(
      shop,
      'adjustStock',
      input,
      'productVariant { stock { onHand reserved available } }',
    );
  const input = (variantId: string, delta: number, key: string = randomUUID()) => ({
    variantId,
    delta,
    reason: 'count',
    idempotencyKey: key,
  });

  test('adds and takes, once for each key, with ledger row and audit', async () => {
    const { variants } = await makeProduct(shop);
    const { id, uuid } = variants[0]!;
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 5 }, () => adjust(input(id, -4, key))));
    const done = { productVariant: { stock: { onHand: 6, reserved: 0, available: 6 } }, userErrors: [] };
    expect(
      answers
        .filter(({ productVariant }) => productVariant !== null)
        .every((answer) => JSON.stringify(answer) === JSON.stringify(done)),
    ).toBe(true);
    expect(await adjust(input(id, -4, key))).toEqual(done);
    expect((await adjust(input(id, -3, key))).userErrors).toMatchObject([
      { code: 'DUPLICATE_REQUEST', field: ['idempotencyKey'] },
    ]);
    const rows = await shop.services.db.rows(
      `SELECT kind, quantity, reason, actor FROM stock_movement WHERE variant_id = $1 AND kind = 'adjust'`,
      [uuid],
    );
    expect(rows).toEqual([
      { kind: 'adjust', quantity: -4, reason: 'count', actor: `user:${'id' in ADMIN ? ADMIN.id : ''}` },
    ]);
    const audit = await shop.services.db.rows(
      `SELECT payload->>'action' AS action FROM outbox WHERE name = 'audit.recorded' AND payload->>'target' = $1`,
      [id],
    );
    expect(audit).toEqual([{ action: 'adjustStock' }]);
  });

  test('never below what is reserved: says how many are free, the same with the same key', async () => {
    const { variants } = await makeProduct(shop);
    const { id, uuid, sku } = variants[0]!;
    await reserve(randomUUID(), [uuid, 7]);
    const asked = input(id, -4);
    const refusal = {
      __typename: 'InventoryError',
      code: 'INSUFFICIENT_INVENTORY',
      field: ['delta'],
      sku,
      available: 3,
    };
    expect(await adjust(asked)).toMatchObject({ productVariant: null, userErrors: [refusal] });
    expect(await adjust(asked)).toMatchObject({ productVariant: null, userErrors: [refusal] });
    expect(await levelOf(shop, uuid)).toEqual({ on_hand: 10, reserved: 7 });
    expect(await adjust(input(id, -3))).toMatchObject({ productVariant: { stock: { onHand: 7, available: 0 } } });
  });

  test.each([
    [{ delta: 0 }, 'VALIDATION_ERROR', 'delta'],
    [{ delta: 1_000_001 }, 'VALIDATION_ERROR', 'delta'],
    [{ delta: -1_000_001 }, 'VALIDATION_ERROR', 'delta'],
    [{ reason: '' }, 'VALIDATION_ERROR', 'reason'],
    [{ reason: 'x'.repeat(2_001) }, 'VALIDATION_ERROR', 'reason'],
    [{ idempotencyKey: '' }, 'VALIDATION_ERROR', 'idempotencyKey'],
    [{ idempotencyKey: 'x'.repeat(256) }, 'VALIDATION_ERROR', 'idempotencyKey'],
    [{ variantId: 'prod_01jgg6mr3gemwvw8347vm5w00f' }, 'VALIDATION_ERROR', 'variantId'],
    [{ variantId: 'var_01jgg6mr3gemwvw8347vm5w00f' }, 'NOT_FOUND', 'variantId'],
  ])('refuses %o', async (bad, code, field) => {
    const { variants } = await makeProduct(shop);
    const answer = await adjust({ ...input(variants[0]!.id, 1), ...bad });
    expect(answer).toMatchObject({ productVariant: null, userErrors: [{ code, field: [field] }] });
    expect(await levelOf(shop, variants[0]!.uuid)).toEqual({ on_hand: 10, reserved: 0 });
  });

  test('is for admins, and stock is shown to staff only', async () => {
    const { variants } = await makeProduct(shop);
    const { id, uuid } = variants[0]!;
    const mutation = 'mutation ($input: AdjustStockInput!) { adjustStock(input: $input) { userErrors { code } } }';
    for (const [principal, code] of [
      [undefined, 'UNAUTHENTICATED'],
      [userOf('CUSTOMER'), 'FORBIDDEN'],
      [userOf('PARTNER'), 'FORBIDDEN'],
      [userOf('SUPPORT'), 'FORBIDDEN'],
    ] as const) {
      const { data, errors } = await shop.run(mutation, { input: input(id, 1) }, principal);
      expect(data).toEqual({ adjustStock: null });
      expect(errors?.[0]?.extensions['code']).toBe(code);
    }
    expect(await levelOf(shop, uuid)).toEqual({ on_hand: 10, reserved: 0 });
    const query = `{ productVariant(id: "${id}") { stock { available } } }`;
    for (const principal of [undefined, userOf('CUSTOMER'), userOf('PARTNER')]) {
      expect(await read(shop, query, {}, principal)).toEqual({ productVariant: { stock: null } });
    }
    for (const principal of [userOf('SUPPORT'), ADMIN]) {
      expect(await read(shop, query, {}, principal)).toEqual({ productVariant: { stock: { available: 10 } } });
    }
  });
});
