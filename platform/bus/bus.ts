/** The message bus as the rest of the program sees it. Two adapters: memory.ts and rabbit.ts, one conformance suite. */
import type { BrokerVerdict } from '../errors';

/** An event on its way: ids only, never personal data. */
export interface EventEnvelope {
  /** uuid of the event; consumers drop what they have seen. */
  id: string;
  /** Routing key: `<subgraph>.<event>`, e.g. `orders.orderConfirmed`. */
  name: string;
  version: number;
  aggregateId: string;
  /** Order is not promised across retries: this number decides which of two events is newer. */
  aggregateVersion: number;
  /** ISO 8601, UTC. */
  time: string;
  /** Request or event id that caused it. */
  cause: string;
  /** W3C trace context (`traceparent`), if the request had one. */
  trace?: string;
  payload: unknown;
}

/** A queue and the events it receives. Queues are declared by every process before anything is published. */
export interface QueueBinding {
  /** Name without the namespace: `accounts.order-confirmation`. */
  queue: string;
  /** Event names routed to it. */
  events: readonly string[];
}

/** Handles one message. Resolves: done. `retry`: again after a backoff. `dead`: to the dead-letter queue at once. */
export type MessageHandler = (event: EventEnvelope) => Promise<'done' | BrokerVerdict>;

/** A dead letter as an operator sees it: no payload. */
export interface DeadLetter {
  queue: string;
  id: string;
  name: string;
  aggregateId: string;
  time: string;
  attempts: number;
}

/** What a sender is told about an event that the bus has taken. */
export interface Receipt {
  /**
   * Resolves when the sender need not keep the event any longer. A broker stores it: at once. The memory bus stores nothing:
   * when every queue has handled it or given it up as dead. Rejects if the bus closes before that; the sender then sends it
   * again another time. May be ignored: an ignored rejection does no harm.
   */
  settled: Promise<void>;
}

/** A bus: at-least-once delivery to durable queues, retry with backoff, dead letters. */
export interface Bus {
  /**
   * Declares queues, their retry and dead-letter companions and their bindings. Idempotent. While the broker is down it
   * resolves all the same: what was declared is made as soon as the broker is back, before anything is sent.
   */
  declare(bindings: readonly QueueBinding[]): Promise<void>;
  /**
   * Resolves when the event is in every queue bound to it; rejects with Fault SERVICE_UNAVAILABLE, within 5 s, if it may not
   * be. Events published one after the other arrive in that order, retries aside. An event that no queue wants is dropped.
   */
  publish(event: EventEnvelope): Promise<Receipt>;
  /**
   * Starts to consume a declared queue, at most `prefetch` messages at a time (default 10). A handler that throws has the
   * verdict of its error (platform/errors.ts). Closing waits for its handlers.
   */
  consume(queue: string, handle: MessageHandler, options?: { prefetch?: number }): Promise<{ close(): Promise<void> }>;
  /** Dead letters by queue (those not listed are empty); `limit` for each queue, default 100. */
  deadLetters(limit?: number): Promise<DeadLetter[]>;
  /** Sends the dead letters of a queue back to it, as if new; gives their number. Fault NOT_FOUND: no such queue. */
  replayDeadLetters(queue: string): Promise<number>;
  /** Messages waiting, by queue name; dead letters under `<queue>.dead`, those in backoff, of all queues, under `retry`. */
  depths(): Promise<Record<string, number>>;
  /** Whether the broker is reachable now. */
  healthy(): boolean;
  /** Waits for handlers in flight, then lets go. */
  close(): Promise<void>;
}
