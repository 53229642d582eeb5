/** The HTTP server: limits, request ids, security headers and the way it goes down. */
import { randomUUID } from 'node:crypto';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import cors, { type FastifyCorsOptions } from '@fastify/cors';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { Fault } from '../platform/errors';
import type { ErrorFormatter } from './format-error';
import { refuse, refuseInOurShape, refuseSocket } from './http-refusals';

/** Largest body, in bytes; a larger one is answered with 413. */
const LARGEST_BODY = 1_048_576;
/** Times of the door, in milliseconds. */
const TIMES = {
  /** What a client has to send its whole request. */
  request: 30_000,
  /** Pause between two looks for those that took longer. */
  check: 5_000,
};
/** How long new connections are still taken while readiness says no, in milliseconds, so that somebody can hear it. */
const NOTICE_MS = 500;
/**
 * How long kept-alive connections are kept after the listening has stopped, in milliseconds, or until there are none. Every
 * answer of this time tells its client to connect anew, so that no connection is cut under a request that is just on its way,
 * from a client on a busy machine too.
 */
const FAREWELL_MS = 800;
/** Time for requests in flight after that, in milliseconds. */
const DRAIN_MS = 6_000;

/** Statuses of what ends a connection before there is a request. */
const CLIENT_ERRORS: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** Headers of every answer. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
};

/** What pages of other origins may send and read. Without cookies: a session travels in a header. */
const CORS: FastifyCorsOptions = {
  methods: ['GET', 'POST'],
  allowedHeaders: ['authorization', 'content-type', 'apollo-require-preflight', 'x-request-id'],
  exposedHeaders: ['x-request-id', 'retry-after', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'],
  maxAge: 600,
};

/** The server and how it ends. */
export interface HttpDoor {
  fastify: FastifyInstance;
  /** Answers what is in flight and closes; never longer than a few seconds. */
  close(): Promise<void>;
}

/**
 * Makes the server; the caller adds the routes and listens. Pages of `corsOrigins` may read its answers in a browser; those of
 * other origins may not.
 */
export function createHttpDoor(
  formatError: ErrorFormatter,
  corsOrigins: readonly string[] = [],
  times = TIMES,
): HttpDoor {
  let closing = false;
  const fastify = Fastify({
    logger: false,
    bodyLimit: LARGEST_BODY,
    requestTimeout: times.request,
    // Node's own time for the headers is longer, and as long as it is, none is kept.
    http: { headersTimeout: times.request, connectionsCheckingInterval: times.check },
    // Requests that come in while the server closes are in flight like any other.
    return503OnClosing: false,
    exposeHeadRoutes: false,
    requestIdHeader: false,
    genReqId: ({ headers }) => requestId(headers['x-request-id']),
    clientErrorHandler: (error, socket) => refuseSocket(socket, formatError, CLIENT_ERRORS[error.code] ?? 400),
    frameworkErrors: (_error, _request, reply: FastifyReply) => {
      void reply.send(refuse(reply, formatError, 400, new Fault('INVALID_REQUEST')));
    },
  });
  // Forms and plain text can be sent from any site without asking: they are refused (415) before anything reads them.
  fastify.removeContentTypeParser('text/plain');
  refuseInOurShape(fastify, formatError);
  fastify.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS).header('x-request-id', request.id);
    // A few kilobytes could unfold to gigabytes.
    const encoding = request.headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity') throw Object.assign(new Error(), { statusCode: 415 });
  });
  if (corsOrigins.length > 0) void fastify.register(cors, { ...CORS, origin: [...corsOrigins] });
  fastify.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close');
  });

  return {
    fastify,
    close: async () => {
      const { server } = fastify;
      if (server.listening) {
        await sleep(NOTICE_MS);
        closing = true;
        // The plain socket server's close: it stops listening, but leaves kept-alive connections alone, where that of HTTP
        // cuts the idle ones at once.
        const emptied = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()));
        await Promise.race([emptied, sleep(FAREWELL_MS)]);
        server.closeIdleConnections();
        const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
        await emptied;
        clearTimeout(timer);
      }
      await fastify.close();
    },
  };
}

/** The client's, if it is one that can be searched for in logs without harm; else a new one. */
function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID();
}
