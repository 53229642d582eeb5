/**
 * The stream behind orderUpdated. PostgreSQL is the truth, wake-ups only say when to look; a lost one costs the slow poll's
 * time. A hand-written iterator: an async generator would wait for the next event before it lets go.
 */
import { Fault } from '../../platform/errors';
import { maySee, type Access } from './order-access';
import type { OrderEventType } from './order-event.entity';
import { badCursor } from './event-cursor';
import { eventsAfter, headOfLog, newestEvent, type EventRow } from './read-events';
import { orderById, type OrderRow } from './read-orders';
import type { OrdersServices } from './services';

/** How often a stream looks without being woken, in milliseconds. */
const SLOW_POLL_MS = 5_000;
/** Events read at once. */
const BATCH = 100;

/** Why an update is sent. */
export const ORDER_UPDATE_KINDS = ['SNAPSHOT', 'EVENT', 'GAP'] as const;
/** One of {@link ORDER_UPDATE_KINDS}. */
export type OrderUpdateKind = (typeof ORDER_UPDATE_KINDS)[number];

/** One update: the event, and the order as it is at delivery. */
export interface Update {
  kind: OrderUpdateKind;
  event: EventRow;
  order: OrderRow;
}

/** What is watched. */
export interface Watched {
  orderId: string;
  /** Position after which to go on; null: begin with a snapshot. */
  after: bigint | null;
  types: readonly OrderEventType[];
}

/** Opens the stream. Fault NOT_FOUND for an order they may not see, VALIDATION_ERROR for a place that is not in the log. */
export async function watchOrder(
  services: OrdersServices,
  access: Access,
  watched: Watched,
): Promise<AsyncIterableIterator<Update>> {
  if (!(await visibleOrder(services, access, watched.orderId))) throw new Fault('NOT_FOUND');
  if (watched.after !== null && watched.after > (await headOfLog(services))) throw badCursor();
  const stream = new OrderStream(services, access, watched);
  // Before the first read: what happens in between is then either read or announced.
  await stream.open();
  return stream;
}

async function visibleOrder(services: OrdersServices, access: Access, orderId: string): Promise<OrderRow | null> {
  const order = await orderById(services.db.manager, orderId);
  return order && maySee(order, access) ? order : null;
}

class OrderStream implements AsyncIterableIterator<Update> {
  private position: bigint | null;
  private readonly ready: EventRow[] = [];
  private watch: { close(): void } | null = null;
  private closed = false;
  /** Whether there may be something that was not read yet. */
  private news = true;
  private wake: () => void = () => undefined;

  constructor(
    private readonly services: OrdersServices,
    private readonly access: Access,
    private readonly watched: Watched,
  ) {
    this.position = watched.after;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async open(): Promise<void> {
    this.watch = await this.services.eventLog.watch(this.watched.orderId, () => {
      this.news = true;
      this.wake();
    });
  }

  async next(): Promise<IteratorResult<Update, undefined>> {
    if (this.position === null && !this.closed) return this.snapshot();
    while (!this.closed) {
      const event = this.ready.shift();
      if (event) return this.deliver('EVENT', event);
      if (this.news) await this.read();
      else await this.sleep();
    }
    return { done: true, value: undefined };
  }

  /** Lets go at once, also while `next` waits. */
  async return(): Promise<IteratorResult<Update, undefined>> {
    this.closed = true;
    this.watch?.close();
    this.wake();
    return { done: true, value: undefined };
  }

  private async snapshot(): Promise<IteratorResult<Update, undefined>> {
    const event = await newestEvent(this.services, this.watched.orderId);
    return event ? this.deliver('SNAPSHOT', event) : this.return();
  }

  private async read(): Promise<void> {
    // Reset before reading: a wake-up during the read must not be lost.
    this.news = false;
    const { orderId, types } = this.watched;
    const rows = await eventsAfter(this.services, orderId, this.position ?? 0n, types, BATCH);
    this.ready.push(...rows);
    if (rows.length === BATCH) this.news = true;
  }

  private sleep(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.news = true;
        resolve();
      }, SLOW_POLL_MS);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** The right to see is checked for each update: whoever has lost it meanwhile gets nothing more. */
  private async deliver(kind: OrderUpdateKind, event: EventRow): Promise<IteratorResult<Update, undefined>> {
    const order = await visibleOrder(this.services, this.access, this.watched.orderId);
    if (this.closed || !order) return this.return();
    this.position = event.position;
    return { done: false, value: { kind, event, order } };
  }
}
