/** A subgraph in another process: signed HTTP over kept-alive connections, and nothing of the client's headers. */
import { OperationTypeNode } from 'graphql';
import { Pool, type Dispatcher } from 'undici';
import { z } from 'zod';
import type { RequestSigner } from '../platform/auth/signature';
import type { SubgraphName } from '../platform/config';
import { Fault } from '../platform/errors';
import type { SubgraphEndpoint, SubgraphRequest, SubgraphResult } from '../platform/graph/endpoint';
import type { Log } from '../platform/log';
import { LineStream } from './line-stream';

/** Connections for queries and mutations, at most; each carries one request at a time. */
const CONNECTIONS = 32;
/** Time to connect, in milliseconds: a subgraph is on this machine or next to it. */
const CONNECT_MS = 2_000;
/** Time until the answer begins, in milliseconds; a little more than an operation may take (context.ts). */
export const ANSWER_MS = 11_000;
/** Silence after which a stream is taken for dead, in milliseconds: three missed heartbeats. */
const STREAM_SILENCE_MS = 30_000;

const MEDIA_TYPE = 'application/json';
const STREAM_TYPE = 'application/x-ndjson';

/** A connection that closed between two requests; undici's code is for one closed under a waiting request. */
const CLOSED_CODES: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

const resultSchema = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(z.custom<NonNullable<SubgraphResult['errors']>[number]>(isErrorObject)).optional(),
  extensions: z.looseObject({ accessToken: z.string().optional() }).optional(),
});

/** An endpoint with connections to close. */
export interface RemoteEndpoint extends SubgraphEndpoint {
  close(): Promise<void>;
}

/** Makes the endpoint of the subgraph `name` at `url` (its door is platform/graph/server.ts). Connects when first used. */
export function createRemoteEndpoint(options: {
  name: SubgraphName;
  url: string;
  signer: RequestSigner;
  log: Log;
}): RemoteEndpoint {
  const { name, signer, log } = options;
  const { origin, pathname } = new URL(options.url);
  const prefix = pathname.replace(/\/+$/, '');
  const common = { connect: { timeout: CONNECT_MS }, headersTimeout: ANSWER_MS };
  const requests = new Pool(origin, { ...common, connections: CONNECTIONS, bodyTimeout: ANSWER_MS });
  // A stream keeps its connection, so streams must not use up those of the requests.
  const streams = new Pool(origin, { ...common, connections: null, bodyTimeout: STREAM_SILENCE_MS });

  async function send(pool: Pool, path: string, request: SubgraphRequest): Promise<Dispatcher.ResponseData> {
    const { query, variables, operationName, principal, requestId, clientAddress, signal } = request;
    const body = JSON.stringify({ query, variables, operationName });
    const signed = signer.sign({ to: name, method: 'POST', path, body, principal, requestId, clientAddress });
    const headers = { 'content-type': MEDIA_TYPE, accept: `${MEDIA_TYPE}, ${STREAM_TYPE}`, ...signed };
    const response = await pool.request({ path, method: 'POST', headers, body, signal });
    if (response.statusCode === 200) return response;
    await response.body.dump();
    log.warn({ status: response.statusCode, url: options.url }, 'subgraph refused a request');
    throw new Fault('SERVICE_UNAVAILABLE');
  }

  /** Errors of the network become outages; our own, and the reason of an abort, stay. */
  async function reaching<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Fault) throw error;
      if (signal?.aborted) throw signal.reason;
      log.warn({ err: error, url: options.url }, 'subgraph not reached');
      throw new Fault('SERVICE_UNAVAILABLE', undefined, undefined, { cause: error });
    }
  }

  return {
    execute: (request) =>
      reaching(request.signal, async () =>
        decodeResult(await jsonOf(await onceMoreIfClosed(request, () => send(requests, `${prefix}/graphql`, request)))),
      ),
    subscribe: (request) =>
      reaching(request.signal, async () => {
        const response = await onceMoreIfClosed(request, () => send(streams, `${prefix}/graphql/stream`, request));
        if (!mediaTypeOf(response).startsWith(STREAM_TYPE)) return decodeResult(await jsonOf(response));
        return new LineStream(response.body, (line) => decodeResult(JSON.parse(line)));
      }),
    close: async () => {
      // Streams never end by themselves.
      await Promise.all([requests.close(), streams.destroy()]);
    },
  };
}

/** The first time on a connection that turns out closed is tried again, once, if trying again changes nothing. */
export async function onceMoreIfClosed<T>(request: SubgraphRequest, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    const closed = error instanceof Error && 'code' in error && CLOSED_CODES.has(error.code);
    if (!closed || isMutation(request) || request.signal?.aborted) throw error;
    return send();
  }
}

function isMutation(request: SubgraphRequest): boolean {
  if (!request.document) return /^\s*mutation\b/.test(request.query);
  return request.document.definitions.some(
    (node) => 'operation' in node && node.operation === OperationTypeNode.MUTATION,
  );
}

function mediaTypeOf(response: Dispatcher.ResponseData): string {
  const type = response.headers['content-type'];
  return typeof type === 'string' ? type : '';
}

async function jsonOf(response: Dispatcher.ResponseData): Promise<unknown> {
  if (mediaTypeOf(response).startsWith(MEDIA_TYPE)) return response.body.json();
  await response.body.dump();
  throw new Error('The subgraph answered with something else than JSON.');
}

/** A subgraph's answer. Throws if it is none. */
function decodeResult(value: unknown): SubgraphResult {
  return resultSchema.parse(value);
}

/** Errors come as plain objects; the gateway library reads message, path and extensions of them. */
function isErrorObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string';
}
