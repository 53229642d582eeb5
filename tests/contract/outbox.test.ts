/** Outbox, relay and inbox on a real database: nothing lost, nothing applied twice, in order for each aggregate. */
import { randomBytes, randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { z } from 'zod';
import type { Bus, EventEnvelope, MessageHandler } from '../../platform/bus/bus';
import { defineEvent } from '../../platform/bus/event';
import { createMemoryBus } from '../../platform/bus/memory';
import { readConfig } from '../../platform/config';
import { Database } from '../../platform/db/database';
import { asRequest } from '../../platform/db/statement-scope';
import { createDatabase, dropDatabase, migrate } from '../../platform/db/prepare';
import { Fault } from '../../platform/errors';
import {
  addToOutbox,
  CreateMessaging1700000000000,
  defineConsumer,
  MESSAGING_ENTITIES,
  pruneMessages,
  startRelay,
  type Relay,
} from '../../platform/outbox';
import { anEvent, openRabbit, quickRetry, silent } from '../support/buses';
import { eventually } from '../support/eventually';

const server = new URL(readConfig().databaseUrl ?? 'postgres://postgres@127.0.0.1:5432');
server.pathname = `/souk_test_outbox_${randomBytes(4).toString('hex')}`;
const url = server.toString();
const counted = defineEvent({
  name: 'test.counted',
  version: 2,
  payload: z.object({ n: z.number().int() }),
  previous: { version: 1, payload: z.object({ count: z.string() }), upgrade: ({ count }) => ({ n: Number(count) }) },
});
let db: Database;
let bus: Bus;
const relays: Relay[] = [];

beforeAll(async () => {
  await createDatabase(url);
  await migrate(url, [CreateMessaging1700000000000]);
  db = await Database.connect({
    subgraph: 'test',
    url,
    entities: MESSAGING_ENTITIES,
    migrations: [CreateMessaging1700000000000],
  });
  await db.rows('CREATE TABLE applied (n integer)');
});
afterAll(async () => {
  await db.close();
  await dropDatabase(url);
});
beforeEach(() => openBus());
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.close()));
  await bus.close();
  await db.rows('TRUNCATE outbox, inbox, applied');
});

async function openBus(): Promise<void> {
  bus = createMemoryBus({ log: silent, retry: quickRetry });
  await bus.declare([{ queue: 'test.numbers', events: ['test.counted'] }]);
}

/** A relay whose sweeps are too rare to matter, unless asked otherwise. */
function relay(over: Bus = bus, sweepMs = 60_000): Relay {
  const started = startRelay({ db, url, bus: over, log: silent, sweepMs });
  relays.push(started);
  return started;
}

function add(n: number, aggregateId: string = randomUUID()): Promise<string> {
  return db.transaction((tx) =>
    addToOutbox(tx, counted, { aggregateId, aggregateVersion: n, payload: { n }, cause: 'test' }),
  );
}

async function unpublished(): Promise<number> {
  return (await db.rows('SELECT 1 FROM outbox WHERE published_at IS NULL')).length;
}

function collect(): { seen: EventEnvelope[]; handle: MessageHandler } {
  const seen: EventEnvelope[] = [];
  return { seen, handle: async (event) => (seen.push(event), 'done') };
}

/** The bus with another way to publish. */
function busWith(publish: Bus['publish'], healthy: () => boolean = () => true): Bus {
  return {
    publish,
    healthy,
    declare: (bindings) => bus.declare(bindings),
    consume: (...args) => bus.consume(...args),
    deadLetters: () => bus.deadLetters(),
    replayDeadLetters: (queue) => bus.replayDeadLetters(queue),
    depths: () => bus.depths(),
    close: () => bus.close(),
  };
}

const numbers = defineConsumer({
  queue: 'test.numbers',
  events: [counted],
  async apply(tx, event) {
    await tx.query('INSERT INTO applied (n) VALUES ($1)', [event.payload.n]);
  },
});

async function applied(): Promise<number[]> {
  return (await db.rows<{ n: number }>('SELECT n FROM applied ORDER BY n')).map(({ n }) => n);
}

