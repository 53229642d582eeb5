/** /graphql over HTTP: who asks, what Apollo Server answers, and the status it gets. */
import type { ApolloServer } from '@apollo/server';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteGenericInterface } from 'fastify';
import { getOperationAST, OperationTypeNode, parse } from 'graphql';
import { ANONYMOUS } from '../platform/auth/principal';
import { Fault } from '../platform/errors';
import { withLogScope } from '../platform/log';
import type { Authenticator, Identity } from './authenticator';
import { openOperation, type OpenOperation, type OperationContext } from './context';
import type { ErrorFormatter } from './format-error';
import { refusalStatus, refuse } from './http-refusals';
import { checkText, MOST_TOKENS } from './limits/check-text';
import { AT_THE_DOOR, rateFault, rateHeaders, type Rates } from './limits/rates';
import { subscriptionOverHttp } from './operation-rules';
import type { FoundOperation, PersistedOperations } from './persisted/persisted-operations';
import { operationFields, replaceOperation } from './persisted/request-fields';
import { peerAddress } from './peer-address';
import type { StreamDoor } from './subscriptions/stream-door';
import { transportFor } from './subscriptions/transport';

/** What the route works with. */
export interface GraphqlRouteOptions {
  apollo: ApolloServer<OperationContext>;
  authenticator: Authenticator;
  /** undefined: operations are what their text says, and anybody may run them. */
  persisted?: PersistedOperations;
  /** For clients that accept a stream of answers; undefined: there are none. */
  streams?: StreamDoor;
  formatError: ErrorFormatter;
  /** undefined: nobody is limited. */
  rates?: Rates;
  trustedProxies: number;
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
      const operation = operations.get(request.raw);
      if (!operation) throw new Error('A request was not opened.');
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
        const { streams, formatError } = options;
        const hasTicket = request.method === 'GET' && fieldsOf(request.query)['ticket'] !== undefined;
        const session = hasTicket ? await streams?.sessionOf(request) : undefined;
        const caller = await callerOf(request, options, session);
        const rate = await options.rates?.take(caller, AT_THE_DOOR);
        if (rate) void reply.headers(rateHeaders(rate));
        if (rate && !rate.allowed) return refuse(reply, formatError, 429, rateFault(rate));
        const meant = await meantBy(request, options.persisted);
        if (meant instanceof Fault && meant.code === 'INVALID_REQUEST') return refuse(reply, formatError, 400, meant);
        const type = typeOf(request, meant);
        const isSubscription = type === OperationTypeNode.SUBSCRIPTION;
        const transport = streams && transportFor(request.headers.accept, request.method, isSubscription);
        const refusal = refusedAtOnce(request.method, type, transport !== undefined);
        if (refusal) return refuse(reply, formatError, refusal.status, refusal.fault);
        if (streams && transport) {
          await streams.serve(request, reply, transport, session ?? (await streams.sessionOf(request)));
          return reply;
        }
        void reply.header('cache-control', 'no-store');
        // A ticket is for streams alone.
        const asker = session ? await callerOf(request, options) : caller;
        const operation = openOperation({ ...asker, requestId: request.id, door: 'http', tokensTaken: AT_THE_DOOR });
        const { context } = operation;
        context.outcome.rate = rate;
        context.refusal ??= await refusalOf(meant, context, options.persisted);
        if (meant) replaceOperation(request, context.refusal || meant instanceof Fault ? NO_OPERATION : meant.text);
        operations.set(request.raw, operation);
        reply.raw.on('close', () => operation.leave());
        try {
          const body = await answer.call(fastify, request, reply);
          const { refusedWith, rate: after } = context.outcome;
          if (after) void reply.headers(rateHeaders(after));
          if (refusedWith)
            void reply.code(refusalStatus(refusedWith, String(reply.getHeader('content-type')), reply.statusCode));
          return body;
        } finally {
          operation.release();
        }
      }),
  });
}

/** What the request means; a Fault if that is nothing. Undefined: it does not say. */
type Meant = FoundOperation | Fault | undefined;

async function meantBy(request: Request, persisted: PersistedOperations | undefined): Promise<Meant> {
  try {
    return await persisted?.find(operationFields(request));
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

/** Stands for an operation that is refused: it is not parsed, and the answer has its form all the same. */
const NO_OPERATION = '{ __typename }';

/** Why the operation is refused, which operation-rules.ts says. */
async function refusalOf(
  meant: Meant,
  { principal }: OperationContext,
  persisted: PersistedOperations | undefined,
): Promise<Fault | undefined> {
  if (!meant || meant instanceof Fault) return meant;
  try {
    checkText(meant.text);
    await persisted?.admit(meant, principal);
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

/** Who asks: by the session of a ticket that was shown, else by the header. */
async function callerOf(
  request: Request,
  { authenticator, trustedProxies }: GraphqlRouteOptions,
  session?: Identity | Fault,
): Promise<Pick<OperationContext, 'principal' | 'refusal' | 'clientAddress'>> {
  const clientAddress = peerAddress(request.raw, trustedProxies);
  try {
    if (session instanceof Fault) throw session;
    const principal = session?.principal ?? (await authenticator.authenticate(request.headers.authorization));
    return { principal, clientAddress };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // Refused by operation-rules.ts, so that the answer has the form of any other.
    return { principal: ANONYMOUS, clientAddress, refusal: error };
  }
}

/** Whether a person has opened the address: HTML is asked for by name, and there is no operation. */
function isBrowser(request: Pick<FastifyRequest, 'method' | 'headers' | 'query'>): boolean {
  const { query, extensions, documentId } = fieldsOf(request.query);
  if (request.method !== 'GET' || [query, extensions, documentId].some((field) => field !== undefined)) return false;
  return /\btext\/html\b/.test(request.headers.accept ?? '');
}

/**
 * Mutations by GET, before the check for cross-site requests, which would hide the reason; and subscriptions whose client
 * accepts no stream, before the validation of graphql-js, which can throw on them.
 */
function refusedAtOnce(
  method: string,
  type: OperationTypeNode | undefined,
  streams: boolean,
): { status: number; fault: Fault } | undefined {
  if (type === OperationTypeNode.SUBSCRIPTION && !streams) return { status: 400, fault: subscriptionOverHttp() };
  if (type !== OperationTypeNode.MUTATION || method !== 'GET') return undefined;
  return { status: 405, fault: new Fault('INVALID_REQUEST', 'GET requests can only query: send mutations by POST.') };
}

/** Of the operation, where it matters; undefined for all that need not be told apart, and for what cannot be read. */
function typeOf(
  request: Pick<FastifyRequest, 'method' | 'query' | 'body'>,
  meant: Meant,
): OperationTypeNode | undefined {
  const isGet = request.method === 'GET';
  const { query: sent, operationName } = fieldsOf(isGet ? request.query : request.body);
  const query = meant && !(meant instanceof Fault) ? meant.text : sent;
  // Most requests are neither, and need not be parsed for that.
  if (typeof query !== 'string' || !/\b(?:mutation|subscription)\b/.test(query)) return undefined;
  if (!isGet && !/\bsubscription\b/.test(query)) return undefined;
  const name = typeof operationName === 'string' ? operationName : undefined;
  try {
    checkText(query);
    return getOperationAST(parse(query, { noLocation: true, maxTokens: MOST_TOKENS }), name)?.operation;
  } catch {
    return undefined; // Apollo Server says what is wrong with it
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
