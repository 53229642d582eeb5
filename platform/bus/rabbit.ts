/** The bus over RabbitMQ: durable quorum queues, confirmed publishing, retries through the broker. See topology.ts for the names. */
import { Connection, type Channel } from 'rabbitmq-client';
import { Fault } from '../errors';
import type { Log } from '../log';
import type { Bus, DeadLetter, EventEnvelope, MessageHandler, QueueBinding, Receipt } from './bus';
import { consumeQueue } from './rabbit-consumer';
import { countMessages, listDeadLetters, replayDeadLetters } from './rabbit-dead-letters';
import { RabbitSender, within } from './rabbit-sender';
import { DEFAULT_RETRY, type RetryPolicy } from './retry';
import { Topology } from './topology';

/** Settings of the RabbitMQ bus. */
export interface RabbitBusOptions {
  /** `amqp://user:password@host:port/vhost`. */
  url: string;
  /** Prefix of everything it makes in the broker. */
  namespace: string;
  log: Log;
  /** Default {@link DEFAULT_RETRY}. */
  retry?: RetryPolicy;
}

/** Milliseconds after which an answer of the broker is no longer waited for. */
const PATIENCE_MS = 4_000;
/** Milliseconds for a listing of dead letters, which takes a round trip for each. */
const LISTING_MS = 30_000;

/** Makes a bus and starts to connect; never throws because the broker is down. Reconnects by itself. */
export function createRabbitBus(options: RabbitBusOptions): Bus {
  return new RabbitBus(options);
}

class RabbitBus implements Bus {
  private readonly connection: Connection;
  private readonly sender: RabbitSender;
  private readonly topology: Topology;
  private readonly policy: RetryPolicy;
  private readonly log: Log;
  private readonly bindings = new Map<string, Set<string>>();
  private readonly routed = new Set<string>();
  private readonly consumers = new Set<{ close(): Promise<void> }>();
  /** Whether what was declared exists, as far as this connection knows; undefined: make it before sending. */
  private declared?: Promise<void>;

  constructor(options: RabbitBusOptions) {
    this.log = options.log;
    this.policy = options.retry ?? DEFAULT_RETRY;
    this.topology = new Topology(options.namespace, this.policy);
    this.connection = new Connection({
      url: options.url,
      connectionName: options.namespace,
      acquireTimeout: PATIENCE_MS,
      connectionTimeout: PATIENCE_MS,
      heartbeat: 10,
      retryLow: 200,
      retryHigh: 3_000,
    });
    this.connection.on('error', (error) => {
      this.declared = undefined;
      this.log.warn({ err: error }, 'message broker: connection lost or refused, reconnecting');
    });
    this.connection.on('connection', () => {
      this.declared = undefined;
      this.log.info('message broker: connected');
      // The broker may have come back empty; consumers need their queues as much as senders do.
      void this.ensureDeclared().catch(() => undefined);
    });
    this.sender = new RabbitSender(this.connection, PATIENCE_MS);
  }

  async declare(bindings: readonly QueueBinding[]): Promise<void> {
    for (const { queue, events } of bindings) {
      const known = this.bindings.get(queue) ?? new Set();
      this.bindings.set(queue, known);
      for (const event of events) {
        known.add(event);
        this.routed.add(event);
      }
    }
    this.declared = undefined;
    try {
      await this.connection.onConnect(PATIENCE_MS, true);
      await this.ensureDeclared();
    } catch {
      this.log.warn('message broker: not reachable, queues will be declared when it is');
    }
  }

  async publish(event: EventEnvelope): Promise<Receipt> {
    this.assertReady();
    try {
      await within(PATIENCE_MS, this.declareAndSend(event));
    } catch (error) {
      this.declared = undefined;
      throw new Fault('SERVICE_UNAVAILABLE', 'The event could not be published.', undefined, { cause: error });
    }
    return { settled: Promise.resolve() };
  }

  private async declareAndSend(event: EventEnvelope): Promise<void> {
    await this.ensureDeclared();
    await this.sender.send(
      {
        exchange: this.topology.events,
        routingKey: event.name,
        messageId: event.id,
        durable: true,
        // Without a queue there is nothing to insist on. With one, a return means that the broker has lost it.
        mandatory: this.routed.has(event.name),
      },
      event,
    );
  }

  async consume(
    queue: string,
    handle: MessageHandler,
    options?: { prefetch?: number },
  ): Promise<{ close(): Promise<void> }> {
    this.assertDeclared(queue);
    const { connection, topology, sender, policy, log } = this;
    const consumer = consumeQueue(queue, handle, options?.prefetch ?? 10, {
      connection,
      topology,
      sender,
      policy,
      log,
    });
    this.consumers.add(consumer);
    return {
      close: async () => {
        this.consumers.delete(consumer);
        await consumer.close();
      },
    };
  }

  async deadLetters(limit = 100): Promise<DeadLetter[]> {
    return this.inspect(async (channel) => {
      const letters: DeadLetter[] = [];
      for (const queue of this.bindings.keys()) {
        letters.push(...(await listDeadLetters(channel, this.topology, this.policy, queue, limit)));
      }
      return letters;
    }, LISTING_MS);
  }

  async replayDeadLetters(queue: string): Promise<number> {
    this.assertDeclared(queue);
    // No time limit on the whole: there may be many. Each message has one.
    return this.inspect((channel) => replayDeadLetters(channel, this.topology, this.sender, queue), null);
  }

  async depths(): Promise<Record<string, number>> {
    return this.inspect((channel) => countMessages(channel, this.topology, [...this.bindings.keys()]));
  }

  healthy(): boolean {
    return this.connection.ready;
  }

  async close(): Promise<void> {
    await Promise.all([...this.consumers].map((consumer) => consumer.close()));
    this.consumers.clear();
    try {
      await within(
        PATIENCE_MS,
        this.sender.close().then(() => this.connection.close()),
      );
    } catch {
      this.connection.unsafeDestroy(); // a broker that does not answer must not hold up the end of the process
    }
  }

  private assertReady(): void {
    if (!this.connection.ready) throw new Fault('SERVICE_UNAVAILABLE', 'The message broker is not reachable.');
  }

  private assertDeclared(queue: string): void {
    if (!this.bindings.has(queue)) throw new Fault('NOT_FOUND', 'No such queue.');
  }

  /** Makes everything that was declared, once for each connection and after each doubt. */
  private ensureDeclared(): Promise<void> {
    this.declared ??= this.declareAll().catch((error: unknown) => {
      this.declared = undefined;
      this.log.warn({ err: error }, 'message broker: queues could not be declared');
      throw error;
    });
    return this.declared;
  }

  private async declareAll(): Promise<void> {
    await this.withChannel(async (channel) => {
      await this.topology.declareShared(channel);
      for (const [queue, events] of this.bindings) await this.topology.declareQueue(channel, queue, events);
    });
  }

  /** Work on a channel of its own; what was taken from a queue and not acknowledged goes back when it ends. */
  private async inspect<T>(work: (channel: Channel) => Promise<T>, limitMs: number | null = PATIENCE_MS): Promise<T> {
    this.assertReady();
    try {
      await this.ensureDeclared();
      return await (limitMs === null ? this.withChannel(work) : within(limitMs, this.withChannel(work)));
    } catch (error) {
      throw new Fault('SERVICE_UNAVAILABLE', undefined, undefined, { cause: error });
    }
  }

  private async withChannel<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = await this.connection.acquire();
    try {
      return await work(channel);
    } finally {
      await channel.close();
    }
  }
}
