/** How many connections that stay (sockets, streams) each user and each address has open. */
import type { Principal } from '../../platform/auth/principal';

/** What is counted: it calls back when it is over, at once if it is. */
interface Counted {
  atEnd(undo: () => void): void;
}

/** Counts up to a limit. */
class Tally {
  private readonly open = new Map<string, number>();

  constructor(private readonly most: number) {}

  /** Counts it under the key until it is over; false, and not counted, when there are too many already. */
  take(key: string, counted: Counted): boolean {
    const count = this.open.get(key) ?? 0;
    if (count >= this.most) return false;
    this.open.set(key, count + 1);
    counted.atEnd(() => {
      const left = (this.open.get(key) ?? 0) - 1;
      if (left > 0) this.open.set(key, left);
      else this.open.delete(key);
    });
    return true;
  }
}

/** Counts what is open for all doors together. */
export class OpenConnections {
  private readonly addresses;
  private readonly users;

  constructor(limits: { perUser: number; perAddress: number }) {
    this.addresses = new Tally(limits.perAddress);
    this.users = new Tally(limits.perUser);
  }

  /** Counts for a network address; false, and not counted, when it has too many already. */
  takeAddress(address: string, counted: Counted): boolean {
    return this.addresses.take(address, counted);
  }

  /** Counts for a user or API client, across their sessions; false, and not counted, when they have too many already. */
  takeCaller(principal: Principal, counted: Counted): boolean {
    const caller = callerOf(principal);
    return caller === undefined || this.users.take(caller, counted);
  }
}

/** Whose connection it is, across their sessions; undefined for nobody in particular. */
export function callerOf(principal: Principal): string | undefined {
  return principal.kind === 'user' || principal.kind === 'client' ? `${principal.kind}:${principal.id}` : undefined;
}
