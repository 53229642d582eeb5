/** Buses for the shared suite: every adapter, in a namespace of the test's own, with delays of milliseconds. */
import { randomBytes, randomUUID } from 'node:crypto';
import { pino } from 'pino';
import type { Bus, EventEnvelope, QueueBinding } from '../../platform/bus/bus';
import { dropRabbitNamespace } from '../../platform/bus/drop';
import { createMemoryBus } from '../../platform/bus/memory';
import { createRabbitBus } from '../../platform/bus/rabbit';
import { readConfig } from '../../platform/config';
import type { RetryPolicy } from '../../platform/bus/retry';

/** The broker of the tests. */
export const rabbitUrl = readConfig().rabbitUrl ?? 'amqp://guest:guest@127.0.0.1:5672';

/** Delays short enough to wait for, long enough to tell apart. */
export const quickRetry: RetryPolicy = { delaysMs: [30, 90], maxAttempts: 4, deliveryLimit: 3 };

/** A log nobody reads. */
export const silent = pino({ level: 'silent' });

/** A namespace nobody else uses. */
export function newNamespace(): string {
  return `t_${randomBytes(6).toString('hex')}`;
}

/** A bus with a clean-up that closes it and removes what it made. */
export interface BusUnderTest {
  bus: Bus;
  /** What the names in the broker begin with; empty where there is no broker. */
  namespace: string;
  dispose: () => Promise<void>;
}

/** Every adapter by name. */
export const busAdapters: { name: string; open: (bindings: readonly QueueBinding[]) => Promise<BusUnderTest> }[] = [
  {
    name: 'memory',
    open: async (bindings) => {
      const bus = createMemoryBus({ log: silent, retry: quickRetry });
      await bus.declare(bindings);
      return { bus, namespace: '', dispose: () => bus.close() };
    },
  },
  { name: 'rabbit', open: openRabbit },
];

/** A RabbitMQ bus, directly or through a proxy given by its URL. */
export async function openRabbit(bindings: readonly QueueBinding[], url = rabbitUrl): Promise<BusUnderTest> {
  const namespace = newNamespace();
  const bus = createRabbitBus({ url, namespace, log: silent, retry: quickRetry });
  await bus.declare(bindings);
  const dispose = async (): Promise<void> => {
    await bus.close();
    await dropRabbitNamespace(rabbitUrl, namespace, bindings, quickRetry);
  };
  return { bus, namespace, dispose };
}

/** An event as the relay would send it. */
export function anEvent(name: string, payload: object = {}, aggregateId: string = randomUUID()): EventEnvelope {
  return {
    id: randomUUID(),
    name,
    version: 1,
    aggregateId,
    aggregateVersion: 1,
    time: new Date().toISOString(),
    cause: 'test',
    payload,
  };
}
