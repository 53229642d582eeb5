/**
 * Every real consumer, fed as a broker may feed it: each event three times, in any order, ten at once. It ends where each event
 * once and in order ends. And what becomes of a message that can not be handled.
 */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { auditRecorded } from '../../platform/audit';
import type { Bus, EventEnvelope, MessageHandler } from '../../platform/bus/bus';
import { fromId, newUuid, toId } from '../../platform/ids';
import { PERSONAL_DATA_HOLDERS, personalDataGathered } from '../../platform/personal-data';
import type { StartedSubgraph } from '../../platform/subgraph';
import { consumerBindings } from '../../subgraphs';
import { dataExportRequested, userChanged, userErased } from '../../subgraphs/accounts/messages';
import { profileKey } from '../../subgraphs/accounts/profile.loaders';
import { quoteCart } from '../../subgraphs/cart/messages';
import { catalog } from '../../subgraphs/catalog';
import { pinReservation, productChanged, reserveStock } from '../../subgraphs/catalog/messages';
import { orderConfirmed, orderStatusChanged } from '../../subgraphs/orders/messages';
import { payments } from '../../subgraphs/payments';
import { paymentChanged } from '../../subgraphs/payments/messages';
import { startAccounts } from '../support/accounts';
import { anEvent, busAdapters, quickRetry, type BusUnderTest } from '../support/buses';
import { ADDRESS, customer, startCartShop } from '../support/cart-shop';
import { expectLedgerToAgree, levelOf, makeProduct } from '../support/catalog';
import { deliverTo, thriceShuffled } from '../support/deliveries';
import { eventually } from '../support/eventually';
import { startOrders, user } from '../support/orders-shop';
import { startSubgraph, type SubgraphUnderTest } from '../support/subgraph';

/** Events to deliver, and what stands in the end, in terms that do not depend on ids. */
interface Trial {
  events: EventEnvelope[];
  outcome: () => Promise<unknown>;
}

/** A consumer with its subgraph. */
interface Opened {
  started: StartedSubgraph;
  /** Something new to deliver. */
  trial(): Promise<Trial>;
  stop(): Promise<void>;
}

const event = (name: string, payload: object, aggregateId: string, aggregateVersion = 1): EventEnvelope => ({
  ...anEvent(name, payload, aggregateId),
  aggregateVersion,
});
const confirmed = (orderId: string, productIds: readonly string[] = []): EventEnvelope => {
  const lines = productIds.map((productId) => ({ productId, variantId: randomUUID(), quantity: 1 }));
  return event(orderConfirmed.name, { orderId, ownerKind: 'user', ownerId: randomUUID(), lines }, orderId, 2);
};

/** Reserves and pins units for a new order; gives its id. */
async function pinned(shop: SubgraphUnderTest, variantId: string, quantity: number, orderId = newUuid()) {
  const answer = await shop.command(reserveStock, { orderId, lines: [{ variantId, quantity }] });
  expect(answer.outcome).toBe('reserved');
  expect(await shop.command(pinReservation, { orderId })).toEqual({ outcome: 'pinned' });
  return orderId;
}

/** Asking one subgraph twice for what it holds of somebody: it answers once each time. */
function exporting(open: () => Promise<SubgraphUnderTest>): { open: () => Promise<Opened>; outcome: unknown } {
  return {
    outcome: [1, 1],
    async open() {
      const shop = await open();
      return {
        ...shop,
        async trial() {
          const exportIds = [newUuid(), newUuid()];
          const answers = (exportId: string) =>
            shop.services.db.rows(
              `SELECT 1 FROM outbox WHERE name = $1 AND aggregate_id = $2 AND payload->>'holder' = $3`,
              [personalDataGathered.name, exportId, shop.services.subgraph],
            );
          const asked = { userId: newUuid() };
          return {
            events: exportIds.map((exportId) => event(dataExportRequested.name, { ...asked, exportId }, exportId)),
            outcome: async () => (await Promise.all(exportIds.map(answers))).map(({ length }) => length),
          };
        },
      };
    },
  };
}

const erased = (userId: string): EventEnvelope => event(userErased.name, { userId }, userId);

