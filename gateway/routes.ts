/** What the gateway serves beside the graph. */
import type { FastifyInstance } from 'fastify';
import type { JSONWebKeySet } from 'jose';
import { METRICS_CONTENT_TYPE, metricsText, registerProcessMetrics } from '../platform/metrics';
import type { Readiness } from './readiness';

/** What a route of the composition root is given. Header names are in lower case. */
export interface GatewayRouteRequest {
  params: Record<string, string>;
  headers: Record<string, string | string[] | undefined>;
  /** What was posted, as it came; empty for a GET. */
  body: string;
  requestId: string;
}

/** What it answers. */
export interface GatewayReply {
  status: number;
  contentType: string;
  body: string | Buffer;
  /** How long anybody may keep the answer; undefined: not at all. */
  cacheSeconds?: number;
}

/** An address that is served beside the graph. */
export interface GatewayRoute {
  method: 'GET' | 'POST';
  /** With parameters as in `/images/demo/:file`. */
  path: string;
  /** Bytes a POST may have, JSON of any kind; a larger one is answered with 413. */
  largestBody?: number;
  /** A Fault becomes a refusal. */
  handle(request: GatewayRouteRequest): Promise<GatewayReply>;
}

/** For what is served from here to be looked at: pictures and plain pages, no scripts. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";
/** JSON of any kind, with or without a charset. */
const JSON_TYPES = /^application\/([\w.+-]+\+)?json\s*(;|$)/i;
/** How long verifiers may keep the key set, in seconds. */
const JWKS_SECONDS = 300;

/** Adds health, metrics and the key set. */
export function addOperatorRoutes(fastify: FastifyInstance, readiness: Readiness, jwks: JSONWebKeySet): void {
  registerProcessMetrics();
  fastify.get('/health/live', () => ({ status: 'live' }));
  fastify.get('/health/ready', async (_request, reply) => {
    const report = await readiness.report();
    return reply.code(report.status === 'ready' ? 200 : 503).send(report);
  });
  fastify.get('/metrics', async (_request, reply) => reply.type(METRICS_CONTENT_TYPE).send(await metricsText()));
  fastify.get('/.well-known/jwks.json', (_request, reply) =>
    reply.header('cache-control', `public, max-age=${JWKS_SECONDS}`).send(jwks),
  );
}

/** Adds a route of the composition root. */
export function addRoute(fastify: FastifyInstance, route: GatewayRoute): void {
  // A scope of its own: what is posted here stays text, while /graphql goes on reading JSON and refusing all else.
  void fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(JSON_TYPES, { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body.toString()),
    );
    scope.route<{ Params: Record<string, string> }>({
      method: route.method,
      url: route.path,
      bodyLimit: route.largestBody,
      handler: async (request, reply) => {
        const { status, contentType, body, cacheSeconds } = await route.handle({
          params: request.params,
          headers: request.headers,
          body: typeof request.body === 'string' ? request.body : '',
          requestId: request.id,
        });
        return reply
          .code(status)
          .type(contentType)
          .header('content-security-policy', PAGE_POLICY)
          .header(
            'cache-control',
            cacheSeconds === undefined ? 'no-store' : `public, max-age=${cacheSeconds}, immutable`,
          )
          .send(body);
      },
    });
    if (route.method === 'POST') {
      scope.route({
        method: ['GET', 'PUT', 'PATCH', 'DELETE'],
        url: route.path,
        // Before the body is read: it does not matter.
        onRequest: async () => {
          throw Object.assign(new Error(), { statusCode: 405 });
        },
        handler: () => undefined,
      });
    }
  });
}
