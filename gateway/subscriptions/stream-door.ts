/** /graphql for clients that read many answers from one HTTP response: event streams and Apollo's multipart. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SubscribePayload } from 'graphql-ws';
import { z } from 'zod';
import type { Principal } from '../../platform/auth/principal';
import { Fault } from '../../platform/errors';
import { withLogScope } from '../../platform/log';
import type { Authenticator, Identity } from '../authenticator';
import type { ClientError, ErrorFormatter } from '../format-error';
import { streamsCut } from '../metrics';
import { peerAddress } from '../peer-address';
import { askedOperation } from '../persisted/asked-operation';
import type { PersistedOperations } from '../persisted/persisted-operations';
import { operationFields } from '../persisted/request-fields';
import type { SessionWatch } from '../session-watch';
import type { SubscriptionEngine } from './engine';
import { HttpStream } from './http-stream';
import { RefusedOperation } from './refused-operation';
import { cursorReader, resumed } from './resume';
import type { SocketOperations } from './socket-operation';
import type { StreamTickets } from './stream-tickets';
import type { OpenConnections } from './tally';
import type { Transport } from './transport';

/** What the door works with. */
export interface StreamDoorOptions {
  engine: SubscriptionEngine;
  operations: SocketOperations;
  persisted: PersistedOperations;
  authenticator: Authenticator;
  tickets: StreamTickets;
  /** Proxies in front whose X-Forwarded-For is believed. */
  trustedProxies: number;
  /** Ends streams with their sessions. */
  sessions: SessionWatch;
  connections: OpenConnections;
  formatError: ErrorFormatter;
}

const payloadSchema = z.object({
  operationName: z.string().nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
});

/** Runs operations whose answers are streamed. */
export class StreamDoor {
  /** Subscriptions: what else runs comes to its own end. */
  private readonly running = new Map<HttpStream, { requestId: string }>();
  private closing = false;

  constructor(private readonly options: StreamDoorOptions) {}

  /** Whose stream it would be, by ticket or header; a Fault if that is no good: the stream says so. */
  async sessionOf(request: FastifyRequest): Promise<Identity | Fault> {
    const { ticket } = fieldsOf(request.query);
    const { tickets, authenticator } = this.options;
    try {
      if (request.method === 'GET' && ticket !== undefined) return await tickets.sessionOf(ticket);
      return await authenticator.authenticateSession(request.headers.authorization);
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
  }

  /** Answers, and resolves when it has. Rejects with Fault INVALID_REQUEST, nothing written, if there is no operation in it. */
  async serve(
    request: FastifyRequest,
    reply: FastifyReply,
    transport: Transport,
    session: Identity | Fault,
  ): Promise<void> {
    const payload = payloadOf(request);
    reply.hijack();
    const headers = { ...reply.getHeaders(), ...(this.closing && { connection: 'close' }) };
    const stream = new HttpStream(reply.raw, transport, headers);
    let begun = false;
    let isSubscription = false;
    try {
      if (session instanceof Fault) throw session;
      const query = await this.options.persisted.textFor(operationFields(request), session.principal);
      const { operation, cursorOf } = this.prepare({ ...payload, query: query ?? '' }, session, request);
      ({ isSubscription } = operation);
      if (isSubscription) this.admit(stream, session.principal, request);
      const answers = operation.run();
      stream.atEnd(() => void answers.return(undefined));
      const stopWatching = this.watch(session, stream, request.id);
      try {
        for (let step = await answers.next(); !step.done; step = await answers.next()) {
          const { value } = step;
          begun = true;
          // Answers have data; without it this is what ended the subscription.
          if (value.data === undefined) {
            stream.end(transport.ended(value.errors?.map((error) => error.toJSON()) ?? []));
          } else await stream.send(transport.answer(value, cursorOf(value)));
        }
      } finally {
        stopWatching();
      }
      stream.end(transport.complete);
    } catch (error) {
      const errors = this.errorsOf(error);
      const isOutage = isSubscription && errors.some(({ extensions }) => extensions.code === 'SERVICE_UNAVAILABLE');
      const how = isOutage ? 'interrupted' : begun ? 'ended' : 'refused';
      stream.end(transport[how](errors));
    }
  }

  /** Ends all subscriptions, and those that come meanwhile, so that their clients come back elsewhere. */
  close(): void {
    this.closing = true;
    for (const [stream, scope] of this.running) {
      streamsCut.inc({ transport: stream.transport.name, reason: 'restart' });
      const error = withLogScope(scope, () => this.options.formatError(new Fault('SERVICE_UNAVAILABLE', RESTART)));
      stream.end(stream.transport.interrupted([error]));
    }
  }

  private admit(stream: HttpStream, principal: Principal, request: FastifyRequest): void {
    const { connections, trustedProxies } = this.options;
    const address = peerAddress(request.raw, trustedProxies);
    if (!connections.takeAddress(address, stream) || !connections.takeCaller(principal, stream)) {
      streamsCut.inc({ transport: stream.transport.name, reason: 'too_many' });
      throw new Fault('RATE_LIMIT_EXCEEDED', 'Too many connections are open: close one first.');
    }
    this.running.set(stream, { requestId: request.id });
    stream.atEnd(() => this.running.delete(stream));
    if (this.closing) throw new Fault('SERVICE_UNAVAILABLE', RESTART);
  }

  private prepare(
    payload: SubscribePayload,
    { principal }: Identity,
    request: FastifyRequest,
  ): { operation: ReturnType<SocketOperations['prepare']>; cursorOf: ReturnType<typeof cursorReader> } {
    const { operations, engine, trustedProxies } = this.options;
    const { schema } = engine;
    const lastEventId = request.headers['last-event-id'];
    const document = operations.parsed(payload.query);
    const wanted =
      typeof lastEventId === 'string' && lastEventId !== '' ? resumed(schema, document, payload, lastEventId) : payload;
    const caller = { principal, clientAddress: peerAddress(request.raw, trustedProxies) };
    const operation = operations.prepare(wanted, caller, { requestId: request.id, admitted: payload.query });
    return { operation, cursorOf: cursorReader(schema, operation.document, operation.operationName) };
  }

  private watch(session: Identity, stream: HttpStream, requestId: string): () => void {
    const ended = (why: Fault): void => {
      streamsCut.inc({ transport: stream.transport.name, reason: 'session' });
      stream.end(stream.transport.ended([withLogScope({ requestId }, () => this.options.formatError(why))]));
    };
    return this.options.sessions.watch(session, ended);
  }

  private errorsOf(error: unknown): readonly ClientError[] {
    return error instanceof RefusedOperation ? error.errors : [this.options.formatError(error)];
  }
}

const RESTART = 'The server is restarting. Subscribe again.';

/** All but the operation, from the body of a POST or the address of a GET, where variables are JSON. */
function payloadOf(request: FastifyRequest): Omit<SubscribePayload, 'query'> {
  const { operationName, variables } = fieldsOf(request.method === 'GET' ? request.query : request.body);
  const asked = { operationName, variables: request.method === 'GET' ? parsedJson(variables) : variables };
  const { success, data } = payloadSchema.safeParse(asked);
  if (!success || !askedOperation(operationFields(request)))
    throw new Fault(
      'INVALID_REQUEST',
      'An operation is expected: query, and if needed variables (an object) and operationName.',
    );
  return data;
}

function parsedJson(text: unknown): unknown {
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text; // no object, so it is refused
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
