/** What every bus must do. */
import type { Bus, EventEnvelope, MessageHandler } from '../../platform/bus/bus';
import { Fault } from '../../platform/errors';
import { eventually } from '../support/eventually';
import { anEvent, busAdapters, quickRetry, type BusUnderTest } from '../support/buses';

const BINDINGS = [
  { queue: 'a.mail', events: ['orders.confirmed', 'orders.shipped'] },
  { queue: 'b.stock', events: ['orders.confirmed'] },
];

describe.each(busAdapters)('bus: $name', ({ open }) => {
  let opened: BusUnderTest;
  let bus: Bus;
  beforeEach(async () => {
    opened = await open(BINDINGS);
    bus = opened.bus;
  });
  afterEach(() => opened.dispose());

  /** A handler that remembers what it got and answers with `answer`. */
  function recorder(answer: MessageHandler = async () => 'done'): { seen: EventEnvelope[]; handle: MessageHandler } {
    const seen: EventEnvelope[] = [];
    return {
      seen,
      handle: async (event) => {
        seen.push(event);
        return answer(event);
      },
    };
  }

  test('an event reaches every queue bound to it, whole, and no other queue', async () => {
    const mail = recorder();
    const stock = recorder();
    await bus.consume('a.mail', mail.handle);
    await bus.consume('b.stock', stock.handle);
    const confirmed = { ...anEvent('orders.confirmed', { lines: [{ quantity: 2 }], note: null }), trace: '00-1-2-01' };
    const shipped = anEvent('orders.shipped');
    const { settled } = await bus.publish(confirmed);
    await bus.publish(shipped);
    await settled;
    await eventually(() => expect(mail.seen).toEqual([confirmed, shipped]));
    await eventually(() => expect(stock.seen).toEqual([confirmed]));
  });

  test('an event that nobody consumes is published and gone', async () => {
    const { settled } = await bus.publish(anEvent('nobody.cares'));
    await settled;
    expect(await bus.depths()).toEqual({ 'a.mail': 0, 'a.mail.dead': 0, 'b.stock': 0, 'b.stock.dead': 0, retry: 0 });
  });

  test('what is published before a consumer starts waits for it, in order', async () => {
    const events = Array.from({ length: 30 }, () => anEvent('orders.shipped'));
    for (const event of events) await bus.publish(event);
    expect((await bus.depths())['a.mail']).toBe(30);
    const { seen, handle } = recorder();
    await bus.consume('a.mail', handle, { prefetch: 1 });
    await eventually(() => expect(seen.map(({ id }) => id)).toEqual(events.map(({ id }) => id)));
    await eventually(async () => expect((await bus.depths())['a.mail']).toBe(0));
  });

  test('declaring again changes nothing, and can add a queue or an event', async () => {
    await bus.declare(BINDINGS);
    await bus.declare([{ queue: 'b.stock', events: ['orders.cancelled'] }]);
    const { seen, handle } = recorder();
    await bus.consume('b.stock', handle);
    await bus.publish(anEvent('orders.cancelled'));
    await bus.publish(anEvent('orders.confirmed'));
    await eventually(() => expect(seen.map(({ name }) => name)).toEqual(['orders.cancelled', 'orders.confirmed']));
  });

  test('retry: again after a growing delay, then done, and only in the queue that failed', async () => {
    const times: number[] = [];
    const mail = recorder(async () => (times.push(performance.now()) < 3 ? 'retry' : 'done'));
    const stock = recorder();
    await bus.consume('a.mail', mail.handle);
    await bus.consume('b.stock', stock.handle);
    const event = anEvent('orders.confirmed');
    await bus.publish(event);
    await eventually(() => expect(mail.seen).toEqual([event, event, event]));
    const [first = 0, second = 0, third = 0] = times;
    expect(second - first).toBeGreaterThanOrEqual(25);
    expect(third - second).toBeGreaterThanOrEqual(85);
    expect(stock.seen).toHaveLength(1);
    expect(await bus.deadLetters()).toEqual([]);
  });

  test('a message that always fails is dead after the attempts, and the queue behind it goes on', async () => {
    const poison = anEvent('orders.shipped', { poison: true });
    const { seen, handle } = recorder(async (event) => (event.id === poison.id ? 'retry' : 'done'));
    await bus.consume('a.mail', handle, { prefetch: 1 });
    const { settled } = await bus.publish(poison);
    const others = Array.from({ length: 5 }, () => anEvent('orders.shipped'));
    for (const event of others) await bus.publish(event);
    await settled;
    const { id, name, aggregateId, time } = poison;
    const letter = { queue: 'a.mail', id, name, aggregateId, time, attempts: quickRetry.maxAttempts };
    await eventually(async () => expect(await bus.deadLetters()).toEqual([letter]));
    expect(seen.filter((event) => event.id === id)).toHaveLength(quickRetry.maxAttempts);
    expect(seen.filter((event) => event.id !== id)).toEqual(others);
    expect(seen.findIndex((event) => event.id === others[4]?.id)).toBeLessThan(
      seen.findLastIndex((event) => event.id === id),
    );
    await eventually(async () => expect(await bus.depths()).toMatchObject({ 'a.mail': 0, 'a.mail.dead': 1, retry: 0 }));
  });

  test('dead: to the dead letters at once, by verdict or by the kind of error thrown', async () => {
    const first = recorder(async () => 'dead');
    const second = recorder(async () => {
      throw new Fault('INVALID_REQUEST');
    });
    await bus.consume('a.mail', first.handle);
    await bus.consume('b.stock', second.handle);
    await bus.publish(anEvent('orders.confirmed'));
    await eventually(async () =>
      expect((await bus.deadLetters()).map(({ queue, attempts }) => ({ queue, attempts }))).toEqual([
        { queue: 'a.mail', attempts: 1 },
        { queue: 'b.stock', attempts: 1 },
      ]),
    );
    expect([first.seen.length, second.seen.length]).toEqual([1, 1]);
  });

  test('an unknown error is tried again', async () => {
    const { seen, handle } = recorder(async () => {
      if (seen.length === 1) throw new TypeError('a bug');
      return 'done';
    });
    await bus.consume('a.mail', handle);
    await bus.publish(anEvent('orders.shipped'));
    await eventually(() => expect(seen).toHaveLength(2));
    expect(await bus.deadLetters()).toEqual([]);
  });

  test('dead letters are listed up to a limit, stay when listed, and go back to their queue as if new', async () => {
    const { seen, handle } = recorder(async () => 'dead');
    const failing = await bus.consume('a.mail', handle);
    const events = Array.from({ length: 5 }, () => anEvent('orders.shipped'));
    for (const event of events) await bus.publish(event);
    await eventually(async () => expect((await bus.depths())['a.mail.dead']).toBe(5));
    expect(seen).toHaveLength(5);
    await failing.close();
    expect(await bus.deadLetters(2)).toHaveLength(2);
    await eventually(async () =>
      expect((await bus.deadLetters()).map(({ id }) => id).sort()).toEqual(events.map(({ id }) => id).sort()),
    );

    const mended = recorder();
    await bus.consume('a.mail', mended.handle);
    await eventually(async () => expect((await bus.depths())['a.mail.dead']).toBe(5)); // listed ones are back in their place
    expect(await bus.replayDeadLetters('a.mail')).toBe(5);
    await eventually(() => expect(mended.seen.map(({ id }) => id).sort()).toEqual(events.map(({ id }) => id).sort()));
    expect(await bus.deadLetters()).toEqual([]);
    expect(await bus.replayDeadLetters('a.mail')).toBe(0);
  });

  test('a replayed message has all its attempts again', async () => {
    const { seen, handle } = recorder(async () => 'retry');
    await bus.consume('a.mail', handle);
    await bus.publish(anEvent('orders.shipped'));
    await eventually(async () => expect(await bus.deadLetters()).toHaveLength(1));
    await eventually(async () => expect(await bus.replayDeadLetters('a.mail')).toBe(1));
    await eventually(() => expect(seen).toHaveLength(2 * quickRetry.maxAttempts));
    await eventually(async () => expect(await bus.deadLetters()).toMatchObject([{ attempts: quickRetry.maxAttempts }]));
  });

  test('an unknown queue is refused', async () => {
    await expect(bus.consume('no.such', async () => 'done')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(bus.replayDeadLetters('no.such')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('at most `prefetch` messages are handled at a time, and that many are', async () => {
    let running = 0;
    let most = 0;
    const release: (() => void)[] = [];
    await bus.consume(
      'a.mail',
      async () => {
        most = Math.max(most, (running += 1));
        await new Promise<void>((resolve) => release.push(resolve));
        running -= 1;
        return 'done';
      },
      { prefetch: 3 },
    );
    for (let n = 0; n < 9; n += 1) await bus.publish(anEvent('orders.shipped'));
    for (let done = 0; done < 9; done += 3) {
      await eventually(() => expect(running).toBe(3));
      for (const go of release.splice(0)) go();
      await eventually(() => expect(release.length).toBe(done < 6 ? 3 : 0));
    }
    expect(most).toBe(3);
  });

  test('two consumers of a queue share its messages', async () => {
    const one = recorder();
    const two = recorder();
    await bus.consume('a.mail', one.handle, { prefetch: 1 });
    await bus.consume('a.mail', two.handle, { prefetch: 1 });
    const events = Array.from({ length: 20 }, () => anEvent('orders.shipped'));
    await Promise.all(events.map((event) => bus.publish(event)));
    await eventually(() => expect(one.seen.length + two.seen.length).toBe(20));
    expect(new Set([...one.seen, ...two.seen].map(({ id }) => id)).size).toBe(20);
  });

  test('closing a consumer waits for its handlers and leaves the rest in the queue', async () => {
    let finish = (): void => undefined;
    const { seen, handle } = recorder(async () => {
      await new Promise<void>((resolve) => (finish = resolve));
      return 'done';
    });
    const consumer = await bus.consume('a.mail', handle, { prefetch: 1 });
    const events = [anEvent('orders.shipped'), anEvent('orders.shipped')];
    for (const event of events) await bus.publish(event);
    await eventually(() => expect(seen).toHaveLength(1));
    let closed = false;
    const closing = consumer.close().then(() => (closed = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(closed).toBe(false);
    finish();
    await closing;
    const next = recorder();
    await bus.consume('a.mail', next.handle);
    await eventually(() => expect(next.seen.map(({ id }) => id)).toEqual([events[1]?.id]));
    expect(seen).toHaveLength(1);
  });

  test('closing the bus waits for handlers; afterwards nothing is published and it is not healthy', async () => {
    let done = false;
    let begun = false;
    await bus.consume('a.mail', async () => {
      begun = true;
      await new Promise((resolve) => setTimeout(resolve, 100));
      done = true;
      return 'done';
    });
    expect(bus.healthy()).toBe(true);
    await bus.publish(anEvent('orders.shipped'));
    await eventually(() => expect(begun).toBe(true));
    await bus.close();
    expect(done).toBe(true);
    expect(bus.healthy()).toBe(false);
    await expect(bus.publish(anEvent('orders.shipped'))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});