describe('outbox', () => {
  test('an event leaves whole, after its commit, woken by the database and not by a sweep', async () => {
    const { seen, handle } = collect();
    await bus.consume('test.numbers', handle);
    relay();
    await add(0);
    await eventually(() => expect(seen).toHaveLength(1)); // from here on the relay listens
    const aggregateId = randomUUID();
    const time = new Date('2026-01-02T03:04:05.678Z');
    const began = performance.now();
    const id = await db.transaction((tx) =>
      addToOutbox(tx, counted, { aggregateId, aggregateVersion: 7, payload: { n: 1 }, cause: 'r1', trace: 't1', time }),
    );
    await eventually(() => expect(seen).toHaveLength(2));
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(seen[1]).toEqual({
      id,
      name: 'test.counted',
      version: 2,
      aggregateId,
      aggregateVersion: 7,
      time: time.toISOString(),
      cause: 'r1',
      trace: 't1',
      payload: { n: 1 },
    });
    await eventually(async () => expect(await unpublished()).toBe(0));
  });

  test('what is rolled back is never published; what is not declared is never written', async () => {
    const { seen, handle } = collect();
    await bus.consume('test.numbers', handle);
    relay();
    const undone = db.transaction(async (tx) => {
      await addToOutbox(tx, counted, { aggregateId: 'a', aggregateVersion: 1, payload: { n: 1 }, cause: 'test' });
      throw new Error('changed my mind');
    });
    await expect(undone).rejects.toThrow('changed my mind');
    const excess = { n: 2, email: 'ada@souk.example' };
    await db.transaction((tx) =>
      addToOutbox(tx, counted, { aggregateId: 'a', aggregateVersion: 2, payload: excess, cause: 'test' }),
    );
    await eventually(() => expect(seen.map(({ payload }) => payload)).toEqual([{ n: 2 }]));
  });

  test('outside a transaction, and with a payload that does not fit, nothing is written', async () => {
    const event = { aggregateId: 'a', aggregateVersion: 1, payload: { n: 1 }, cause: 'test' };
    await expect(addToOutbox(db.manager, counted, event)).rejects.toThrow('transaction');
    await expect(db.transaction((tx) => addToOutbox(tx, counted, { ...event, payload: { n: 1.5 } }))).rejects.toThrow();
    expect(await db.rows('SELECT 1 FROM outbox')).toEqual([]);
  });

  test('what a crash left behind leaves at the next start, each aggregate in its order', async () => {
    const aggregates = Array.from({ length: 20 }, () => randomUUID());
    for (let n = 1; n <= 15; n += 1) await Promise.all(aggregates.map((id) => add(n, id)));
    const { seen, handle } = collect();
    await bus.consume('test.numbers', handle, { prefetch: 1 });
    relay();
    await eventually(() => expect(seen).toHaveLength(300), 10_000);
    for (const id of aggregates) {
      const order = seen
        .filter(({ aggregateId }) => aggregateId === id)
        .map(({ aggregateVersion }) => aggregateVersion);
      expect(order).toEqual(Array.from({ length: 15 }, (_, index) => index + 1));
    }
    await eventually(async () => expect(await unpublished()).toBe(0));
  });

  test('an event committed late, with an early position, is not passed over', async () => {
    const { seen, handle } = collect();
    await bus.consume('test.numbers', handle);
    relay();
    let commit = (): void => undefined;
    const early = db.transaction(async (tx) => {
      await addToOutbox(tx, counted, { aggregateId: 'early', aggregateVersion: 1, payload: { n: 1 }, cause: 'test' });
      await new Promise<void>((resolve) => (commit = resolve));
    });
    await add(2);
    await eventually(() => expect(seen).toHaveLength(1));
    commit();
    await early;
    await eventually(() => expect(seen.map(({ aggregateVersion }) => aggregateVersion)).toEqual([2, 1]));
  });

  test('an event that the bus refuses holds up its aggregate, in order, and no other', async () => {
    const { seen, handle } = collect();
    await bus.consume('test.numbers', handle);
    let refuse = true;
    relay(
      busWith((event) => {
        if (refuse && event.aggregateId === 'stuck') throw new Fault('SERVICE_UNAVAILABLE');
        return bus.publish(event);
      }),
    );
    await add(1, 'stuck');
    await add(2, 'stuck');
    for (let n = 1; n <= 5; n += 1) await add(n, 'free');
    await eventually(() => expect(seen.map(({ aggregateId }) => aggregateId)).toEqual(Array(5).fill('free')));
    expect(await unpublished()).toBeGreaterThanOrEqual(2);
    refuse = false;
    await eventually(() => expect(seen.slice(5).map(({ aggregateVersion }) => aggregateVersion)).toEqual([1, 2]));
    await eventually(async () => expect(await unpublished()).toBe(0));
  });

  test('the bus is down: events wait, and leave in order when it is back', async () => {
    const { seen, handle } = collect();
    await bus.consume('test.numbers', handle);
    let up = false;
    let attempts = 0;
    relay(
      busWith(
        (event) => {
          attempts += 1;
          if (!up) throw new Fault('SERVICE_UNAVAILABLE');
          return bus.publish(event);
        },
        () => up,
      ),
    );
    for (let n = 1; n <= 10; n += 1) await add(n, 'one');
    expect([seen.length, attempts, await unpublished()]).toEqual([0, 0, 10]);
    up = true;
    await eventually(() =>
      expect(seen.map(({ aggregateVersion }) => aggregateVersion)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    );
  });

  test('one relay of a database is active; another takes over when it ends or its connection dies', async () => {
    const { seen, handle } = collect();
    await bus.consume('test.numbers', handle);
    const active: string[] = [];
    const named = (name: string): Bus => busWith((event) => (active.push(name), bus.publish(event)));
    const first = relay(named('first'), 50);
    await add(1);
    await eventually(() => expect(seen).toHaveLength(1));
    relay(named('second'), 50);
    for (let n = 2; n <= 10; n += 1) await add(n);
    await eventually(() => expect(seen).toHaveLength(10));
    expect(new Set(active)).toEqual(new Set(['first']));
    await first.close();
    await add(11);
    await eventually(() => expect(active).toEqual([...Array<string>(10).fill('first'), 'second']));

    const admin = new Client({ connectionString: url });
    await admin.connect();
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'souk-outbox-relay'`,
    );
    await admin.end();
    await add(12);
    await eventually(() => expect(active).toHaveLength(12)); // the same relay with a new connection
  });

  test('in one process: a crash before everything is handled sends the event again, and the inbox drops what was applied', async () => {
    await bus.declare([{ queue: 'test.slow', events: ['test.counted'] }]);
    await bus.consume('test.numbers', numbers.handler({ db }));
    await bus.consume('test.slow', async () => 'retry'); // never gets there
    const before = relay();
    await add(1);
    await eventually(async () => expect(await applied()).toEqual([1]));
    const closing = bus.close(); // the process ends: no queue but the first has had the event
    await before.close();
    await closing;
    expect(await unpublished()).toBe(1);

    await openBus();
    await bus.declare([{ queue: 'test.slow', events: ['test.counted'] }]);
    const slow = collect();
    await bus.consume('test.numbers', numbers.handler({ db }));
    await bus.consume('test.slow', slow.handle);
    relay();
    await eventually(() => expect(slow.seen).toHaveLength(1));
    await eventually(async () => expect(await unpublished()).toBe(0));
    expect(await applied()).toEqual([1]);
  });

  test('over RabbitMQ: a crash between publishing and marking sends the event again, and it is applied once', async () => {
    const { bus: rabbit, dispose } = await openRabbit([{ queue: 'test.numbers', events: ['test.counted'] }]);
    try {
      let deliveries = 0;
      await rabbit.consume('test.numbers', (event) => {
        deliveries += 1;
        return numbers.handler({ db })(event);
      });
      // A relay that dies in between: the broker has the event, and the outbox does not know.
      const dying = relay(
        busWith(async (event) => (await rabbit.publish(event), { settled: new Promise(() => undefined) })),
      );
      await add(1);
      await eventually(async () => expect(await applied()).toEqual([1]));
      expect(await unpublished()).toBe(1);
      await dying.close();

      relay(rabbit);
      await add(2);
      await eventually(async () => expect([await applied(), await unpublished()]).toEqual([[1, 2], 0]));
      await eventually(() => expect(deliveries).toBe(3));
      expect(await rabbit.deadLetters()).toEqual([]);
    } finally {
      await Promise.all(relays.splice(0).map((each) => each.close()));
      await dispose();
    }
  });

  test('in one process: messages in backoff hold up neither other aggregates nor their own', async () => {
    const seen: number[] = [];
    await bus.consume('test.numbers', async ({ aggregateVersion }) => {
      seen.push(aggregateVersion);
      return aggregateVersion === 1 ? 'retry' : 'done';
    });
    relay();
    await add(1, 'one');
    await eventually(() => expect(seen).toContain(1));
    await add(2, 'one');
    await add(3, 'two');
    await eventually(() => expect(seen).toEqual(expect.arrayContaining([2, 3])));
    await eventually(async () => expect(await unpublished()).toBe(0)); // the dead one too
    expect(seen.filter((n) => n !== 1)).toEqual([2, 3]);
    expect(await bus.deadLetters()).toHaveLength(1);
  });
});

describe('inbox', () => {
  test('an event is applied once, however often and however concurrently it comes', async () => {
    const handle = numbers.handler({ db });
    const event = { ...anEvent('test.counted', { n: 5 }), version: 2 };
    const verdicts = await Promise.all(Array.from({ length: 8 }, () => handle(event)));
    expect(new Set(verdicts)).toEqual(new Set(['done']));
    expect(await handle(event)).toBe('done');
    expect(await applied()).toEqual([5]);
  });

  test('two queues each apply it', async () => {
    const other = defineConsumer({
      queue: 'test.other',
      events: [counted],
      async apply(tx, { payload }) {
        await tx.query('INSERT INTO applied (n) VALUES ($1)', [payload.n * 10]);
      },
    });
    const event = { ...anEvent('test.counted', { n: 5 }), version: 2 };
    await numbers.handler({ db })(event);
    await other.handler({ db })(event);
    expect(await applied()).toEqual([5, 50]);
  });

  test('what fails is undone with its note, and can be applied later', async () => {
    let fail = true;
    const fragile = defineConsumer({
      queue: 'test.fragile',
      events: [counted],
      async apply(tx, { payload }) {
        await tx.query('INSERT INTO applied (n) VALUES ($1)', [payload.n]);
        if (fail) throw new Fault('SERVICE_UNAVAILABLE');
      },
    });
    const event = { ...anEvent('test.counted', { n: 6 }), version: 2 };
    await expect(fragile.handler({ db })(event)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect([await applied(), await db.rows('SELECT 1 FROM inbox')]).toEqual([[], []]);
    fail = false;
    await fragile.handler({ db })(event);
    expect(await applied()).toEqual([6]);
  });

  test('the version before is upgraded; older ones and other shapes are dead; newer ones wait for a newer process', async () => {
    const handle = numbers.handler({ db });
    await handle({ ...anEvent('test.counted', { count: '7' }), version: 1 });
    expect(await applied()).toEqual([7]);
    const dead = { code: 'INVALID_REQUEST' };
    await expect(handle({ ...anEvent('test.counted', { n: 'x' }), version: 2 })).rejects.toMatchObject(dead);
    await expect(handle({ ...anEvent('test.counted', { n: 1 }), version: 0 })).rejects.toMatchObject(dead);
    await expect(handle(anEvent('test.unknown'))).rejects.toMatchObject(dead);
    const later = { code: 'SERVICE_UNAVAILABLE' };
    await expect(handle({ ...anEvent('test.counted', { n: 1 }), version: 3 })).rejects.toMatchObject(later);
    expect(await applied()).toEqual([7]);
  });

  test('its statements count as background, also when a request sets them off', async () => {
    const { register } = await import('prom-client');
    const count = async (source: string): Promise<number> => {
      const metric = await register.getSingleMetric('souk_db_statements_total')?.get();
      return (
        metric?.values.find(({ labels }) => labels['subgraph'] === 'test' && labels['source'] === source)?.value ?? 0
      );
    };
    const [request, background] = [await count('request'), await count('background')];
    await asRequest(() => numbers.handler({ db })({ ...anEvent('test.counted', { n: 8 }), version: 2 }));
    expect(await count('request')).toBe(request);
    expect(await count('background')).toBe(background + 2);
  });
});

describe('housekeeping', () => {
  test('prunes what is old and done, and nothing else', async () => {
    for (const n of [1, 2, 3]) await add(n);
    await db.rows(`UPDATE outbox SET occurred_at = now() - interval '40 days'`);
    await db.rows(`UPDATE outbox SET published_at = now() - interval '20 days' WHERE aggregate_version = 1`);
    await db.rows(`UPDATE outbox SET published_at = now() - interval '10 days' WHERE aggregate_version = 2`);
    await db.rows(
      `INSERT INTO inbox (queue, event_id, received_at)
       SELECT 'q', gen_random_uuid(), now() - make_interval(days => d) FROM generate_series(13, 16) d`,
    );
    await pruneMessages(db);
    const left = await db.rows<{ v: number }>('SELECT aggregate_version AS v FROM outbox ORDER BY 1');
    expect(left.map(({ v }) => v)).toEqual([2, 3]);
    expect(await db.rows('SELECT 1 FROM inbox')).toHaveLength(1);
    await pruneMessages(db, 9);
    expect(await db.rows('SELECT 1 FROM outbox')).toHaveLength(1); // unpublished, however old
  });

  test('the migration can be taken back and applied again', async () => {
    const other = new URL(url);
    other.pathname += '_back';
    await createDatabase(other.toString());
    try {
      await migrate(other.toString(), [CreateMessaging1700000000000]);
      expect(await migrate(other.toString(), [CreateMessaging1700000000000], 'down')).toHaveLength(1);
      expect(await migrate(other.toString(), [CreateMessaging1700000000000])).toHaveLength(1);
    } finally {
      await dropDatabase(other.toString());
    }
  });
});
