/** The three ways in: the gateway over HTTP, its socket, and a subgraph's own door, signed as the gateway signs. */
import { randomUUID } from 'node:crypto';
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { RequestSigner } from '../../platform/auth/signature';
import { systemClock } from '../../platform/clock';
import type { SubgraphName } from '../../platform/config';
import type { RunningShop } from '../support/start-shop';
import type { Caller } from './callers';

/** What the shop's processes sign with among themselves. */
export const SECRET = 'the matrix signs like the gateway does';

/** A JSON object. */
export type Json = Record<string, unknown>;
/** An error of GraphQL. */
export interface AnswerError {
  message: string;
  path?: readonly (string | number)[];
  extensions?: { code?: string };
}
/** An answer; a stream that was opened is data. */
export interface DoorAnswer {
  data?: Json | null;
  errors?: AnswerError[];
}
const MOST_OUTAGES = 5;

/** Where to ask. */
export type Door = 'gateway' | 'socket' | SubgraphName;

/** Sends operations through any of the doors. */
export class Doors {
  /** Requests so far. */
  requests = 0;
  private readonly signer = new RequestSigner([SECRET], systemClock);
  private readonly sockets = new Map<string, Client>();

  constructor(readonly shop: RunningShop) {}

  /** Asks; errors are part of the answer. Once more after an outage: a busy machine misses time limits. */
  async ask(door: Door, caller: Caller, query: string, variables: Json): Promise<DoorAnswer> {
    for (let turn = 0; ; turn += 1) {
      const answer = await this.askOnce(door, caller, query, variables);
      const outage = answer.errors?.some(({ extensions }) => extensions?.code === 'SERVICE_UNAVAILABLE');
      if (!outage || turn === MOST_OUTAGES) return answer;
    }
  }

  private async askOnce(door: Door, caller: Caller, query: string, variables: Json): Promise<DoorAnswer> {
    this.requests += 1;
    if (door === 'socket') return this.overSocket(caller, query, variables);
    const path = door !== 'gateway' && query.startsWith('subscription') ? '/graphql/stream' : '/graphql';
    const body = JSON.stringify({ query, variables });
    const { principal } = caller;
    const signed =
      door === 'gateway'
        ? { ...(caller.bearer && { authorization: `Bearer ${caller.bearer}` }) }
        : this.signer.sign({ to: door, method: 'POST', path, body, principal, requestId: randomUUID() });
    const url = door === 'gateway' ? this.shop.url : this.shop.subgraphUrls[door];
    const gone = new AbortController();
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signed },
      body,
      signal: gone.signal,
    });
    if (response.headers.get('content-type')?.includes('ndjson')) {
      gone.abort();
      return { data: { opened: true } };
    }
    return (await response.json()) as DoorAnswer;
  }

  /** Asks the gateway for something that must succeed: the field `result`, which must not be null. */
  async must(caller: Caller, query: string, variables: Json = {}): Promise<Json> {
    const answer = await this.ask('gateway', caller, query, variables);
    const result = answer.data?.['result'];
    if (!result || answer.errors) throw new Error(`${caller.name} asked ${query}: ${JSON.stringify(answer)}`);
    return result as Json;
  }

  /** Closes the sockets. */
  async close(): Promise<void> {
    for (const client of this.sockets.values()) await client.dispose();
  }

  /** The first answer of an operation on the caller's socket. */
  private overSocket(caller: Caller, query: string, variables: Json): Promise<DoorAnswer> {
    const key = caller.bearer ?? '';
    let client = this.sockets.get(key);
    if (!client) {
      const authorization = caller.bearer && `Bearer ${caller.bearer}`;
      client = createClient({
        url: `${this.shop.url.replace(/^http/, 'ws')}/graphql`,
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        // Closed between two operations it would end the second one without an answer.
        lazyCloseTimeout: 600_000,
        connectionParams: authorization ? { authorization } : undefined,
      });
      this.sockets.set(key, client);
    }
    const socket = client;
    return new Promise((resolve, reject) => {
      const stop = socket.subscribe<Json>(
        { query, variables },
        {
          next: (answer) => {
            resolve(answer as DoorAnswer);
            stop();
          },
          error: (error) => {
            if (Array.isArray(error)) resolve({ errors: error as AnswerError[] });
            else reject(new Error(`${caller.name}'s socket was closed`));
          },
          // Does nothing after an answer.
          complete: () => reject(new Error(`${caller.name} got no answer on the socket`)),
        },
      );
    });
  }
}
