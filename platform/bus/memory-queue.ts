/** One queue of the memory bus: what waits, what is in backoff, what is dead, and who takes it. */
import { Fault } from '../errors';
import type { Log } from '../log';
import type { DeadLetter, EventEnvelope, MessageHandler } from './bus';
import { attemptMessage, type RetryPolicy } from './retry';

interface Delivery {
  event: EventEnvelope;
  /** Attempts that have failed. */
  attempts: number;
  /** The sender may forget it, or must not: called once. */
  settle(lost?: Error): void;
}

interface Taker {
  handle: MessageHandler;
  prefetch: number;
  running: Set<Promise<void>>;
}

/** A queue. Messages stay in order except those tried again. */
export class MemoryQueue {
  private waiting: Delivery[] = [];
  private dead: Delivery[] = [];
  private readonly retrying = new Map<Delivery, NodeJS.Timeout>();
  private readonly takers = new Set<Taker>();
  private closed = false;

  constructor(
    readonly name: string,
    private readonly policy: RetryPolicy,
    private readonly log: Log,
  ) {}

  /** Takes a message. Resolves when it is handled or dead; rejects if the queue closes before. */
  add(event: EventEnvelope): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ event, attempts: 0, settle: (lost) => (lost ? reject(lost) : resolve()) });
      this.pump();
    });
  }

  /** Adds a consumer. */
  consume(handle: MessageHandler, prefetch: number): { close(): Promise<void> } {
    const taker: Taker = { handle, prefetch, running: new Set() };
    this.takers.add(taker);
    this.pump();
    return {
      close: async () => {
        this.takers.delete(taker);
        await Promise.all(taker.running);
      },
    };
  }

  /** The first `limit` dead letters. */
  deadLetters(limit: number): DeadLetter[] {
    return this.dead.slice(0, limit).map(({ event, attempts }) => ({
      queue: this.name,
      id: event.id,
      name: event.name,
      aggregateId: event.aggregateId,
      time: event.time,
      attempts,
    }));
  }

  /** Puts the dead letters back to the end of the queue, as if new. */
  replay(): number {
    const letters = this.dead;
    this.dead = [];
    this.waiting.push(...letters.map((letter) => ({ ...letter, attempts: 0 })));
    this.pump();
    return letters.length;
  }

  /** Numbers of messages, those being handled not counted. */
  depths(): { waiting: number; retrying: number; dead: number } {
    return { waiting: this.waiting.length, retrying: this.retrying.size, dead: this.dead.length };
  }

  /** Waits for the handlers and gives up the rest: their senders have them still. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.takers].flatMap((taker) => [...taker.running]));
    const left = [...this.waiting, ...this.retrying.keys()];
    for (const timer of this.retrying.values()) clearTimeout(timer);
    this.waiting = [];
    this.retrying.clear();
    for (const delivery of left) delivery.settle(new Fault('SERVICE_UNAVAILABLE', 'The bus was closed.'));
  }

  private pump(): void {
    while (!this.closed && this.waiting.length > 0) {
      const taker = [...this.takers].find(({ running, prefetch }) => running.size < prefetch);
      const delivery = taker && this.waiting.shift();
      if (!delivery) return;
      const work = this.attempt(taker, delivery).finally(() => {
        taker.running.delete(work);
        this.pump();
      });
      taker.running.add(work);
    }
  }

  private async attempt(taker: Taker, delivery: Delivery): Promise<void> {
    // A turn later, so that publishing never runs a handler on the publisher's stack.
    await new Promise(setImmediate);
    const attempt = delivery.attempts + 1;
    const context = { queue: this.name, attempt, policy: this.policy, log: this.log };
    const next = await attemptMessage(taker.handle, delivery.event, context);
    delivery.attempts = attempt;
    if (next.kind === 'retry') {
      this.retrying.set(
        delivery,
        setTimeout(() => this.again(delivery), next.delayMs),
      );
      return;
    }
    if (next.kind === 'dead') this.dead.push(delivery);
    delivery.settle();
  }

  private again(delivery: Delivery): void {
    this.retrying.delete(delivery);
    this.waiting.push(delivery);
    this.pump();
  }
}
