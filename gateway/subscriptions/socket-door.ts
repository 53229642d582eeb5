/** /graphql over WebSocket: graphql-transport-ws, with our limits, close codes and logs. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, handleProtocols, makeServer, type Context, type SubscribePayload } from 'graphql-ws';
import { GraphQLError, type ExecutionArgs, type GraphQLSchema } from 'graphql';
import { WebSocket, WebSocketServer } from 'ws';
import { ANONYMOUS, type Principal } from '../../platform/auth/principal';
import { codeOf } from '../../platform/errors';
import { newUuid } from '../../platform/ids';
import { withLogScope, type Log } from '../../platform/log';
import type { Authenticator } from '../authenticator';
import type { ErrorFormatter } from '../format-error';
import { refuseSocket } from '../http-refusals';
import { socketsOpen } from '../metrics';
import { RefusedOperation } from './refused-operation';
import { SocketOperation, type SocketOperations } from './socket-operation';

/** Largest frame, in bytes; a larger one closes with 1009. */
const LARGEST_FRAME = 1_048_576;
/** Time for the client's `connection_init`, in milliseconds; then 4408. */
const INIT_MS = 15_000;
/** Operations running on one socket, at most; then 4429. */
const MOST_OPERATIONS = 100;
/** Pause between pings, in milliseconds; a client that misses one is cut off, so that its subscriptions end. */
const PING_MS = 12_000;
/** Time a client has to answer our closing, in milliseconds. */
const CLOSING_MS = 1_000;
/** "Service restart": clients reconnect. */
const RESTART = 1012;

/** What the door works with. */
export interface SocketDoorOptions {
  schema: GraphQLSchema;
  operations: SocketOperations;
  authenticator: Authenticator;
  formatError: ErrorFormatter;
  log: Log;
}

interface Client {
  principal: Principal;
  close(code: number, reason: string): void;
}

/** Takes the upgrades of `server` at /graphql. */
export class SocketDoor {
  private readonly sockets = new WebSocketServer({ noServer: true, maxPayload: LARGEST_FRAME, handleProtocols });
  private readonly protocol;
  private closing = false;

  constructor(
    server: Server,
    private readonly options: SocketDoorOptions,
  ) {
    const { formatError } = options;
    this.protocol = makeServer<Record<string, unknown>, Client>({
      connectionInitWaitTimeout: INIT_MS,
      onConnect: (context) => this.admit(context),
      onSubscribe: ({ subscriptions, extra }, _id, payload) => {
        if (Object.keys(subscriptions).length <= MOST_OPERATIONS) return this.prepare(payload, extra.principal);
        // The protocol's code for "too many", though the library names it after another case.
        extra.close(CloseCode.TooManyInitialisationRequests, 'Too many operations');
        return [new GraphQLError('Too many operations.')];
      },
      execute: runPrepared,
      subscribe: runPrepared,
      onNext: (_context, _id, _payload, _args, result) => result,
      onError: (_context, _id, _payload, errors) => errors.flatMap((error) => formattedErrors(error, formatError)),
    });
    this.sockets.on('wsClientError', (_error, socket) => refuseSocket(socket, formatError, 400));
    server.on('upgrade', (request, socket, head) => this.upgrade(request, socket, head));
  }

  /** Closes all sockets with 1012, and refuses new ones. */
  async close(): Promise<void> {
    this.closing = true;
    const clients = [...this.sockets.clients];
    const closed = Promise.all(clients.map((client) => new Promise((resolve) => client.once('close', resolve))));
    for (const client of clients) client.close(RESTART, 'Service restart');
    const timer = setTimeout(() => clients.forEach((client) => client.terminate()), CLOSING_MS);
    await closed;
    clearTimeout(timer);
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { formatError } = this.options;
    const path = request.url?.split('?')[0];
    if (this.closing) refuseSocket(socket, formatError, 503, 'The server is shutting down.');
    else if (path !== '/graphql') refuseSocket(socket, formatError, 404, 'There is no WebSocket at this address.');
    else this.sockets.handleUpgrade(request, socket, head, (client) => this.accept(client));
  }

  private accept(socket: WebSocket): void {
    socketsOpen.inc();
    // A frame too large or a broken connection; ws closes with the right code by itself.
    socket.on('error', (error) => this.options.log.debug({ err: error }, 'socket failed'));
    const close = (code: number, reason: string): void => socket.close(code, reason);
    const closed = this.protocol.opened(
      {
        protocol: socket.protocol,
        send: (data) => send(socket, data),
        close,
        onMessage: (handle) =>
          socket.on('message', (data: Buffer) => {
            handle(data.toString()).catch((error: unknown) => {
              this.options.log.error({ err: error }, 'socket message failed');
              close(CloseCode.InternalServerError, 'Internal server error');
            });
          }),
      },
      { principal: ANONYMOUS, close },
    );
    const stopPings = ping(socket);
    socket.once('close', (code, reason) => {
      socketsOpen.dec();
      stopPings();
      closed(code, reason.toString()).catch((error: unknown) =>
        this.options.log.error({ err: error }, 'socket end failed'),
      );
    });
  }

  /** No token: nobody in particular, and each operation decides. A token that is no good: 4403. */
  private async admit(context: Context<Record<string, unknown>, Client>): Promise<boolean> {
    const authorization = context.connectionParams?.['authorization'] ?? context.connectionParams?.['Authorization'];
    if (authorization !== undefined && authorization !== null && typeof authorization !== 'string') return false;
    try {
      context.extra.principal = await this.options.authenticator.authenticate(authorization ?? undefined);
      return true;
    } catch (error) {
      if (codeOf(error) === 'UNAUTHENTICATED') return false;
      throw error;
    }
  }

  private prepare(payload: SubscribePayload, principal: Principal): ExecutionArgs | readonly GraphQLError[] {
    try {
      const operation = this.options.operations.prepare(payload, principal);
      const { document, operationName } = operation;
      return { schema: this.options.schema, document, operationName, contextValue: operation };
    } catch (error) {
      if (error instanceof GraphQLError) return [error];
      throw error;
    }
  }
}

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

/** Resolves when the frame is on its way: that is how a slow reader slows its subscriptions. */
function send(socket: WebSocket, data: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error): void => {
      // To a socket that is going nothing needs to be sent.
      if (error && socket.readyState === WebSocket.OPEN) reject(error);
      else resolve();
    };
    if (socket.readyState === WebSocket.OPEN) socket.send(data, settle);
    else settle();
  });
}

function ping(socket: WebSocket): () => void {
  let alive = true;
  socket.on('pong', () => (alive = true));
  const timer = setInterval(() => {
    if (alive) socket.ping();
    else socket.terminate();
    alive = false;
  }, PING_MS);
  return () => clearInterval(timer);
}
