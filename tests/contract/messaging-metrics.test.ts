/** What an operator sees of messaging: queues, dead letters and outboxes as metrics. */
import type { Bus } from '../../platform/bus/bus';
import { registerBusMetrics } from '../../platform/bus/bus-metrics';
import { createRabbitBus } from '../../platform/bus/rabbit';
import { Fault } from '../../platform/errors';
import { metricsText } from '../../platform/metrics';
import { addToOutbox, registerOutboxMetrics } from '../../platform/outbox';
import { catalog } from '../../subgraphs/catalog';
import { productChanged } from '../../subgraphs/catalog/messages';
import { anEvent, busAdapters, newNamespace, silent, type BusUnderTest } from '../support/buses';
import { eventually } from '../support/eventually';
import { startSubgraph, type SubgraphUnderTest } from '../support/subgraph';

/** The samples of a metric, in the order of their labels. */
async function samples(name: string): Promise<string[]> {
  return (await metricsText())
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .map((line) => line.slice(name.length))
    .sort();
}

const BINDINGS = [
  { queue: 'a.mail', events: ['orders.confirmed'] },
  { queue: 'b.stock', events: ['orders.confirmed', 'orders.shipped'] },
];

describe.each(busAdapters)('queues: $name', ({ open }) => {
  let opened: BusUnderTest;
  beforeEach(async () => {
    opened = await open(BINDINGS);
  });
  afterEach(() => opened.dispose());

  test('every declared queue is shown, with what waits, what is in backoff and what is dead', async () => {
    const { bus } = opened;
    registerBusMetrics(bus, 0);
    expect(await samples('souk_dead_letters')).toEqual(['{queue="a.mail"} 0', '{queue="b.stock"} 0']);
    expect(await samples('souk_queue_messages')).toEqual([
      '{queue="a.mail"} 0',
      '{queue="b.stock"} 0',
      '{queue="retry"} 0',
    ]);
    const failing = await bus.consume('a.mail', async () => 'dead');
    for (let n = 0; n < 2; n += 1) await bus.publish(anEvent('orders.confirmed'));
    await bus.publish(anEvent('orders.shipped'));
    await eventually(async () =>
      expect(await samples('souk_dead_letters')).toEqual(['{queue="a.mail"} 2', '{queue="b.stock"} 0']),
    );
    await eventually(async () => expect(await samples('souk_queue_messages')).toContain('{queue="b.stock"} 3'));
    await failing.close();
    await bus.replayDeadLetters('a.mail');
    await eventually(async () => {
      expect(await samples('souk_dead_letters')).toEqual(['{queue="a.mail"} 0', '{queue="b.stock"} 0']);
      expect(await samples('souk_queue_messages')).toContain('{queue="a.mail"} 2');
    });
  });
});

describe('a broker that is asked', () => {
  const asked = (answer: () => Promise<Record<string, number>>): { bus: Pick<Bus, 'depths'>; times: () => number } => {
    const depths = jest.fn(answer);
    return { bus: { depths }, times: () => depths.mock.calls.length };
  };

  test('is asked once, by whatever reads, until the time is over', async () => {
    const { bus, times } = asked(async () => ({ q: 1, 'q.dead': 2, retry: 0 }));
    registerBusMetrics(bus);
    await Promise.all([metricsText(), metricsText()]);
    expect(await samples('souk_dead_letters')).toEqual(['{queue="q"} 2']);
    expect(times()).toBe(1);
    registerBusMetrics(bus, 0);
    await metricsText();
    const before = times();
    await metricsText();
    expect(times()).toBeGreaterThan(before);
  });

  test('and fails leaves the other metrics alone, and shows nothing that is out of date', async () => {
    let up = true;
    const { bus } = asked(async () => {
      if (!up) throw new Fault('SERVICE_UNAVAILABLE');
      return { q: 1, 'q.dead': 2, retry: 0 };
    });
    registerBusMetrics(bus, 0);
    expect(await samples('souk_dead_letters')).toEqual(['{queue="q"} 2']);
    up = false;
    expect(await samples('souk_dead_letters')).toEqual([]);
    expect(await metricsText()).toContain('# TYPE souk_dead_letters gauge');
    up = true;
    expect(await samples('souk_dead_letters')).toEqual(['{queue="q"} 2']);
  });

  test('and is not there keeps nobody waiting', async () => {
    const bus = createRabbitBus({ url: 'amqp://guest:guest@127.0.0.1:1', namespace: newNamespace(), log: silent });
    try {
      registerBusMetrics(bus);
      const began = performance.now();
      expect(await samples('souk_queue_messages')).toEqual([]);
      expect(performance.now() - began).toBeLessThan(1_000);
    } finally {
      await bus.close();
    }
  });
});

describe('outboxes', () => {
  let shop: SubgraphUnderTest;
  beforeAll(async () => {
    shop = await startSubgraph(catalog);
  });
  afterAll(() => shop.stop());
  const age = async (): Promise<number> => Number((await samples('souk_outbox_oldest_seconds'))[0]?.split(' ')[1]);

  test('what is not published is counted, with the age of the oldest; a database that is down shows none', async () => {
    const { db } = shop.services;
    registerOutboxMetrics([shop.services], 0);
    expect(await samples('souk_outbox_unpublished')).toEqual(['{subgraph="catalog"} 0']);
    expect(await age()).toBe(0);
    for (const minutes of [5, 1]) {
      const time = new Date(Date.now() - minutes * 60_000);
      const event = { aggregateId: 'a', aggregateVersion: 1, cause: 'test', time };
      const payload = { productId: '00000000-0000-4000-8000-000000000000', variantIds: [] };
      await db.transaction((tx) => addToOutbox(tx, productChanged, { ...event, payload }));
    }
    expect(await samples('souk_outbox_unpublished')).toEqual(['{subgraph="catalog"} 2']);
    expect(await age()).toBeGreaterThanOrEqual(299);
    expect(await age()).toBeLessThan(330);
    await db.rows('UPDATE outbox SET published_at = now() WHERE occurred_at < now() - interval $$2 minutes$$');
    expect(await samples('souk_outbox_unpublished')).toEqual(['{subgraph="catalog"} 1']);
    expect(await age()).toBeLessThan(90);
    await db.rows('ALTER TABLE outbox RENAME TO away');
    expect(await samples('souk_outbox_unpublished')).toEqual([]);
    expect(await metricsText()).toContain('# TYPE souk_outbox_unpublished gauge');
    await db.rows('ALTER TABLE away RENAME TO outbox');
    expect(await samples('souk_outbox_unpublished')).toEqual(['{subgraph="catalog"} 1']);
  });
});