/** By queue: how it is opened, and what its trial must come to. */
const CONSUMERS: Record<string, { open: () => Promise<Opened>; outcome: unknown }> = {
  'accounts.order-confirmation': {
    outcome: [1, 1, 1],
    async open() {
      const shop = await startAccounts({
        commands: {
          'orders.describeOrder.v1': ({ orderId }: { orderId: string }) => ({
            order: {
              ...{ orderId, number: 'K7-XQ2', ownerKind: 'guest', ownerId: orderId, sealedToken: null },
              ...{ placedAt: '2026-11-21T10:00:00.000Z', currencyCode: 'USD', total: '2999', lines: [] },
              sealedEmail: shop.services.sealer.seal('guest@example.com'),
            },
          }),
        },
      });
      return {
        ...shop,
        async trial() {
          const orderIds = [newUuid(), newUuid(), newUuid()];
          return {
            // Two events of an order, as after a relay that lost its memory: still one mail.
            events: [...orderIds, ...orderIds].map((orderId) => confirmed(orderId)),
            async outcome() {
              await Promise.all([shop.runJob('accounts.send-mails'), shop.runJob('accounts.send-mails')]);
              return orderIds.map(
                (id) => shop.mails.filter(({ messageId }) => messageId.includes(toId('ord', id))).length,
              );
            },
          };
        },
      };
    },
  },
  'accounts.data-export': exporting(() => startAccounts()),
  'catalog.data-export': exporting(() => startSubgraph(catalog)),
  'cart.data-export': exporting(async () => (await startCartShop()).shop),
  'orders.data-export': exporting(() => startOrders()),
  'payments.data-export': exporting(() => startSubgraph(payments)),
  'accounts.personal-data': {
    outcome: [{ holders: PERSONAL_DATA_HOLDERS.length, ready: true }],
    async open() {
      const shop = await startAccounts();
      return {
        ...shop,
        async trial() {
          const exportId = newUuid();
          const { principal } = await shop.person();
          await shop.services.db.rows(
            `INSERT INTO data_export (id, account_id, requested_at, expires_at) VALUES ($1, $2, now(), now())`,
            [exportId, principal.id],
          );
          return {
            events: PERSONAL_DATA_HOLDERS.map((holder) =>
              event(personalDataGathered.name, { exportId, holder, sealed: 'sealed' }, exportId, 0),
            ),
            outcome: () =>
              shop.services.db.rows(
                `SELECT count(p.holder)::int AS holders, e.ready_at IS NOT NULL AS ready
                 FROM data_export e LEFT JOIN data_export_part p ON p.export_id = e.id WHERE e.id = $1 GROUP BY e.id`,
                [exportId],
              ),
          };
        },
      };
    },
  },
  'catalog.user-erased': {
    outcome: [],
    async open() {
      const shop = await startSubgraph(catalog);
      return {
        ...shop,
        async trial() {
          const owners = [newUuid(), newUuid()];
          await shop.services.db.rows(
            `INSERT INTO purchase (order_id, user_id, product_ids)
             SELECT gen_random_uuid(), owner, '{}' FROM unnest($1::uuid[]) AS owner`,
            [owners],
          );
          return {
            events: owners.map(erased),
            outcome: () => shop.services.db.rows('SELECT order_id FROM purchase WHERE user_id = ANY ($1)', [owners]),
          };
        },
      };
    },
  },
  'cart.user-erased': {
    outcome: [0, 0],
    async open() {
      const env = await startCartShop();
      return {
        ...env.shop,
        async trial() {
          const buyers = [customer(), customer()];
          const { id: variantId } = env.sell(1_000n);
          for (const buyer of buyers) await env.changed('addToCart', { variantId, quantity: 2 }, buyer);
          return {
            events: buyers.map(({ id }) => erased(id)),
            outcome: async () => {
              const carts = await Promise.all(buyers.map((buyer) => env.read({}, buyer)));
              return carts.map((cart) => cart?.itemCount);
            },
          };
        },
      };
    },
  },
  'orders.user-erased': {
    outcome: [{ shipping_address: null }, { shipping_address: null }],
    async open() {
      const shop = await startOrders();
      return {
        ...shop,
        async trial() {
          const buyers = [user(), user()];
          const ids: string[] = [];
          for (const buyer of buyers) ids.push(fromId('ord', (await shop.place(buyer)).id)!);
          await shop.services.db.rows(`UPDATE orders SET status = 'DELIVERED' WHERE id = ANY ($1)`, [ids]);
          return {
            events: buyers.map(({ id }) => erased(id)),
            outcome: () => shop.services.db.rows('SELECT shipping_address FROM orders WHERE id = ANY ($1)', [ids]),
          };
        },
      };
    },
  },
  'payments.user-erased': {
    outcome: [{ deleted: true }, { deleted: true }],
    async open() {
      const shop = await startSubgraph(payments);
      return {
        ...shop,
        async trial() {
          const owners = [newUuid(), newUuid()];
          await shop.services.db.rows(
            `INSERT INTO payment_method (id, owner_kind, owner_id, provider, sealed_reference, brand, last4, expiry_month,
                                         expiry_year, created_at)
             SELECT gen_random_uuid(), 'user', owner, 'sandbox', 'sealed', 'visa', '4242', 1, 2030, now()
             FROM unnest($1::uuid[]) AS owner`,
            [owners],
          );
          return {
            events: owners.map(erased),
            outcome: () =>
              shop.services.db.rows(
                'SELECT deleted_at IS NOT NULL AS deleted FROM payment_method WHERE owner_id = ANY ($1)',
                [owners],
              ),
          };
        },
      };
    },
  },
  'accounts.audit': {
    outcome: [1, 2, 3, 4].map((n) => ({ action: `act${n}`, times: 1 })),
    async open() {
      const shop = await startAccounts();
      return {
        ...shop,
        async trial() {
          const actorId = newUuid();
          const time = '2026-11-21T10:00:00.000Z';
          const entry = { actorKind: 'user', actorId, target: 'var_1', time, requestId: 'r1' };
          return {
            events: [1, 2, 3, 4].map((n) => event(auditRecorded.name, { ...entry, action: `act${n}` }, actorId, 0)),
            outcome: () =>
              shop.services.db.rows(
                'SELECT action, count(*)::int AS times FROM audit_log WHERE actor_id = $1 GROUP BY action ORDER BY action',
                [actorId],
              ),
          };
        },
      };
    },
  },
  'accounts.profile-cache': {
    outcome: ['new', 'new'],
    async open() {
      const shop = await startAccounts();
      const { cache } = shop.services;
      return {
        ...shop,
        async trial() {
          const userIds = [newUuid(), newUuid()];
          const profiles = (value: string) =>
            Promise.all(userIds.map((id) => cache.through(profileKey(id), 60, async () => value)));
          await profiles('old');
          return {
            events: userIds.map((userId) => event(userChanged.name, { userId }, userId)),
            outcome: () => profiles('new'),
          };
        },
      };
    },
  },
  'catalog.sell-confirmed': {
    outcome: [{ on_hand: 94, reserved: 0 }, ['sell 1', 'sell 2', 'sell 3']],
    async open() {
      const shop = await startSubgraph(catalog);
      return {
        ...shop,
        async trial() {
          const { variants } = await makeProduct(shop, { onHand: [100] });
          const variantId = variants[0]!.uuid;
          const orderIds = [];
          for (const quantity of [1, 2, 3]) orderIds.push(await pinned(shop, variantId, quantity));
          return {
            events: [...orderIds, ...orderIds].map((orderId) => confirmed(orderId)),
            async outcome() {
              await expectLedgerToAgree(shop);
              const moves = await shop.services.db.rows<{ move: string }>(
                `SELECT kind || ' ' || quantity AS move FROM stock_movement WHERE variant_id = $1 AND kind = 'sell' ORDER BY 1`,
                [variantId],
              );
              return [await levelOf(shop, variantId), moves.map(({ move }) => move)];
            },
          };
        },
      };
    },
  },
  'catalog.recommendation-feed': {
    outcome: ['0 1 1', '0 2 1', '1 0 1', '1 2 2', '2 0 1', '2 1 2'],
    async open() {
      const shop = await startSubgraph(catalog);
      return {
        ...shop,
        async trial() {
          const products = [newUuid(), newUuid(), newUuid()];
          const [a, b, c] = products as [string, string, string];
          const orderIds = Array.from({ length: 4 }, () => newUuid());
          const baskets = [[a, b, c], [b, c], [a, c], [a, b]]; // prettier-ignore
          const cancelled = orderIds.slice(2);
          return {
            events: [
              ...orderIds.map((orderId, n) => confirmed(orderId, baskets[n])),
              ...orderIds.map((orderId) =>
                event(orderStatusChanged.name, { orderId, status: 'CONFIRMED' }, orderId, 2),
              ),
              ...cancelled.map((orderId) =>
                event(orderStatusChanged.name, { orderId, status: 'CANCELLED' }, orderId, 3),
              ),
            ],
            async outcome() {
              const rows = await shop.services.db.rows<{ product_id: string; other_id: string; orders: number }>(
                'SELECT * FROM bought_together WHERE product_id = ANY ($1)',
                [products],
              );
              return rows
                .map((row) => `${products.indexOf(row.product_id)} ${products.indexOf(row.other_id)} ${row.orders}`)
                .sort();
            },
          };
        },
      };
    },
  },
  // Not compared: how many steps the timeline shows. News that comes late tells nothing new and makes no event.
  'orders.payment-status': {
    outcome: [
      { payment_status: 'REFUNDED', payment_version: 4 },
      { payment_status: 'PAID', payment_version: 2 },
      { payment_status: 'AUTHORIZED', payment_version: 1 },
    ],
    async open() {
      const shop = await startOrders();
      const statuses = ['AUTHORIZED', 'PAID', 'PARTIALLY_REFUNDED', 'REFUNDED'] as const;
      return {
        ...shop,
        async trial() {
          const orderIds: string[] = [];
          for (let n = 0; n < 3; n += 1) orderIds.push(fromId('ord', (await shop.place(user())).id)!);
          return {
            events: [4, 2, 1].flatMap((steps, n) =>
              statuses.slice(0, steps).map((status, index) => {
                const [orderId, paymentId] = [orderIds[n]!, newUuid()];
                return event(paymentChanged.name, { orderId, paymentId, status }, paymentId, index + 1);
              }),
            ),
            outcome: () =>
              shop.services.db.rows(
                'SELECT payment_status, payment_version FROM orders WHERE id = ANY ($1) ORDER BY array_position($1, id)',
                [orderIds],
              ),
          };
        },
      };
    },
  },
  'cart.product-changed': {
    outcome: ['40.00', '47.00'],
    async open() {
      const env = await startCartShop();
      return {
        ...env.shop,
        async trial() {
          const [kettle, pot] = [env.sell(1_000n), env.sell(500n)];
          const [ada, bob] = [customer(), customer()];
          await env.changed('addToCart', { variantId: kettle.id, quantity: 2 }, ada);
          await env.changed('addToCart', { variantId: kettle.id, quantity: 2 }, bob);
          await env.changed('addToCart', { variantId: pot.id }, bob);
          const changed = (variantId: string, version: number) =>
            event(productChanged.name, { productId: randomUUID(), variantIds: [variantId] }, variantId, version);
          env.sell(2_000n, kettle);
          env.sell(700n, pot);
          return {
            events: [
              changed(kettle.variantId, 2),
              changed(pot.variantId, 2),
              changed(kettle.variantId, 3),
              changed(pot.variantId, 3),
            ],
            outcome: () => Promise.all([ada, bob].map(async (one) => (await env.read({}, one))!.cost.total.amount)),
          };
        },
      };
    },
  },
  'cart.return-promotion-uses': {
    outcome: 1,
    async open() {
      const env = await startCartShop();
      const admin = { ...customer(), role: 'ADMIN' as const };
      return {
        ...env.shop,
        async trial() {
          const code = `T-${randomUUID().slice(0, 13).toUpperCase()}`;
          const created = await env.shop.run(
            'mutation ($input: CreatePromotionInput!) { createPromotion(input: $input) { userErrors { code } } }',
            { input: { code, name: 'Test', kind: 'PERCENTAGE', percentage: 10 } },
            admin,
          );
          expect(created).toEqual({ data: { createPromotion: { userErrors: [] } } });
          const kettle = env.sell(1_000n);
          const orderIds = [newUuid(), newUuid(), newUuid()];
          for (const orderId of orderIds) {
            const buyer = customer();
            await env.changed('addToCart', { variantId: kettle.id }, buyer);
            await env.changed('setCartDelivery', { address: ADDRESS }, buyer);
            await env.changed('applyPromoCode', { code }, buyer);
            const question = { orderId, cartId: null, cartToken: null, sealedAddress: null, shippingMethod: null };
            const answer = await env.shop.command(quoteCart, question, { principal: buyer });
            expect(answer).toMatchObject({ quote: { promoCodes: [{ code }] } });
          }
          const moved = (orderId: string, status: string, version: number) =>
            event(orderStatusChanged.name, { orderId, status }, orderId, version);
          return {
            events: [
              ...orderIds.map((orderId) => moved(orderId, 'CONFIRMED', 2)),
              ...orderIds.slice(1).map((orderId) => moved(orderId, 'CANCELLED', 3)),
            ],
            async outcome() {
              const [row] = await env.shop.services.db.rows<{ used: number }>(
                'SELECT used FROM promotion WHERE code = $1',
                [code],
              );
              return row?.used;
            },
          };
        },
      };
    },
  },
};

