/** /graphql over WebSocket: graphql-transport-ws, with our limits, close codes and logs. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import { GraphQLError, type ExecutionArgs, type GraphQLSchema } from 'graphql';
import { WebSocketServer, type WebSocket } from 'ws';
import { z } from 'zod';
import { Fault } from '../../platform/errors';
import { newUuid } from '../../platform/ids';
import { withLogScope, type Log } from '../../platform/log';
import type { Authenticator } from '../authenticator';
import type { ErrorFormatter } from '../format-error';
import { refuseSocket } from '../http-refusals';
import { AT_THE_DOOR, rateFault, type Rates } from '../limits/rates';
import { peerAddress } from '../peer-address';
import type { PersistedOperations } from '../persisted/persisted-operations';
import type { Sessions } from '../session-watch';
import { RefusedOperation } from './refused-operation';
import { SocketAdmission } from './socket-admission';
import { SocketClient, type Cut } from './socket-client';
import { SocketOperation, type SocketOperations } from './socket-operation';
import type { OpenConnections } from './tally';

/** Largest frame, in bytes; a larger one closes with 1009. */
const LARGEST_FRAME = 1_048_576;
/** Time for the client's `connection_init`, in milliseconds; then 4408. */
const INIT_MS = 15_000;
/** Operations running on one socket, at most; then 4429. */
const MOST_OPERATIONS = 100;
/** "Service restart": clients reconnect. */
const RESTART = 1012;

/** Why the protocol's library closes; with all other codes because the client does not keep to the protocol. */
const CUTS = new Map<number, Cut>([
  [CloseCode.ConnectionInitialisationTimeout, 'init_timeout'],
  [CloseCode.Forbidden, 'refused'],
]);

/** What the door works with. */
export interface SocketDoorOptions {
  /** The schema clients see now. */
  schema: () => GraphQLSchema;
  operations: SocketOperations;
  persisted: PersistedOperations;
  authenticator: Authenticator;
  sessions: Sessions;
  /** Proxies in front whose X-Forwarded-For is believed. */
  trustedProxies: number;
  connections: OpenConnections;
  /** undefined: nobody is limited. */
  rates?: Rates;
  formatError: ErrorFormatter;
  log: Log;
}

/** Takes the upgrades of `server` at /graphql. */
export class SocketDoor {
  private readonly server = new WebSocketServer({
    noServer: true,
    maxPayload: LARGEST_FRAME,
    handleProtocols,
    autoPong: false,
  });
  private readonly clients = new Set<SocketClient>();
  private readonly admission;
  private readonly protocol;
  private closing = false;

  constructor(
    server: Server,
    private readonly options: SocketDoorOptions,
  ) {
    const { formatError } = options;
    this.admission = new SocketAdmission(options);
    this.protocol = makeServer<Record<string, unknown>, SocketClient>({
      connectionInitWaitTimeout: INIT_MS,
      onConnect: ({ extra, connectionParams }) => this.admission.admit(extra, connectionParams),
      onSubscribe: ({ subscriptions, extra }, _id, payload) => {
        if (Object.keys(subscriptions).length <= MOST_OPERATIONS) return this.prepare(payload, extra);
        // The protocol's code for "too many", though the library names it after another case.
        extra.end(CloseCode.TooManyInitialisationRequests, 'Too many operations', 'too_many');
        return [new GraphQLError('Too many operations.')];
      },
      execute: runPrepared,
      subscribe: runPrepared,
      onNext: (_context, _id, _payload, _args, result) => result,
      onError: (_context, _id, _payload, errors) => errors.flatMap((error) => formattedErrors(error, formatError)),
    });
    this.server.on('wsClientError', (_error, socket) => refuseSocket(socket, formatError, 400));
    server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
  }

