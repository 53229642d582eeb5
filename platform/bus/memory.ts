/**
 * The bus inside one process. Same semantics as the broker, but it stores nothing: what waits here when the process ends is
 * gone. Nothing is lost all the same, because the outbox keeps every event until its receipt settles, which is when each queue
 * has handled it or given it up; after a crash the relay sends it again, and the inbox of the queues that had it drops it.
 * Only dead letters end with the process: their events are still in the outbox until it is pruned, and in the log.
 */
import { Fault } from '../errors';
import type { Log } from '../log';
import type { Bus, DeadLetter, EventEnvelope, MessageHandler, QueueBinding, Receipt } from './bus';
import { DEFAULT_RETRY, type RetryPolicy } from './retry';
import { MemoryQueue } from './memory-queue';

/** Settings of the memory bus. */
export interface MemoryBusOptions {
  log: Log;
  /** Default {@link DEFAULT_RETRY}; its delivery limit has no meaning here, since a consumer dies with the bus. */
  retry?: RetryPolicy;
}

/** Makes a bus for one process. */
export function createMemoryBus(options: MemoryBusOptions): Bus {
  return new MemoryBus(options.log, options.retry ?? DEFAULT_RETRY);
}

class MemoryBus implements Bus {
  private readonly queues = new Map<string, MemoryQueue>();
  private readonly routes = new Map<string, Set<MemoryQueue>>();
  private closed = false;

  constructor(
    private readonly log: Log,
    private readonly retry: RetryPolicy,
  ) {}

  async declare(bindings: readonly QueueBinding[]): Promise<void> {
    for (const { queue: name, events } of bindings) {
      const queue = this.queues.get(name) ?? new MemoryQueue(name, this.retry, this.log);
      this.queues.set(name, queue);
      for (const event of events) this.routes.set(event, (this.routes.get(event) ?? new Set()).add(queue));
    }
  }

  async publish(event: EventEnvelope): Promise<Receipt> {
    if (this.closed) throw new Fault('SERVICE_UNAVAILABLE');
    // Each queue gets its own copy, through JSON, so that nothing works here which a broker would not carry.
    const wire = JSON.stringify(event);
    const queues = [...(this.routes.get(event.name) ?? [])];
    const settled = Promise.all(queues.map((queue) => queue.add(parse(wire)))).then(() => undefined);
    settled.catch(() => undefined); // nobody has to look at the receipt
    return { settled };
  }

  async consume(
    queue: string,
    handle: MessageHandler,
    options?: { prefetch?: number },
  ): Promise<{ close(): Promise<void> }> {
    return this.queue(queue).consume(handle, options?.prefetch ?? 10);
  }

  async deadLetters(limit = 100): Promise<DeadLetter[]> {
    return [...this.queues.values()].flatMap((queue) => queue.deadLetters(limit));
  }

  async replayDeadLetters(queue: string): Promise<number> {
    return this.queue(queue).replay();
  }

  async depths(): Promise<Record<string, number>> {
    const depths: Record<string, number> = { retry: 0 };
    for (const queue of this.queues.values()) {
      const { waiting, dead, retrying } = queue.depths();
      depths[queue.name] = waiting;
      depths[`${queue.name}.dead`] = dead;
      depths['retry'] = (depths['retry'] ?? 0) + retrying;
    }
    return depths;
  }

  healthy(): boolean {
    return !this.closed;
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
  }

  private queue(name: string): MemoryQueue {
    const queue = this.queues.get(name);
    if (!queue) throw new Fault('NOT_FOUND', 'No such queue.');
    return queue;
  }
}

function parse(wire: string): EventEnvelope {
  return JSON.parse(wire) as EventEnvelope; // the text was made of an EventEnvelope two lines above
}
