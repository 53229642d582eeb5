/**
 * A stream of updates. Of the past it reads for itself, a batch at a time; what is new it hears from the reader of the
 * process. Both by positions, so nothing is lost and nothing comes twice where one ends and the other begins. A hand-written
 * iterator: an async generator would wait for the next event before it lets go.
 */
import { Gauge, Histogram } from 'prom-client';
import { Fault } from '../../platform/errors';
import { badCursor } from './event-cursor';
import type { Update, Watched } from './order-update';
import { readLog, type LogEntry } from './read-log';
import { orderById } from './read-orders';
import type { OrdersServices } from './services';

/** Events of the past read at once. */
const BATCH = 100;
/** New events that wait for a slow client, at most; with more they are dropped and read again when it is ready. */
const MAX_QUEUED = 100;
/** An order that was read longer ago is read again before it is shown, in milliseconds. */
const FRESH_MS = 1_000;
const DAY_MS = 86_400_000;

const streams = new Gauge({
  name: 'souk_order_streams',
  help: 'Open streams of live updates in this process, by subscription.',
  labelNames: ['subscription'],
});
const lag = new Histogram({
  name: 'souk_order_event_lag_seconds',
  help: 'Time from an event to its delivery to a stream that waited for it.',
  buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
});

/** See the head of this file. What it gives is an update, or the fault with which it ends. */
export class OrderStream implements AsyncIterableIterator<Update | Fault, undefined> {
  /** Everything up to here was looked at. */
  private position = 0n;
  /** Everything after here is heard of, and stands in `queue`. */
  private edge = 0n;
  private past: LogEntry[] = [];
  private queue: LogEntry[] = [];
  private first: 'SNAPSHOT' | 'GAP' | null = null;
  private fault: Fault | null = null;
  private closed = false;
  private readonly held: { close(): void }[] = [];
  private wake: () => void = () => undefined;

  constructor(
    private readonly services: OrdersServices,
    private readonly watched: Watched,
  ) {
    streams.inc({ subscription: watched.name });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Begins with a snapshot, live, or after a position. Fault VALIDATION_ERROR for one that is not in the log yet. */
  async open(from: bigint | 'SNAPSHOT' | 'LIVE'): Promise<this> {
    try {
      // What was committed before is past, not news.
      if (from === 'LIVE') await this.services.eventLog.number();
      this.held.push(await this.services.logReader.attach(this.watched.source, this));
      if (this.watched.guard) this.held.push(this.watched.guard((fault) => this.end(fault)));
      if (from === 'SNAPSHOT') this.first = from;
      else if (from !== 'LIVE') await this.resume(from);
      return this;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The reader's: see LogListener. */
  begin(position: bigint): void {
    this.position = position;
    this.edge = position;
  }

  /** The reader's: see LogListener. */
  hear(entry: LogEntry): void {
    if (this.closed || !this.watched.wants(entry.event, entry.order)) return;
    if (this.queue.length < MAX_QUEUED) this.queue.push(entry);
    else {
      this.queue = [];
      this.edge = entry.event.position;
    }
    this.wake();
  }

  async next(): Promise<IteratorResult<Update | Fault, undefined>> {
    while (!this.closed) {
      const value = this.fault ?? (await this.advance());
      if (value && this.passes(value)) return { done: false, value };
    }
    return { done: true, value: undefined };
  }

  /** Lets go at once, also while `next` waits. */
  async return(): Promise<IteratorResult<Update | Fault, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  /** Not after it was let go of; and a fault is the last. */
  private passes(value: Update | Fault): boolean {
    if (this.closed) return false;
    if (value instanceof Fault) this.close();
    return true;
  }

  private end(fault: Fault): void {
    this.fault = fault;
    this.wake();
  }

  private close(): void {
    if (this.closed) return;
    this.closed = true;
    streams.dec({ subscription: this.watched.name });
    for (const one of this.held) one.close();
    this.wake();
  }

  /** After a position; if what followed it is too old, with a gap instead. */
  private async resume(after: bigint): Promise<void> {
    const head = this.position;
    if (after > head) throw badCursor();
    this.position = after;
    const [oldest] = after < head ? await this.readPast() : [];
    const { config, clock } = this.services;
    const kept = clock.now().getTime() - config.eventRetentionDays * DAY_MS;
    if (!oldest || config.eventRetentionDays === 0 || oldest.event.occurredAt.getTime() >= kept) return;
    this.first = 'GAP';
    this.past = [];
    this.position = head;
  }

  /** One step: an update, the fault with which it ends, or null if neither has come of it yet. */
  private async advance(): Promise<Update | Fault | null> {
    if (this.first) return this.show(this.first);
    const missed = this.past.shift();
    if (missed) return this.deliver(missed);
    if (this.position < this.edge) {
      await this.readPast();
      return null;
    }
    const entry = this.queue.shift();
    if (entry) return this.hand(entry);
    await new Promise<void>((resolve) => (this.wake = resolve));
    return null;
  }

  private async show(kind: 'SNAPSHOT' | 'GAP'): Promise<Update | Fault | null> {
    this.first = null;
    const newest = await this.watched.newest();
    if (!newest) return null;
    const fault = await this.watched.refuse(newest.order);
    if (fault) return fault;
    if (kind === 'GAP') return { kind, position: this.position, ...newest };
    // It stands for everything up to its event, which may have been heard of already.
    const { position } = newest.event;
    if (position > this.position) this.position = position;
    return { kind, position, ...newest };
  }

  /** The next of what was missed, wanted or not; what is wanted is in `past` then. */
  private async readPast(): Promise<LogEntry[]> {
    const upTo = this.edge;
    const entries = await readLog(this.services.db, this.watched.source, { after: this.position, upTo, limit: BATCH });
    this.position = entries.length < BATCH ? upTo : (entries.at(-1)?.event.position ?? upTo);
    this.past = entries.filter(({ event, order }) => this.watched.wants(event, order));
    return entries;
  }

  private async hand(entry: LogEntry): Promise<Update | Fault | null> {
    const { position, occurredAt } = entry.event;
    // Part of the snapshot.
    if (position <= this.position) return null;
    this.position = position;
    this.edge = position;
    const update = await this.deliver(entry);
    if (update && !(update instanceof Fault)) {
      lag.observe(Math.max(0, this.services.clock.now().getTime() - occurredAt.getTime()) / 1_000);
    }
    return update;
  }

  private async deliver({ event, order: read, readAt }: LogEntry): Promise<Update | Fault | null> {
    const order = performance.now() - readAt < FRESH_MS ? read : await orderById(this.services.db.manager, read.id);
    if (!order) return new Fault('NOT_FOUND');
    const fault = await this.watched.refuse(order);
    if (fault) return fault;
    return this.watched.wants(event, order) ? { kind: 'EVENT', position: event.position, event, order } : null;
  }
}
