/** What goes wrong, and when: drawn from the seed before the run, spread over its checkouts. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from './chance';
import { POINTS, type PointBoard } from './points';
import { SERVICES, type ServiceName, type Shop } from './shop';
import { STORES, type Store, type StoreName } from './stores';

/** One fault; it comes when so many checkouts have begun. */
export type Fault = { atCheckout: number } & (
  | { kind: 'kill'; service: ServiceName; delayMs: number }
  | { kind: 'point'; point: string; skip: number }
  | { kind: 'store'; store: StoreName }
);

/** How many of each kind. */
export interface FaultCounts {
  checkouts: number;
  /** kill -9 at random times. */
  kills: number;
  /** kill -9 at exact points, whose names hold `points`. */
  exact: number;
  points: string;
  /** kill -9 and restart of each store. */
  storeKills: number;
}

/** A store that was killed and started again; milliseconds since the epoch. */
export interface StoreRestart {
  store: StoreName;
  killedAt: number;
  readyAt: number;
}

/** The checkouts between these shares of all are when faults come: there is something to lose, and time to see it. */
const FROM = 0.03;
const TO = 0.94;
/** Longest time between a checkout's beginning and the kill, in milliseconds: less would always hit the same moment. */
const DELAY_MS = 400;
/** Passings that an armed point lets go at most. */
const SKIP = 6;
/** Milliseconds until a service that was dead is tried again. */
const AGAIN_MS = 50;
/** How long a killed store stays down, in milliseconds. */
const DOWN_MS = 1_000;

/** Draws the faults of a run, in the order in which they come. */
export function planFaults(chance: Chance, counts: FaultCounts): Fault[] {
  const { checkouts, kills, exact, points, storeKills } = counts;
  const named = POINTS.filter((point) => point.includes(points));
  const moment = (index: number, of: number): number =>
    Math.ceil(checkouts * (FROM + ((TO - FROM) * (index + chance.between(0, 100) / 100)) / of));
  const services = inTurn(chance, SERVICES, kills);
  const stores = inTurn(chance, STORES, storeKills * STORES.length);
  const faults: Fault[] = [
    ...services.map((service, index): Fault => {
      return { kind: 'kill', service, delayMs: chance.between(0, DELAY_MS), atCheckout: moment(index, kills) };
    }),
    ...inTurn(chance, named, exact).map((point, index): Fault => {
      return { kind: 'point', point, skip: chance.between(0, SKIP), atCheckout: moment(index, exact) };
    }),
    ...stores.map((store, index): Fault => ({ kind: 'store', store, atCheckout: moment(index, stores.length) })),
  ];
  return faults.sort((a, b) => a.atCheckout - b.atCheckout);
}

/** So many of a list that each comes as often as the others, in an order of chance. */
function inTurn<T>(chance: Chance, list: readonly T[], count: number): T[] {
  const drawn: T[] = [];
  while (drawn.length < count && list.length > 0) drawn.push(...chance.shuffle(list));
  return drawn.slice(0, count);
}

/** Carries the plan out as the checkouts begin. */
export class FaultSchedule {
  /** kill -9 at random times, by service. */
  readonly kills = new Map<ServiceName, number>();
  readonly restarts: StoreRestart[] = [];
  /** When the newest fault came, milliseconds since the epoch. */
  lastAt = Date.now();
  private next = 0;
  /** Store faults come one after the other. */
  private stores = Promise.resolve();
  private readonly timers: Promise<void>[] = [];

  constructor(
    private readonly plan: readonly Fault[],
    private readonly shop: Pick<Shop, 'kill'>,
    private readonly board: PointBoard,
    private readonly servers: Record<StoreName, Store>,
  ) {}

  /** So many checkouts have begun. */
  onCheckout(begun: number): void {
    for (let fault = this.plan[this.next]; fault && fault.atCheckout <= begun; fault = this.plan[this.next]) {
      this.next += 1;
      this.cause(fault);
    }
  }

  /** Waits for what is under way; nothing comes after it. */
  async end(): Promise<void> {
    this.next = this.plan.length;
    await Promise.all([...this.timers, this.stores]);
  }

  private cause(fault: Fault): void {
    if (fault.kind === 'point') this.board.arm(fault.point, fault.skip);
    else if (fault.kind === 'kill') this.timers.push(sleep(fault.delayMs).then(() => this.kill(fault.service)));
    else this.stores = this.stores.then(() => this.restart(fault.store));
  }

  private async kill(service: ServiceName): Promise<void> {
    // One that died a moment ago is about to start again.
    while (!this.shop.kill(service)) await sleep(AGAIN_MS);
    this.kills.set(service, (this.kills.get(service) ?? 0) + 1);
    this.lastAt = Date.now();
  }

  private async restart(store: StoreName): Promise<void> {
    const server = this.servers[store];
    const killedAt = Date.now();
    await server.kill();
    await sleep(DOWN_MS);
    await server.start();
    this.lastAt = Date.now();
    this.restarts.push({ store, killedAt, readyAt: this.lastAt });
  }
}
