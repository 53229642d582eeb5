/**
 * How answers go over one HTTP response: as an event stream (graphql-sse, distinct connections mode) or as the multipart
 * protocol of Apollo's clients.
 */
import type { ExecutionResult, GraphQLFormattedError } from 'graphql';

/** Texts of one protocol, ready to be written. */
export interface Transport {
  readonly name: 'sse' | 'multipart';
  readonly contentType: string;
  /** Written at once: so the client knows that it is connected. */
  readonly opening: string;
  /** Written while nothing happens, every so many milliseconds. */
  readonly heartbeat: string;
  readonly heartbeatMs: number;
  /** One answer; `cursor` is where a client that comes back wants to go on. */
  answer(answer: ExecutionResult, cursor: string | undefined): string;
  /** All the rest are the last of a response. The operation has ended. */
  readonly complete: string;
  /** It never began: the client has to change something. */
  refused(errors: readonly GraphQLFormattedError[]): string;
  /** It ran, and is over for good. */
  ended(errors: readonly GraphQLFormattedError[]): string;
  /** An outage: the same request may be sent again. */
  interrupted(errors: readonly GraphQLFormattedError[]): string;
}

const SSE_COMPLETE = 'event: complete\ndata:\n\n';
const sseErrors = (errors: readonly GraphQLFormattedError[]): string =>
  `event: next\ndata: ${JSON.stringify({ errors })}\n\n${SSE_COMPLETE}`;

/** Without `complete` a browser's EventSource comes back by itself, with its last cursor; so do other clients. */
export const SSE: Transport = {
  name: 'sse',
  contentType: 'text/event-stream; charset=utf-8',
  opening: ':\n\n',
  heartbeat: ':\n\n',
  heartbeatMs: 12_000,
  answer: (answer, cursor) =>
    `event: next\n${cursor === undefined ? '' : `id: ${cursor}\n`}data: ${JSON.stringify(answer)}\n\n`,
  complete: SSE_COMPLETE,
  refused: sseErrors,
  ended: sseErrors,
  interrupted: () => '',
};

const BOUNDARY = '\r\n--graphql';
/** The boundary is written after a part, not before the next: a client takes a part for whole when it has seen it. */
const part = (value: object): string =>
  `\r\ncontent-type: application/json; charset=utf-8\r\n\r\n${JSON.stringify(value)}${BOUNDARY}`;
const END = '--\r\n';
/** Errors beside `payload` are about the stream, and what clients try again; those in it are the operation's. */
const fatal = (errors: readonly GraphQLFormattedError[]): string => part({ payload: null, errors }) + END;

/** Apollo's "multipart subscription protocol", version 1.0. */
export const MULTIPART: Transport = {
  name: 'multipart',
  contentType: 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
  opening: BOUNDARY + part({}),
  heartbeat: part({}),
  heartbeatMs: 5_000,
  answer: (payload) => part({ payload }),
  complete: END,
  refused: (errors) => part({ payload: { errors } }) + END,
  ended: fatal,
  interrupted: fatal,
};

/** The one a client asks for with its `accept` header; undefined: it wants one plain answer. */
export function transportFor(
  accept: string | undefined,
  method: string,
  isSubscription: boolean,
): Transport | undefined {
  if (accept === undefined || (method !== 'GET' && method !== 'POST')) return undefined;
  if (isSubscription && method === 'POST' && /\bmultipart\/mixed\s*;[^,]*\bsubscriptionSpec="?1\.0"?/i.test(accept))
    return MULTIPART;
  // Some clients name every type they could read; for a query, JSON goes before.
  return /\btext\/event-stream\b/i.test(accept) && (isSubscription || !/\bjson\b/i.test(accept)) ? SSE : undefined;
}
