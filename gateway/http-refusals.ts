/** Everything that is refused before it is an operation: JSON in the shape of a GraphQL answer, like any other error. */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Fault, type ErrorCode } from '../platform/errors';
import { withLogScope } from '../platform/log';
import type { ErrorFormatter } from './format-error';

/** Status of a refused operation for a client that reads statuses (application/graphql-response+json). */
const STATUS: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMIT_EXCEEDED: 429,
  INTERNAL_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
};
const FAILURES: ReadonlySet<ErrorCode> = new Set(['INTERNAL_ERROR', 'SERVICE_UNAVAILABLE']);

/** Errors of the document itself, whatever status Apollo Server gives them. */
const DOCUMENT_CODES: ReadonlySet<ErrorCode> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
]);

/**
 * Status of an operation that was refused before it ran. `chosen` is Apollo Server's: 500 where it knows no better,
 * otherwise kept (405, 400 for a body without a query), but for errors of the document.
 */
export function refusalStatus(code: ErrorCode, mediaType: string, chosen: number): number {
  // The client accepts neither of our types: Apollo Server says that in place of the operation's own error.
  if (chosen === 406) return chosen;
  if (chosen !== 500 && !DOCUMENT_CODES.has(code)) return chosen;
  // Clients of plain JSON expect 200 for whatever a GraphQL answer can say.
  if (!mediaType.startsWith('application/graphql-response+json') && !FAILURES.has(code)) return 200;
  return STATUS[code] ?? 400;
}

/** Messages for what the HTTP layer refuses by status. */
const MESSAGES: Record<number, string> = {
  400: 'The request is not valid: a JSON body with a query is expected.',
  404: 'There is nothing at this address.',
  405: 'The method is not allowed here.',
  415: 'The content type must be application/json, and the body not compressed.',
};

/** Sets status and type of a refusal and gives its body. */
export function refuse(
  reply: Pick<FastifyReply, 'code' | 'header' | 'type' | 'request'>,
  format: ErrorFormatter,
  status: number,
  fault: Fault,
): string {
  const error = withLogScope({ requestId: reply.request.id }, () => format(fault));
  reply.code(status);
  if (status === 405) reply.header('allow', 'POST');
  reply.type('application/json; charset=utf-8');
  return JSON.stringify({ errors: [error] });
}

/** Makes Fastify refuse in our shape: unknown addresses, bodies too large or not JSON, and bugs. */
export function refuseInOurShape(fastify: FastifyInstance, format: ErrorFormatter): void {
  fastify.setNotFoundHandler((_request, reply) => {
    void reply.send(refuse(reply, format, 404, new Fault('NOT_FOUND', MESSAGES[404])));
  });
  fastify.setErrorHandler((error, request, reply) => {
    const { status, fault } = refusalOf(error, request.routeOptions.bodyLimit);
    void reply.send(refuse(reply, format, status, fault));
  });
}

function refusalOf(error: unknown, largestBody: number | undefined): { status: number; fault: Fault } {
  if (error instanceof Fault)
    return { status: error.code === 'NOT_FOUND' ? 404 : (STATUS[error.code] ?? 400), fault: error };
  const status = statusOf(error);
  if (status === 413 && largestBody !== undefined) {
    const message = `The body is larger than ${largestBody.toLocaleString('en')} bytes.`;
    return { status, fault: new Fault('INVALID_REQUEST', message) };
  }
  if (status !== undefined) return { status, fault: new Fault('INVALID_REQUEST', MESSAGES[status]) };
  return { status: 500, fault: new Fault('INTERNAL_ERROR', undefined, undefined, { cause: error }) };
}

const SOCKET_CODES: Partial<Record<number, ErrorCode>> = { 404: 'NOT_FOUND', 503: 'SERVICE_UNAVAILABLE' };

/** Refuses a connection that never became a request Fastify knows (bad HTTP, a bad upgrade). */
export function refuseSocket(socket: Duplex, format: ErrorFormatter, status: number, message?: string): void {
  const requestId = randomUUID();
  const error = withLogScope({ requestId }, () =>
    format(new Fault(SOCKET_CODES[status] ?? 'INVALID_REQUEST', message)),
  );
  const body = JSON.stringify({ errors: [error] });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ];
  if (socket.writable) socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  else socket.destroy();
}

/** Statuses of the client's mistakes; undefined for anything else that was thrown. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  // The host header makes no URL.
  if ('code' in error && error.code === 'ERR_INVALID_URL') return 400;
  const status = 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' && status < 500 ? status : undefined;
}
