/** /graphql over HTTP: who asks, what Apollo Server answers, and the status it gets. */
import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteGenericInterface } from 'fastify';
import { getOperationAST, parse } from 'graphql';
import { ANONYMOUS } from '../platform/auth/principal';
import { Fault } from '../platform/errors';
import { withLogScope } from '../platform/log';
import { MOST_TOKENS } from './apollo';
import type { Authenticator } from './authenticator';
import { openOperation, type OpenOperation, type OperationContext } from './context';
import type { ErrorFormatter } from './format-error';
import { refusalStatus, refuse } from './http-refusals';

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
        if (request.method === 'GET') {
          if (isBrowser(request)) return options.page(reply);
          // Before the check for cross-site requests, which would hide the reason.
          if (asksForMutation(request)) {
            const fault = new Fault('INVALID_REQUEST', 'GET requests can only query: send mutations by POST.');
            return refuse(reply.header('allow', 'POST'), options.formatError, 405, fault);
          }
        }
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
function isBrowser(request: Pick<FastifyRequest, 'id' | 'headers' | 'query'>): boolean {
  return /\btext\/html\b/.test(request.headers.accept ?? '') && queryOf(request)['query'] === undefined;
}

function asksForMutation(request: Pick<FastifyRequest, 'id' | 'headers' | 'query'>): boolean {
  const { query, operationName } = queryOf(request);
  if (typeof query !== 'string') return false;
  try {
    const document = parse(query, { noLocation: true, maxTokens: MOST_TOKENS });
    return (
      getOperationAST(document, typeof operationName === 'string' ? operationName : undefined)?.operation === 'mutation'
    );
  } catch {
    return false; // Apollo Server says what is wrong with it
  }
}

function queryOf(request: Pick<FastifyRequest, 'id' | 'headers' | 'query'>): Record<string, unknown> {
  return typeof request.query === 'object' && request.query !== null ? { ...request.query } : {};
}
