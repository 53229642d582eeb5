/** /graphql over HTTP: who asks, what Apollo Server answers, and the status it gets. */
import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteGenericInterface } from 'fastify';
import { getOperationAST, OperationTypeNode, parse } from 'graphql';
import { ANONYMOUS } from '../platform/auth/principal';
import { Fault } from '../platform/errors';
import { withLogScope } from '../platform/log';
import { MOST_TOKENS } from './apollo';
import type { Authenticator } from './authenticator';
import { openOperation, type OpenOperation, type OperationContext } from './context';
import type { ErrorFormatter } from './format-error';
import { refusalStatus, refuse } from './http-refusals';
import { subscriptionOverHttp } from './operation-rules';

/** What the route works with. */
export interface GraphqlRouteOptions {
  apollo: ApolloServer<OperationContext>;
  authenticator: Authenticator;
  formatError: ErrorFormatter;
  /** What a browser gets that opens the address; sets the headers. */
  page(reply: FastifyReply<GraphqlRoute>): string;
}

/** Apollo's handler answers with text. */
interface GraphqlRoute extends RouteGenericInterface {
  Reply: string;
}
type Request = FastifyRequest<GraphqlRoute>;

/** Adds the route. */
export function addGraphqlRoute(fastify: FastifyInstance, options: GraphqlRouteOptions): void {
  const operations = new WeakMap<Request['raw'], OpenOperation>();
  const answer = fastifyApolloHandler(options.apollo, {
    context: async (request) => {
      const operation = await open(request, options.authenticator);
      operations.set(request.raw, operation);
      return operation.context;
    },
  });

  fastify.route<GraphqlRoute>({
    // Apollo Server answers the methods it does not know with 405.
    method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    url: '/graphql',
    exposeHeadRoute: false,
    handler: (request, reply) =>
      withLogScope({ requestId: request.id }, async () => {
        if (isBrowser(request)) return options.page(reply);
        const refusal = refusedAtOnce(request);
        if (refusal) return refuse(reply, options.formatError, refusal.status, refusal.fault);
        void reply.header('cache-control', 'no-store');
        reply.raw.on('close', () => operations.get(request.raw)?.leave());
        try {
          const body = await answer.call(fastify, request, reply);
          const refusedWith = operations.get(request.raw)?.context.outcome.refusedWith;
          if (refusedWith)
            void reply.code(refusalStatus(refusedWith, String(reply.getHeader('content-type')), reply.statusCode));
          return body;
        } finally {
          operations.get(request.raw)?.release();
        }
      }),
  });
}

async function open(
  request: Pick<FastifyRequest, 'id' | 'headers' | 'query'>,
  authenticator: Authenticator,
): Promise<OpenOperation> {
  const given = { requestId: request.id, door: 'http' as const };
  try {
    return openOperation({ ...given, principal: await authenticator.authenticate(request.headers.authorization) });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // Refused by operation-rules.ts, so that the answer has the form of any other.
    return openOperation({ ...given, principal: ANONYMOUS, refusal: error });
  }
}

/** Whether a person has opened the address: HTML is asked for by name, and there is no query. */
function isBrowser(request: Pick<FastifyRequest, 'method' | 'headers' | 'query'>): boolean {
  if (request.method !== 'GET' || fieldsOf(request.query)['query'] !== undefined) return false;
  return /\btext\/html\b/.test(request.headers.accept ?? '');
}

/**
 * Mutations by GET, before the check for cross-site requests, which would hide the reason; and subscriptions, before the
 * validation of graphql-js, which can throw on them.
 */
function refusedAtOnce(
  request: Pick<FastifyRequest, 'method' | 'query' | 'body'>,
): { status: number; fault: Fault } | undefined {
  const { query, operationName } = fieldsOf(request.method === 'GET' ? request.query : request.body);
  // Most requests are neither, and need not be parsed for that.
  if (typeof query !== 'string' || !/\b(?:mutation|subscription)\b/.test(query)) return undefined;
  if (request.method !== 'GET' && !/\bsubscription\b/.test(query)) return undefined;
  const type = typeOf(query, typeof operationName === 'string' ? operationName : undefined);
  if (type === OperationTypeNode.SUBSCRIPTION) return { status: 400, fault: subscriptionOverHttp() };
  if (type !== OperationTypeNode.MUTATION || request.method !== 'GET') return undefined;
  return { status: 405, fault: new Fault('INVALID_REQUEST', 'GET requests can only query: send mutations by POST.') };
}

function typeOf(query: string, operationName: string | undefined): OperationTypeNode | undefined {
  try {
    return getOperationAST(parse(query, { noLocation: true, maxTokens: MOST_TOKENS }), operationName)?.operation;
  } catch {
    return undefined; // Apollo Server says what is wrong with it
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
