/** What one operation carries through the gateway, from the door to the data sources. */
import type { Principal } from '../platform/auth/principal';
import { Fault, type ErrorCode } from '../platform/errors';
import type { RateVerdict } from './limits/rates';

/** How long an operation may take before what is missing is answered as unavailable, in milliseconds. */
const OPERATION_DEADLINE_MS = 10_000;

/** Where a request came in: `http` gives one answer, `socket` stands for all doors that can give many (streams over HTTP too). */
export type Door = 'http' | 'socket';

/** Context of an operation. Apollo Server hands on a shallow copy, so what flows back goes through `outcome`. */
export interface OperationContext {
  /** Who asks. login, register and refreshSession change it for the rest of the operation. */
  principal: Principal;
  /** Network address of the client; undefined where the shop asks itself. */
  clientAddress?: string;
  /** Tokens the door has taken for the operation already; what it costs beyond them is taken when its cost is known. */
  tokensTaken?: number;
  /** Set when the client showed a token that is no good: the operation is refused with this. */
  refusal?: Fault;
  requestId: string;
  door: Door;
  /** Aborts waiting for reads: when time is up, or the client has gone. */
  reads: AbortSignal;
  /** Aborts waiting for writes: when time is up. A client that leaves does not stop a write half-way. */
  writes: AbortSignal;
  outcome: OperationOutcome;
}

/** What the door needs to know of a finished operation. */
export interface OperationOutcome {
  /** Code of the first error of a request that was refused before it ran; undefined if it ran. */
  refusedWith?: ErrorCode;
  /** What is wrong with the document besides the error it was refused with, unformatted. */
  otherErrors?: readonly unknown[];
  /** What the operation may cost and what it might; for `extensions.cost`. */
  cost?: { requested: number; limit: number };
  /** How the caller's bucket stands. */
  rate?: RateVerdict;
}

/** An operation's context, and how the door ends it. */
export interface OpenOperation {
  context: OperationContext;
  /** The client has gone. */
  leave: () => void;
  /** The operation has been answered; without this its timer stays. */
  release: () => void;
}

/** Makes the context of an operation and starts its clock. */
export function openOperation(
  given: Pick<OperationContext, 'principal' | 'refusal' | 'requestId' | 'clientAddress' | 'door' | 'tokensTaken'>,
): OpenOperation {
  const reads = new AbortController();
  const writes = new AbortController();
  const timer = setTimeout(() => {
    const late = new Fault('SERVICE_UNAVAILABLE', 'The answer took too long. Try again soon.');
    reads.abort(late);
    writes.abort(late);
  }, OPERATION_DEADLINE_MS);
  return {
    context: { ...given, reads: reads.signal, writes: writes.signal, outcome: {} },
    leave: () => reads.abort(new Fault('SERVICE_UNAVAILABLE', 'The client has gone.')),
    release: () => clearTimeout(timer),
  };
}
