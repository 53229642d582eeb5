/** Whatever happened was told, and whoever had to hear it did, once. */
import { toId } from '../../../platform/ids';
import { groupBy, LIVE, repeated, type Invariant, type Violation } from './invariant';

/** Events that a queue takes without a note: the same one again changes nothing, or most of them mean nothing there. */
const WITHOUT_NOTES: Readonly<Record<string, readonly string[]>> = {
  'cart.product-changed': ['catalog.productChanged'],
  'catalog.recommendation-feed': ['orders.orderStatusChanged'],
};

/** The outboxes are empty. */
export const everyEventPublished: Invariant = {
  name: 'every event is published',
  violations: ({ shop }) =>
    shop.outbox
      .filter(({ publishedAt }) => publishedAt === null)
      .map(({ subgraph, name, id }) => ({ detail: `${subgraph}: ${name} ${id}` })),
};

/** Every queue that wants an event has applied it; nobody has applied one that never was. */
export const everyEventAppliedOnce: Invariant = {
  name: 'every event is applied once',
  violations({ shop }) {
    const applied = groupBy(shop.inbox, ({ queue, eventId }) => `${queue} ${eventId}`);
    const wanted = shop.bindings.flatMap(({ queue, events }) => {
      const noted = events.filter((name) => !WITHOUT_NOTES[queue]?.includes(name));
      return shop.outbox.filter(({ name }) => noted.includes(name)).map((event) => ({ queue, event }));
    });
    const missing = wanted.filter(({ queue, event }) => !applied.has(`${queue} ${event.id}`));
    const known = new Set(shop.outbox.map(({ id }) => id));
    return [
      ...missing.map(({ queue, event }) => ({
        orderId: event.aggregateId,
        detail: `${queue} has not applied ${event.name}`,
      })),
      ...[...applied].filter(([, notes]) => notes.length > 1).map(([note]) => ({ detail: `applied twice: ${note}` })),
      ...shop.inbox
        .filter(({ eventId }) => !known.has(eventId))
        .map(({ queue, eventId }) => ({ detail: `${queue} has applied ${eventId}, which nobody wrote` })),
    ];
  },
};

/** Each change of status has its message, and each confirmation the one that sets everything off. */
export const everyTransitionTold: Invariant = {
  name: 'every transition is told, once',
  violations({ shop }) {
    const messages = groupBy(
      shop.outbox,
      ({ name, aggregateId, aggregateVersion }) => `${name} ${aggregateId} ${aggregateVersion}`,
    );
    const expected = shop.events
      .filter(({ type }) => type === 'STATUS_CHANGED')
      .flatMap(({ orderId, sequence, status }) => [
        { orderId, key: `orders.orderStatusChanged ${orderId} ${sequence}` },
        ...(status === 'CONFIRMED' ? [{ orderId, key: `orders.orderConfirmed ${orderId} ${sequence}` }] : []),
      ]);
    return expected.flatMap(({ orderId, key }): Violation[] => {
      const count = messages.get(key)?.length ?? 0;
      return count === 1 ? [] : [{ orderId, detail: `${key}: told ${count} times` }];
    });
  },
};

/** What can not be handled is a bug, and so is what is left lying. */
export const nothingLeftInQueues: Invariant = {
  name: 'no dead letters, no message left in a queue',
  violations: ({ shop }) => [
    ...shop.deadLetters.map(({ queue, id }) => ({ detail: `dead letter in ${queue}: ${id}` })),
    ...Object.entries(shop.waiting)
      .filter(([queue, count]) => count > 0 && !queue.endsWith('.dead'))
      .map(([queue, count]) => ({ detail: `${count} messages in ${queue}` })),
  ],
};

/** Whoever's order was confirmed has one mail. */
export const oneConfirmationMail: Invariant = {
  name: 'one confirmation mail for each confirmed order',
  violations({ shop }) {
    const confirmed = new Set(shop.events.filter(({ status }) => LIVE.has(status)).map(({ orderId }) => orderId));
    const mails = groupBy(shop.mails, ({ orderId }) => orderId);
    const letters = groupBy(shop.mailbox, (messageId) => messageId);
    const wrong = [...confirmed].flatMap((orderId): Violation[] => {
      const noted = mails.get(orderId) ?? [];
      const sent = letters.get(`<order-confirmation.${toId('ord', orderId)}@souk>`)?.length ?? 0;
      if (noted.length === 1 && noted[0]?.status === 'SENT' && sent === 1) return [];
      return [
        { orderId, detail: `${noted.map(({ status }) => status).join(', ') || 'not noted'}, ${sent} in the mailbox` },
      ];
    });
    const unwanted = shop.mails
      .filter(({ orderId }) => !confirmed.has(orderId))
      .map(({ orderId }) => ({ orderId, detail: 'a mail for an order that was never confirmed' }));
    const strangers = shop.mailbox.length - confirmed.size;
    return [
      ...wrong,
      ...unwanted,
      ...(strangers > 0 ? [{ detail: `${strangers} mails too many in the mailbox` }] : []),
    ];
  },
};

/** What may follow what; REQUIREMENTS, written down once more. */
const FOLLOWS: Readonly<Record<string, readonly string[]>> = {
  PENDING: ['CONFIRMED', 'CANCELLED'],
  CONFIRMED: ['PROCESSING', 'CANCELLED'],
  PROCESSING: ['SHIPPED', 'CANCELLED'],
  SHIPPED: ['DELIVERED', 'RETURNED'],
  DELIVERED: ['RETURNED'],
};

/** The log of an order is a path through the state machine, without gaps, and ends where the order is. */
export const transitionsAreLegal: Invariant = {
  name: 'every transition is legal, and the log has no gaps',
  violations({ shop }) {
    const logs = groupBy(shop.events, ({ orderId }) => orderId);
    const positions = shop.events.map(({ position }) => position);
    const unnumbered = positions.filter((position) => position === null).length;
    const path = shop.orders.flatMap(({ id: orderId, status, version }): Violation[] => {
      const log = (logs.get(orderId) ?? []).toSorted((a, b) => a.sequence - b.sequence);
      const gap = log.length !== version || log.some(({ sequence }, index) => sequence !== index + 1);
      const steps = log.filter(({ type }) => type === 'STATUS_CHANGED').map((event) => event.status);
      const illegal = steps.some((to, index) =>
        index === 0 ? to !== 'PENDING' : !FOLLOWS[steps[index - 1] ?? '']?.includes(to),
      );
      if (!gap && !illegal && steps.at(-1) === status) return [];
      return [
        {
          orderId,
          detail: `${status} at version ${version}: ${log.map((event) => `${event.sequence} ${event.status}`).join(', ')}`,
        },
      ];
    });
    return [
      ...path,
      ...repeated(positions.map(String))
        .filter((position) => position !== 'null')
        .map((position) => ({ detail: `position ${position} twice` })),
      ...(unnumbered > 0 ? [{ detail: `${unnumbered} events without a position` }] : []),
    ];
  },
};