  /** Closes all sockets with 1012, and refuses new ones. */
  async close(): Promise<void> {
    this.closing = true;
    for (const client of this.clients) client.end(RESTART, 'Service restart', 'restart');
    await Promise.all([...this.clients].map(({ closed }) => closed));
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { formatError } = this.options;
    const path = request.url?.split('?')[0];
    if (this.closing) refuseSocket(socket, formatError, 503, 'The server is shutting down.');
    else if (path !== '/graphql') refuseSocket(socket, formatError, 404, 'There is no WebSocket at this address.');
    else this.server.handleUpgrade(request, socket, head, (opened) => this.accept(opened, request));
  }

  private accept(socket: WebSocket, request: IncomingMessage): void {
    const { connections, trustedProxies, log } = this.options;
    const client = new SocketClient(socket, peerAddress(request, trustedProxies));
    this.clients.add(client);
    void client.closed.then(() => this.clients.delete(client));
    // A frame too large or a broken connection; ws closes with the right code by itself.
    socket.on('error', (error) => log.debug({ err: error }, 'socket failed'));
    if (!connections.takeAddress(client.clientAddress, client)) {
      client.end(CloseCode.TooManyInitialisationRequests, 'Too many sockets', 'too_many');
      return;
    }
    const closed = this.protocol.opened(
      {
        protocol: socket.protocol,
        send: (data) => client.send(data),
        close: (code = CloseCode.InternalServerError, reason = '') =>
          client.end(code, reason, CUTS.get(code) ?? 'protocol'),
        onPing: (payload) => this.admission.pong(client, payload),
        onMessage: (handle) =>
          socket.on('message', (data: Buffer) => {
            // What comes while it closes would begin operations that nobody ends.
            if (client.over) return;
            handle(withQuery(data.toString())).catch((error: unknown) => {
              log.error({ err: error }, 'socket message failed');
              client.end(CloseCode.InternalServerError, 'Internal server error', 'protocol');
            });
          }),
      },
      client,
    );
    client.atEnd(() => {
      closed().catch((error: unknown) => log.error({ err: error }, 'socket end failed'));
    });
  }

  private async prepare(
    payload: SubscribePayload,
    client: SocketClient,
  ): Promise<ExecutionArgs | readonly GraphQLError[]> {
    try {
      const rate = await this.options.rates?.take(client, AT_THE_DOOR);
      if (rate && !rate.allowed) throw rateFault(rate);
      await this.options.sessions.confirmLately(client.principal);
      const query = (await this.options.persisted.textFor(payload, client.principal)) ?? payload.query;
      const operation = this.options.operations.prepare({ ...payload, query }, client);
      const { document, operationName } = operation;
      return { schema: this.options.schema(), document, operationName, contextValue: operation };
    } catch (error) {
      if (error instanceof GraphQLError) return [error];
      if (error instanceof Fault) return [new GraphQLError(error.message, { originalError: error })];
      throw error;
    }
  }
}

/**
 * A `subscribe` that names its operation by id or hash, with an empty `query` beside it: the protocol's library refuses one
 * that has none before anybody could look the operation up.
 */
function withQuery(text: string): string {
  if (!/"(?:documentId|extensions)"/.test(text)) return text;
  try {
    const { success, data } = namedOperation.safeParse(JSON.parse(text));
    return success ? JSON.stringify({ ...data, payload: { ...data.payload, query: '' } }) : text;
  } catch {
    return text; // no JSON: the library closes with 4400
  }
}
const namedOperation = z.looseObject({
  type: z.literal('subscribe'),
  payload: z.looseObject({ query: z.undefined().optional() }),
});

/** The protocol's library looks the operation up again by name to see what to call; both lead here. */
function runPrepared({ contextValue }: ExecutionArgs): ReturnType<SocketOperation['run']> {
  if (!(contextValue instanceof SocketOperation)) throw new Error('An operation was not prepared.');
  return contextValue.run();
}

function formattedErrors(error: GraphQLError, format: ErrorFormatter): readonly ReturnType<ErrorFormatter>[] {
  if (error.originalError instanceof RefusedOperation) return error.originalError.errors;
  // Refused before it became an operation, so it has no request id yet.
  return [withLogScope({ requestId: newUuid() }, () => format(error))];
}