test('no consumer is missing here', () => {
  expect(Object.keys(CONSUMERS).sort()).toEqual(
    consumerBindings()
      .map(({ queue }) => queue)
      .sort(),
  );
});

describe.each(Object.entries(CONSUMERS))('%s', (queue, { open, outcome }) => {
  let opened: Opened;
  let handle: MessageHandler;
  beforeAll(async () => {
    opened = await open();
    handle = opened.started.consumers.find((consumer) => consumer.queue === queue)!.handle;
  });
  afterAll(() => opened.stop());

  test('each event once and in order', async () => {
    const trial = await opened.trial();
    expect(await trial.outcome()).not.toEqual(outcome);
    const next = await opened.trial();
    for (const each of next.events) await handle(each);
    expect(await next.outcome()).toEqual(outcome);
  });

  test('each event three times, shuffled, ten at once: the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.infiniteStream(fc.nat()), async (order: Iterator<number>) => {
        const { events, outcome: outcomeOf } = await opened.trial();
        await deliverTo(handle, thriceShuffled(events, order));
        expect(await outcomeOf()).toEqual(outcome);
      }),
      { numRuns: 3 },
    );
  });
});

describe.each(busAdapters)('poison, over the bus in $name', ({ open }) => {
  const QUEUE = 'catalog.sell-confirmed';
  let shop: SubgraphUnderTest;
  let opened: BusUnderTest;
  let bus: Bus;
  let handle: MessageHandler;
  beforeAll(async () => {
    shop = await startSubgraph(catalog);
    handle = shop.started.consumers.find(({ queue }) => queue === QUEUE)!.handle;
  });
  afterAll(() => shop.stop());
  beforeEach(async () => {
    opened = await open([{ queue: QUEUE, events: [orderConfirmed.name] }]);
    bus = opened.bus;
    await bus.consume(QUEUE, handle);
  });
  afterEach(() => opened.dispose());
  const stateOf = async (orderId: string) =>
    (await shop.services.db.rows<{ state: string }>('SELECT state FROM reservation WHERE order_id = $1', [orderId]))[0]
      ?.state;
  const sold = async (orderId: string) =>
    (await shop.services.db.rows(`SELECT 1 FROM stock_movement WHERE order_id = $1 AND kind = 'sell'`, [orderId]))
      .length;

  test('goes to the dead letters, the queue behind it goes on, and it is applied once when it is mended and sent back', async () => {
    const { variants } = await makeProduct(shop, { onHand: [10] });
    const variantId = variants[0]!.uuid;
    const poison = newUuid();
    const event = confirmed(poison);
    await bus.publish(event);
    const others = [await pinned(shop, variantId, 1), await pinned(shop, variantId, 2)];
    for (const orderId of others) await bus.publish(confirmed(orderId));
    await eventually(async () => expect(await Promise.all(others.map(stateOf))).toEqual(['SOLD', 'SOLD']));
    await eventually(async () =>
      expect(await bus.deadLetters()).toMatchObject([
        { queue: QUEUE, id: event.id, aggregateId: poison, attempts: quickRetry.maxAttempts },
      ]),
    );
    expect(await stateOf(poison)).toBeUndefined();
    expect(await levelOf(shop, variantId)).toEqual({ on_hand: 7, reserved: 0 });

    await pinned(shop, variantId, 3, poison);
    await eventually(async () => expect(await bus.replayDeadLetters(QUEUE)).toBe(1)); // listed ones go back first
    await eventually(async () => expect(await stateOf(poison)).toBe('SOLD'));
    expect(await handle(event)).toBe('done');
    expect(await bus.depths()).toMatchObject({ [QUEUE]: 0, [`${QUEUE}.dead`]: 0, retry: 0 });
    expect(await sold(poison)).toBe(1);
    expect(await levelOf(shop, variantId)).toEqual({ on_hand: 4, reserved: 0 });
    await expectLedgerToAgree(shop);
  });

  test('what is no event of this version is dead at once and changes nothing', async () => {
    const { variants } = await makeProduct(shop, { onHand: [5] });
    const orderId = await pinned(shop, variants[0]!.uuid, 1);
    await bus.publish({ ...confirmed(orderId), payload: { orderId: 'no uuid' } });
    await eventually(async () => expect(await bus.deadLetters()).toMatchObject([{ queue: QUEUE, attempts: 1 }]));
    expect(await stateOf(orderId)).toBe('PINNED');
  });
});
