/** How the gateway reaches a subgraph: in this process (executor.ts) or over signed HTTP (the gateway's remote endpoint). */
import type { DocumentNode, ExecutionResult } from 'graphql';
import type { Principal } from '../auth/principal';

/** One operation for a subgraph. */
export interface SubgraphRequest {
  /** The operation's text; `document` is the same, parsed, if the sender has it. */
  query: string;
  document?: DocumentNode;
  variables?: Record<string, unknown>;
  operationName?: string;
  principal: Principal;
  requestId: string;
  /** Network address of the client, if one is behind this. Never stored or logged in clear. */
  clientAddress?: string;
  /** Aborts the work when the client has gone or time is up. */
  signal?: AbortSignal;
}

/**
 * What a subgraph may say besides data: after login, register and refreshSession the rest of the operation runs as the
 * user of this token. The gateway verifies it as it would a client's header and removes it from the answer.
 */
export interface SubgraphExtensions {
  accessToken?: string;
}

/** An answer of a subgraph. Errors carry `extensions.code` of platform/errors.ts and nothing internal. */
export type SubgraphResult = ExecutionResult<Record<string, unknown>, SubgraphExtensions & Record<string, unknown>>;

/** A subgraph, wherever it runs. */
export interface SubgraphEndpoint {
  /** Runs a query or mutation. Rejects with Fault SERVICE_UNAVAILABLE when the subgraph cannot be reached. */
  execute(request: SubgraphRequest): Promise<SubgraphResult>;
  /**
   * Opens a subscription. Resolves with a result (errors) if it is refused, else with the stream of results; ending the
   * iteration (`return()`) lets go at once, also while waiting for the next event.
   */
  subscribe(request: SubgraphRequest): Promise<AsyncIterableIterator<SubgraphResult> | SubgraphResult>;
}
