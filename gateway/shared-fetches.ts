/**
 * Equal queries in flight share one fetch. Equal means: same subgraph, text, variables and identity; a mutation never
 * takes part. The fetch is aborted when all who wait for it have left.
 */
import type { Principal } from '../platform/auth/principal';
import type { SubgraphEndpoint, SubgraphRequest, SubgraphResult } from '../platform/graph/endpoint';

interface Flight {
  result: Promise<SubgraphResult>;
  abort: AbortController;
  /** Who still waits. */
  waiting: number;
  /** Who has ever joined: results are merged into answers in place, so all but one get a copy. */
  joined: number;
}

/** A subgraph and its name in the supergraph. */
export interface NamedEndpoint {
  name: string;
  endpoint: SubgraphEndpoint;
}

/** Fetches in flight, to all subgraphs. */
export class SharedFetches {
  /** By identity, then by what is asked. */
  private readonly flights = new Map<string, Map<string, Flight>>();

  /** Runs a query, or joins one in flight. Rejects with the signal's reason when `signal` aborts. */
  async query(subgraph: NamedEndpoint, request: SubgraphRequest & { signal: AbortSignal }): Promise<SubgraphResult> {
    request.signal.throwIfAborted();
    const identity = identityOf(request.principal);
    const mine = this.flights.get(identity) ?? new Map<string, Flight>();
    this.flights.set(identity, mine);
    const key = JSON.stringify([subgraph.name, request.operationName, request.query, request.variables]);
    const flight = mine.get(key) ?? this.start(subgraph.endpoint, request, identity, mine, key);
    flight.waiting += 1;
    flight.joined += 1;
    const isFirst = flight.joined === 1;
    try {
      const result = await untilAborted(flight.result, request.signal);
      // Copied before anybody has had the chance to change it: every waiter's continuation runs before the answers do.
      return isFirst && flight.joined === 1 ? result : copyOf(result);
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0) flight.abort.abort();
    }
  }

  /** After a write, the same caller's next read must not join a fetch that began before it. */
  forget(principal: Principal): void {
    this.flights.delete(identityOf(principal));
  }

  private start(
    endpoint: SubgraphEndpoint,
    request: SubgraphRequest,
    identity: string,
    mine: Map<string, Flight>,
    key: string,
  ): Flight {
    const abort = new AbortController();
    const end = (): void => {
      mine.delete(key);
      if (mine.size === 0 && this.flights.get(identity) === mine) this.flights.delete(identity);
    };
    const flight: Flight = {
      abort,
      waiting: 0,
      joined: 0,
      result: endpoint.execute({ ...request, signal: abort.signal }).finally(end),
    };
    abort.signal.addEventListener('abort', end, { once: true });
    mine.set(key, flight);
    return flight;
  }
}

/** The promise's outcome, or the signal's reason if that comes first. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

function identityOf(principal: Principal): string {
  return JSON.stringify(principal);
}

/** A copy of plain objects and lists; anything else (a Date of a resolver in this process) is a value. */
function copyOf<T>(value: T): T;
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => copyOf(item));
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copyOf(inner)]));
}
