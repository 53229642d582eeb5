/**
 * Publishes what use cases have added to the outbox of one database: at once when the database notifies, and by sweeps for what a
 * crash left behind. One relay of a database is active at a time. Events of one aggregate leave one after the other, each after the bus
 * has the one before; different aggregates leave side by side, and one that fails waits alone.
 *
 * An event is marked as published when its receipt settles. A broker's receipts settle at once. The memory bus's settle when
 * the event is handled everywhere, so a crash before that sends it again; until then the relay knows which ones are under way
 * and goes on with everything else. It takes at most MAX_UNDER_WAY: beyond, the outbox is the better place for them to wait.
 */
import type { Bus, EventEnvelope } from '../bus/bus';
import type { Database } from '../db/database';
import { asBackground } from '../db/statement-scope';
import type { Log } from '../log';
import { RelaySession } from './relay-session';
import { markPublished, pendingEvents } from './relay.rows';

/** Settings of a relay. */
export interface RelayOptions {
  db: Database;
  /** The same database's URL, for a connection of the relay's own. Not through a transaction pooler: it listens. */
  url: string;
  bus: Bus;
  log: Log;
  /** Milliseconds between sweeps, default 3,000; also the time after which another relay takes over from a dead one. */
  sweepMs?: number;
}

/** A running relay. */
export interface Relay {
  /** Ends after what is being published, which takes as long as the bus may take for one event: 5 s at most. */
  close(): Promise<void>;
}

const BATCH = 200;
const MAX_UNDER_WAY = 10_000;
/** Milliseconds: first and longest pause after a failure; doubles in between. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/** Starts a relay; it returns at once and needs neither database nor bus to be there yet. */
export function startRelay(options: RelayOptions): Relay {
  const relay = new OutboxRelay(options);
  const ended = asBackground(() => relay.run());
  return {
    close: async () => {
      relay.end();
      await ended;
    },
  };
}

class OutboxRelay {
  private readonly session: RelaySession;
  private readonly sweepMs: number;
  /** Published, but not marked yet. */
  private readonly underWay = new Set<string>();
  /** Of those, the ones to mark. */
  private readonly settled = new Set<string>();
  /** Aggregates whose publishing failed while the bus was there, and until when (ms) they wait. */
  private readonly failing = new Map<string, { until: number; pauseMs: number }>();
  private outagePauseMs = 0;
  private failed = false;
  private stopping = false;
  private woken = false;
  private wakeUp?: () => void;

  constructor(private readonly options: RelayOptions) {
    this.sweepMs = options.sweepMs ?? 3_000;
    this.session = new RelaySession(options.url, options.log, () => this.wake());
  }

  async run(): Promise<void> {
    while (!this.stopping) {
      try {
        if (!(await this.pass())) await this.rest();
        this.failed = false;
      } catch (error) {
        if (!this.failed) this.options.log.warn({ err: error }, 'outbox relay: database failed, trying again');
        this.failed = true;
        await this.sleep(FIRST_PAUSE_MS);
      }
    }
    await this.mark().catch(() => undefined); // not marked: sent again after the next start, and dropped by the inbox
    await this.session.drop();
  }

  end(): void {
    this.stopping = true;
    this.wakeUp?.();
  }

  private wake(): void {
    this.woken = true;
    // While the bus is down new events change nothing: the pause goes on.
    if (this.outagePauseMs === 0) this.wakeUp?.();
  }

  /** One round; gives whether there may be more to do at once. */
  private async pass(): Promise<boolean> {
    this.woken = false;
    await this.mark();
    if (!this.options.bus.healthy()) return this.outage();
    if (!(await this.session.lead())) return false;
    const now = Date.now();
    const waiting = [...this.failing].filter(([, { until }]) => until > now).map(([aggregateId]) => aggregateId);
    const limit = Math.min(BATCH, MAX_UNDER_WAY - this.underWay.size);
    const events = await pendingEvents(this.options.db, { limit, not: this.underWay, notOf: waiting });
    const sent = await Promise.all([...groupByAggregate(events)].map(([id, group]) => this.publishInOrder(id, group)));
    await this.mark();
    if (sent.includes(false) && !this.options.bus.healthy()) return this.outage();
    if (this.outagePauseMs > 0) this.options.log.info('outbox relay: bus is back');
    this.outagePauseMs = 0;
    return events.length > 0 && events.length === limit;
  }

  private async publishInOrder(aggregateId: string, events: readonly EventEnvelope[]): Promise<boolean> {
    for (const event of events) {
      try {
        const { settled } = await this.options.bus.publish(event);
        this.underWay.add(event.id);
        void settled.then(
          () => this.onSettled(event.id),
          () => this.underWay.delete(event.id),
        );
      } catch (error) {
        this.onFailed(aggregateId, event, error);
        return false;
      }
    }
    this.failing.delete(aggregateId);
    return true;
  }

  private onSettled(eventId: string): void {
    this.settled.add(eventId);
    this.wakeUp?.(); // if it rests; a pass in progress marks it by itself
  }

  private onFailed(aggregateId: string, event: EventEnvelope, error: unknown): void {
    const before = this.failing.get(aggregateId);
    const pauseMs = nextPause(before?.pauseMs ?? 0);
    this.failing.set(aggregateId, { until: Date.now() + pauseMs, pauseMs });
    if (!before && this.options.bus.healthy()) {
      this.options.log.warn(
        { err: error, event: event.name, eventId: event.id },
        'outbox relay: event not taken, trying again',
      );
    }
  }

  /** The bus is down: events stay where they are; another process may have more luck. */
  private async outage(): Promise<false> {
    if (this.outagePauseMs === 0) this.options.log.warn('outbox relay: bus not reachable, events wait in the outbox');
    this.outagePauseMs = nextPause(this.outagePauseMs);
    this.failing.clear(); // it was not the aggregates' fault
    await this.session.yield();
    return false;
  }

  private async mark(): Promise<void> {
    const ids = [...this.settled];
    if (ids.length === 0) return;
    await markPublished(this.options.db, ids);
    for (const id of ids) {
      this.settled.delete(id);
      this.underWay.delete(id);
    }
  }

  private async rest(): Promise<void> {
    if (this.outagePauseMs > 0) return this.sleep(this.outagePauseMs);
    if (this.woken || this.settled.size > 0) return;
    let pauseMs = this.sweepMs;
    for (const { until } of this.failing.values()) pauseMs = Math.min(pauseMs, until - Date.now());
    await this.sleep(Math.max(10, pauseMs));
  }

  private async sleep(ms: number): Promise<void> {
    if (this.stopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wakeUp = undefined;
  }
}

function nextPause(pauseMs: number): number {
  return pauseMs === 0 ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
}

function groupByAggregate(events: readonly EventEnvelope[]): Map<string, EventEnvelope[]> {
  const groups = new Map<string, EventEnvelope[]>();
  for (const event of events) {
    const group = groups.get(event.aggregateId);
    if (group) group.push(event);
    else groups.set(event.aggregateId, [event]);
  }
  return groups;
}
