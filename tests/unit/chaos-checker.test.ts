/** The checker of `npm run chaos` against ledgers made by hand: clean ones pass, and each kind of wrong is found under its name. */
import { check, INVARIANTS } from '../chaos/checker';
import { cleanLedgers, type Draft } from '../support/chaos-ledgers';

/** Names of the invariants that a change of the clean ledgers breaks. */
function broken(change: (ledgers: Draft) => void): string[] {
  const ledgers = cleanLedgers();
  change(ledgers);
  return [...new Set(check(ledgers).map(({ invariant }) => invariant))];
}

const ORDER = cleanLedgers().ids;

describe('the checker', () => {
  it('finds nothing wrong with ledgers that agree', () => {
    expect(check(cleanLedgers())).toEqual([]);
  });

  it('says of which order, and what', () => {
    const ledgers = cleanLedgers();
    ledgers.provider.charges[0]!.state = 'VOIDED';
    expect(check(ledgers)).toEqual([
      {
        invariant: 'an order is live if and only if its money is held or taken',
        orderId: ORDER.shipped,
        detail: 'DELIVERED, and the provider says VOIDED',
      },
      {
        invariant: 'shop and provider agree about every payment and refund',
        orderId: ORDER.shipped,
        detail: 'CAPTURED 1250/250, the provider: VOIDED 0/250',
      },
      {
        invariant: 'refunds are at most what was captured',
        orderId: ORDER.shipped,
        detail: '250 of 0 given back',
      },
    ]);
  });

  const cases: [wrong: string, change: (ledgers: Draft) => void, invariants: string[]][] = [
    [
      'an acknowledged order that is not there',
      ({ history }) => (history.find(({ phase }) => phase === 'ok')!.orderId = ORDER.unknown),
      ['an acknowledged order exists'],
    ],
    [
      'a key that was told of two orders',
      ({ history }) => history.push({ ...history.find(({ phase }) => phase === 'ok')!, orderId: ORDER.confirmed }),
      ['a key makes one order at most', "the total that was told is the order's"],
    ],
    [
      'two orders placed under one key',
      ({ shop }) => Object.assign(shop.checkouts[1]!, { key: 'key-1', actor: 'user:1' }),
      ['a key makes one order at most'],
    ],
    [
      'another total than was told',
      ({ history }) => (history.find(({ phase }) => phase === 'ok')!.total = '1249'),
      ["the total that was told is the order's"],
    ],
    [
      'an order under a key that was refused',
      ({ history }) =>
        history.push({
          at: 1,
          client: 'customer 1',
          action: 'placeOrder',
          key: 'key-1',
          phase: 'no',
          codes: ['CONFLICT'],
        }),
      ['a refused key has no order'],
    ],
    [
      'a key that never got an answer',
      ({ history }) => history.push({ at: 1, client: 'guest 2', action: 'placeOrder', key: 'key-9', phase: 'invoke' }),
      ['every unknown is resolved to one outcome'],
    ],
    [
      'a key that is still being worked on',
      ({ shop }) => shop.openKeys.push({ subgraph: 'orders', mutation: 'placeOrder', key: 'key-1' }),
      ['every unknown is resolved to one outcome'],
    ],
    [
      'a checkout that is not done',
      ({ shop }) => (shop.checkouts[0]!.done = false),
      ['every unknown is resolved to one outcome'],
    ],
    [
      'an acknowledged cancellation that did not happen',
      ({ history }) =>
        history.push({
          at: 1,
          client: 'support 1',
          action: 'cancelOrder',
          key: 'c',
          phase: 'ok',
          orderId: ORDER.confirmed,
        }),
      ['an acknowledged cancellation, parcel or refund stands, once'],
    ],
    [
      'a parcel that left twice',
      ({ shop }) => shop.parcels.push({ ...shop.parcels[0]! }),
      ['an acknowledged cancellation, parcel or refund stands, once'],
    ],
    [
      'an acknowledged refund that is not there',
      ({ shop }) => (shop.refundKeys[0]!.refundId = null),
      ['an acknowledged cancellation, parcel or refund stands, once'],
    ],
    [
      'two payments of one order',
      ({ shop }) => shop.payments.push({ ...shop.payments[2]!, id: ORDER.unknown }),
      ['an order has one payment and one charge at most'],
    ],
    [
      'two charges for one order',
      ({ provider }) => provider.charges.push({ ...provider.charges[2]!, reference: 'ch_other' }),
      ['an order has one payment and one charge at most'],
    ],
    [
      'a charge that is a cent short',
      ({ provider, shop }) => {
        provider.charges[1]!.amount -= 1n;
        shop.payments[1]!.amount -= 1n;
        for (const entry of shop.entries.filter(({ paymentId }) => paymentId === shop.payments[1]!.id)) {
          entry.amount += entry.account === 'held' ? -1n : 1n;
        }
      },
      ['what is charged for an order is its total'],
    ],
    [
      'a confirmed order without money',
      ({ provider, shop }) => {
        provider.charges.splice(1, 1);
        Object.assign(shop.payments[1]!, { status: 'VOIDED' });
        shop.entries = shop.entries.filter(({ paymentId }) => paymentId !== shop.payments[1]!.id);
      },
      ['an order is live if and only if its money is held or taken'],
    ],
    [
      'money held for a cancelled order',
      ({ provider, shop }) => {
        provider.charges[2]!.state = 'AUTHORIZED';
        shop.payments[2]!.status = 'AUTHORIZED';
        for (const entry of shop.entries.filter(({ postingId }) => postingId === 'void')) entry.amount = 0n;
      },
      ['an order is live if and only if its money is held or taken'],
    ],
    [
      'a charge that nobody knows of',
      ({ provider }) =>
        provider.charges.push({ key: ORDER.unknown, reference: 'ch_9', state: 'VOIDED', amount: 5n, refunded: 0n }),
      ['shop and provider agree about every payment and refund'],
    ],
    ['a posting that does not sum to zero', ({ shop }) => (shop.entries[0]!.amount += 1n), ['debits equal credits']],
    [
      'a payment whose entries are missing',
      ({ shop }) => (shop.entries = shop.entries.filter(({ paymentId }) => paymentId !== shop.payments[1]!.id)),
      ['debits equal credits'],
    ],
    [
      'more given back than was taken',
      ({ provider, shop }) => {
        provider.refunds.push({ key: ORDER.unknown, reference: 'ch_1', amount: 1_001n });
        provider.charges[0]!.refunded += 1_001n;
        shop.refunds.push({ id: ORDER.unknown, paymentId: shop.payments[0]!.id, amount: 1_001n, status: 'SUCCEEDED' });
        shop.payments[0]!.refunded += 1_001n;
        shop.entries.push(
          { postingId: 'more', paymentId: shop.payments[0]!.id, account: 'shop', amount: -1_001n },
          { postingId: 'more', paymentId: shop.payments[0]!.id, account: 'buyer', amount: 1_001n },
        );
      },
      ['refunds are at most what was captured'],
    ],
    [
      'a refund that the provider never made',
      ({ provider }) => {
        provider.refunds.length = 0;
        provider.charges[0]!.refunded = 0n;
      },
      ['shop and provider agree about every payment and refund'],
    ],
    [
      'a unit too many on the shelf',
      ({ shop }) => (shop.levels[0]!.onHand += 1),
      ['stock adds up for every variant, and is never negative'],
    ],
    [
      'more sold than there was',
      ({ shop }) => {
        shop.levels[0]!.onHand -= 100;
        shop.movements[0]!.quantity -= 100;
      },
      ['stock adds up for every variant, and is never negative'],
    ],
    [
      'a live order that was never sold',
      ({ shop }) => {
        shop.movements = shop.movements.filter(
          ({ kind, orderId }) => !(kind === 'sell' && orderId === ORDER.confirmed),
        );
        shop.levels[0]!.onHand += 1;
        shop.levels[0]!.reserved += 1;
      },
      ['a live order has its units sold, a dead one holds none'],
    ],
    [
      'a cancelled order that keeps its units',
      ({ shop }) => {
        shop.movements = shop.movements.filter(({ kind }) => kind !== 'release');
        shop.levels[0]!.reserved += 1;
      },
      ['a live order has its units sold, a dead one holds none'],
    ],
    [
      'a reservation long past its time',
      ({ shop }) => Object.assign(shop.reservations[2]!, { state: 'RESERVED', overdueSeconds: 31 }),
      ['no reservation is older than its time and 30 s, unless pinned'],
    ],
    [
      'more uses of a promotion than its limit',
      ({ shop }) => (shop.promotions[0]!.limit = 0),
      ['uses of a promotion are at most its limit'],
    ],
    [
      'a use that a cancelled order still holds',
      ({ shop }) => (shop.promotions[0]!.claims = [ORDER.cancelled]),
      ['uses of a promotion are at most its limit'],
    ],
    [
      'an event that was not published',
      ({ shop }) => (shop.outbox[0]!.publishedAt = null),
      ['every event is published'],
    ],
    ['an event that was not applied', ({ shop }) => shop.inbox.splice(0, 1), ['every event is applied once']],
    [
      'an event that was applied twice',
      ({ shop }) => shop.inbox.push({ ...shop.inbox[0]! }),
      ['every event is applied once'],
    ],
    [
      'an event applied that nobody wrote',
      ({ shop }) => shop.inbox.push({ queue: 'accounts.audit', eventId: ORDER.unknown, at: 1 }),
      ['every event is applied once'],
    ],
    [
      'a transition that was not told',
      ({ shop }) =>
        (shop.outbox = shop.outbox.filter(
          ({ name, aggregateId }) => !(name === 'orders.orderStatusChanged' && aggregateId === ORDER.cancelled),
        )),
      ['every transition is told, once'],
    ],
    [
      'a dead letter',
      ({ shop }) => shop.deadLetters.push({ queue: 'accounts.audit', id: ORDER.unknown }),
      ['no dead letters, no message left in a queue'],
    ],
    [
      'a message left in a queue',
      ({ shop }) => Object.assign(shop.waiting, { 'accounts.audit': 1 }),
      ['no dead letters, no message left in a queue'],
    ],
    [
      'a mail that was never sent',
      ({ shop }) => (shop.mails[0]!.status = 'WAITING'),
      ['one confirmation mail for each confirmed order'],
    ],
    [
      'two mails in the mailbox',
      ({ shop }) => shop.mailbox.push(shop.mailbox[0]!),
      ['one confirmation mail for each confirmed order'],
    ],
    [
      'a step that is not allowed',
      ({ shop }) =>
        (shop.events.find(({ orderId, sequence }) => orderId === ORDER.shipped && sequence === 3)!.status =
          'DELIVERED'),
      ['every transition is legal, and the log has no gaps'],
    ],
    [
      'a gap in the log',
      ({ shop }) => {
        shop.events.find(({ orderId, sequence }) => orderId === ORDER.confirmed && sequence === 2)!.sequence = 3;
        shop.outbox
          .filter(({ aggregateId, aggregateVersion }) => aggregateId === ORDER.confirmed && aggregateVersion === 2)
          .forEach((event) => (event.aggregateVersion = 3));
      },
      ['every transition is legal, and the log has no gaps'],
    ],
    [
      'an event without its place in the log of all orders',
      ({ shop }) => (shop.events[0]!.position = null),
      ['every transition is legal, and the log has no gaps'],
    ],
    [
      'a cancellation that took too long',
      (ledgers) => {
        ledgers.lastFaultAt = 0;
        ledgers.shop.events.find(({ status }) => status === 'CANCELLED')!.at += 61_000;
      },
      ['no order is PENDING 60 s after the last fault'],
    ],
    [
      'PostgreSQL that was back long before the first order',
      (ledgers) => ledgers.restarts.push({ store: 'PostgreSQL', killedAt: -9_000, readyAt: -8_000 }),
      ['after a store is back: a success within 3 s, no backlog after 30 s'],
    ],
    [
      'a backlog that stayed',
      (ledgers) => {
        ledgers.restarts.push({ store: 'RabbitMQ', killedAt: 0, readyAt: 2_000 });
        ledgers.shop.outbox[0]!.publishedAt = 33_000;
      },
      ['after a store is back: a success within 3 s, no backlog after 30 s'],
    ],
    [
      'payments that were long in doubt',
      ({ shop }) => {
        for (let index = 0; index < 200; index += 1) {
          const stranger = { id: `p${index}`, orderId: `o${index}`, status: 'FAILED', doubtMs: 30_001 };
          shop.payments.push({ ...stranger, amount: 0n, captured: 0n, refunded: 0n });
        }
      },
      ['a payment is in doubt for 30 s at most (p99)'],
    ],
  ];

  it.each(cases)('finds %s', (_, change, invariants) => {
    expect(broken(change)).toEqual(invariants);
  });

  it('has a case for every invariant', () => {
    const shown = new Set(cases.flatMap(([, , invariants]) => invariants));
    expect(INVARIANTS.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
  });
});
