/**
 * The one place where an error takes the shape a client sees: message, path, places in the document, and extensions with
 * code, details, request id and time. What is not known to be safe is replaced by the code's own message.
 */
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Clock } from '../platform/clock';
import { codeOf, ERROR_CODES, ERROR_KINDS, Fault, type ErrorCode, type ErrorDetails } from '../platform/errors';
import { currentLogScope, type Log } from '../platform/log';
import { withoutValues } from './error-messages';

/** An error in the shape clients get. */
export interface ClientError extends GraphQLFormattedError {
  extensions: { code: ErrorCode; details?: ErrorDetails; requestId?: string; timestamp: string };
}

/** Formats one error; `formatted` is Apollo Server's own version, if it made one. */
export type ErrorFormatter = (error: unknown, formatted?: GraphQLFormattedError) => ClientError;

const CODES: ReadonlySet<unknown> = new Set(ERROR_CODES);
/** Codes of Apollo Server for what we call otherwise. */
const OTHER_NAMES: Record<string, ErrorCode> = {
  BAD_REQUEST: 'INVALID_REQUEST',
  OPERATION_RESOLUTION_FAILURE: 'INVALID_REQUEST',
};
/** Errors of the document itself: their places in it help, and are the client's own. */
const DOCUMENT_CODES: ReadonlySet<ErrorCode> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
]);
/** From a subgraph these mean that what the gateway sent was wrong, so the client is told no more than the table says. */
const NOT_FROM_SUBGRAPHS: ReadonlySet<ErrorCode> = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED']);

/** Characters of a message: it may quote a name of the document, and that may be as long as the document. */
const LONGEST_MESSAGE = 300;
const MOST_LOCATIONS = 5;

interface Verdict {
  code: ErrorCode;
  message: string;
  details?: ErrorDetails;
}

/** How errors are formatted. */
export interface ErrorFormatterOptions {
  clock: Clock;
  log: Log;
  /** Drops suggestions of names the client may not know. */
  hideSchema: boolean;
  /** The subgraphs are somebody else's, and so are their messages: passed on as they are, also under codes we do not know. */
  foreignSubgraphs?: boolean;
}

/** Makes the formatter. Request ids come from the log scope in which it is called. */
export function createErrorFormatter(options: ErrorFormatterOptions): ErrorFormatter {
  const { foreignSubgraphs = false } = options;
  return (error, formatted) => {
    const { code, message, details } = judge(error, formatted, foreignSubgraphs);
    const graphqlError = error instanceof GraphQLError ? error : undefined;
    const path = formatted?.path ?? graphqlError?.path;
    const locations = formatted?.locations ?? graphqlError?.locations;
    // What a subgraph reports it has logged itself.
    const level = isFromSubgraph(error) ? 'debug' : ERROR_KINDS[code].log;
    options.log[level]({ err: rootOf(error), code, path: path?.join('.') }, 'error answered');
    return {
      message: shortened(options.hideSchema ? message.replace(/ Did you mean [\s\S]*$/, '') : message),
      ...(locations && DOCUMENT_CODES.has(code) && { locations: locations.slice(0, MOST_LOCATIONS) }),
      ...(path && { path }),
      extensions: {
        code,
        ...(details && { details }),
        requestId: currentLogScope().requestId,
        timestamp: options.clock.now().toISOString(),
      },
    };
  };
}

function shortened(message: string): string {
  return message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)} …` : message;
}

function judge(error: unknown, formatted: GraphQLFormattedError | undefined, foreignSubgraphs: boolean): Verdict {
  const root = rootOf(error);
  if (root instanceof Fault) return { code: root.code, message: root.message, details: root.details };
  const extensions = formatted?.extensions ?? (error instanceof GraphQLError ? error.extensions : {});
  const code = codeFrom(extensions['code'], error, root);
  if (isFromSubgraph(error)) {
    if (foreignSubgraphs)
      return {
        code: NOT_FROM_SUBGRAPHS.has(code) ? 'INTERNAL_ERROR' : code,
        message: formatted?.message ?? messageOf(error),
      };
    if (code === 'INTERNAL_ERROR' || NOT_FROM_SUBGRAPHS.has(code)) return table('INTERNAL_ERROR');
    if (code === 'BAD_USER_INPUT') return table(code);
    // By contract (platform/graph/endpoint.ts) the rest is safe to show.
    return { code, message: formatted?.message ?? messageOf(error), details: detailsOf(extensions['details']) };
  }
  if (code === 'INTERNAL_ERROR' || code === 'SERVICE_UNAVAILABLE') return table(code);
  return { code, message: withoutValues(code, error) };
}

/** What was thrown in the first place, under the wrappings of graphql-js and Apollo Server. */
function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof GraphQLError && root.originalError) root = root.originalError;
  return root;
}

/** The gateway library marks what came from a subgraph. */
function isFromSubgraph(error: unknown): boolean {
  return error instanceof GraphQLError && error.extensions['serviceName'] !== undefined;
}

function codeFrom(code: unknown, error: unknown, root: unknown): ErrorCode {
  if (isErrorCode(code)) return code;
  const other = typeof code === 'string' ? OTHER_NAMES[code] : undefined;
  if (other) return other;
  // Apollo Server refuses some requests (a wrong hash) without a code but with a status.
  if (error instanceof GraphQLError && statusOf(error) === 400) return 'INVALID_REQUEST';
  return codeOf(root);
}

function isErrorCode(code: unknown): code is ErrorCode {
  return CODES.has(code);
}

function statusOf(error: GraphQLError): unknown {
  const http = error.extensions['http'];
  return typeof http === 'object' && http !== null && 'status' in http ? http.status : undefined;
}

function detailsOf(details: unknown): ErrorDetails | undefined {
  return typeof details === 'object' && details !== null ? { ...details } : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ERROR_KINDS.INTERNAL_ERROR.message;
}

function table(code: ErrorCode): Verdict {
  return { code, message: ERROR_KINDS[code].message };
}
