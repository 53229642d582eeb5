/**
 * The exact points at which a service can be killed. Proxies tell of every one that is passed; the schedule arms some of them,
 * and whoever passes an armed one dies there.
 */
import type { SubgraphName } from '../../platform/config';

/** What a service does that can be seen on the wire. `write`: a statement that changes rows outside a transaction. */
export type Act = 'commit' | 'write' | 'publish' | 'confirm' | 'acknowledgement' | 'provider call';

/** Whom each act can be seen of: who has consumers, who tells of events, who asks the provider. */
const ACTORS: Record<Act, readonly SubgraphName[]> = {
  commit: ['accounts', 'catalog', 'cart', 'orders', 'payments'],
  write: ['accounts', 'cart', 'orders', 'payments'],
  publish: ['accounts', 'catalog', 'orders', 'payments'],
  confirm: ['accounts', 'catalog', 'orders', 'payments'],
  acknowledgement: ['accounts', 'catalog', 'cart', 'orders'],
  'provider call': ['payments'],
};

/** Name of a point: `orders: before commit`. */
export function pointName(service: string, side: 'before' | 'after', act: Act): string {
  return `${service}: ${side} ${act}`;
}

/** All points. */
export const POINTS: readonly string[] = Object.entries(ACTORS).flatMap(([act, services]) =>
  services.flatMap((service) => [pointName(service, 'before', act as Act), pointName(service, 'after', act as Act)]),
);

/** Which points are armed, and what happened at each. */
export class PointBoard {
  /** How many times each is still to be passed until it kills; one entry for each kill. */
  private readonly armed = new Map<string, number[]>();
  /** Kills by point. */
  readonly kills = new Map<string, number>();
  /** Times passed by point. */
  readonly passed = new Map<string, number>();
  /** When the newest kill was, milliseconds since the epoch. */
  lastKillAt = 0;

  /** The next one to pass, after `skip` others have, dies there. */
  arm(point: string, skip: number): void {
    this.armed.set(point, [...(this.armed.get(point) ?? []), skip]);
  }

  /** Nobody dies from now on; gives the points that nobody came to. */
  disarm(): string[] {
    const left = [...this.armed].flatMap(([point, waiting]) => waiting.map(() => point));
    this.armed.clear();
    return left;
  }

  /** Told by a proxy; gives whether the service dies here. */
  pass(point: string): boolean {
    this.passed.set(point, (this.passed.get(point) ?? 0) + 1);
    const waiting = this.armed.get(point);
    const [skip, ...later] = waiting ?? [];
    if (skip === undefined) return false;
    this.armed.set(point, skip > 0 ? [skip - 1, ...later] : later);
    if (skip > 0) return false;
    this.kills.set(point, (this.kills.get(point) ?? 0) + 1);
    this.lastKillAt = Date.now();
    return true;
  }
}
