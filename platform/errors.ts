/**
 * The one table of error kinds. Whatever goes wrong anywhere is one of these; the table says what a client is told,
 * how loudly it is logged, and what the message broker does with a message whose handling failed this way.
 */
import { isNativeError } from 'node:util/types';

/** Codes a client can meet, in a GraphQL error's `extensions.code` or a user error's `code`. They are only ever added. */
export const ERROR_CODES = [
  'INVALID_REQUEST',
  'VALIDATION_ERROR',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'DUPLICATE_REQUEST',
  'INSUFFICIENT_INVENTORY',
  'PRICE_CHANGED',
  'PAYMENT_FAILED',
  'RATE_LIMIT_EXCEEDED',
  'INTERNAL_ERROR',
  'SERVICE_UNAVAILABLE',
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'SUBSCRIPTION_SCHEMA_RELOAD',
] as const;
/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What the broker does with a message: `retry` with backoff, or `dead` (straight to the dead-letter queue). */
export type BrokerVerdict = 'retry' | 'dead';

/** One row of the table: the message a client sees when none is given, the log level, the broker's verdict. */
interface ErrorKind {
  message: string;
  log: 'debug' | 'info' | 'warn' | 'error';
  broker: BrokerVerdict;
}

/** Row per code. Messages are safe to show to anybody. */
export const ERROR_KINDS: Record<ErrorCode, ErrorKind> = {
  INVALID_REQUEST: { message: 'The request is not valid.', log: 'info', broker: 'dead' },
  VALIDATION_ERROR: { message: 'The input is not valid.', log: 'debug', broker: 'dead' },
  UNAUTHENTICATED: {
    message: 'Sign in first: the session is missing, invalid or expired.',
    log: 'info',
    broker: 'dead',
  },
  FORBIDDEN: { message: 'You are not allowed to do this.', log: 'info', broker: 'dead' },
  NOT_FOUND: { message: 'Not found.', log: 'debug', broker: 'retry' },
  CONFLICT: { message: 'The current state does not allow this.', log: 'debug', broker: 'retry' },
  DUPLICATE_REQUEST: { message: 'This idempotency key was used with other input.', log: 'info', broker: 'dead' },
  INSUFFICIENT_INVENTORY: { message: 'Not enough in stock.', log: 'debug', broker: 'retry' },
  PRICE_CHANGED: { message: 'The total has changed.', log: 'debug', broker: 'retry' },
  PAYMENT_FAILED: { message: 'The payment failed.', log: 'info', broker: 'retry' },
  RATE_LIMIT_EXCEEDED: { message: 'Too many requests. Try again later.', log: 'info', broker: 'retry' },
  INTERNAL_ERROR: { message: 'Something went wrong on our side.', log: 'error', broker: 'retry' },
  SERVICE_UNAVAILABLE: {
    message: 'This part of the shop is unavailable. Try again soon.',
    log: 'warn',
    broker: 'retry',
  },
  BAD_USER_INPUT: { message: 'A variable or argument has the wrong type.', log: 'debug', broker: 'dead' },
  GRAPHQL_PARSE_FAILED: { message: 'The document is not valid GraphQL.', log: 'debug', broker: 'dead' },
  GRAPHQL_VALIDATION_FAILED: { message: 'The document does not fit the schema.', log: 'debug', broker: 'dead' },
  PERSISTED_QUERY_NOT_FOUND: { message: 'PersistedQueryNotFound', log: 'debug', broker: 'dead' },
  PERSISTED_QUERY_NOT_SUPPORTED: { message: 'PersistedQueryNotSupported', log: 'debug', broker: 'dead' },
  SUBSCRIPTION_SCHEMA_RELOAD: { message: 'The schema has changed. Subscribe again.', log: 'info', broker: 'dead' },
};

/** Extra facts for the client: limits and values meant, never an input value. */
export type ErrorDetails = Record<string, unknown>;

/** A failure with a code. Becomes a GraphQL error; use {@link UserFault} for what a user can mend. */
export class Fault extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string = ERROR_KINDS[code].message,
    readonly details?: ErrorDetails,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'Fault';
  }
}

/** Why a promotion code does not apply. They are only ever added. */
export const PROMO_CODE_REASONS = [
  'NOT_FOUND',
  'NOT_STARTED',
  'EXPIRED',
  'MINIMUM_SPEND',
  'USAGE_LIMIT',
  'NOT_APPLICABLE',
  'NOT_COMBINABLE',
] as const;
/** One of {@link PROMO_CODE_REASONS}. */
export type PromoCodeReason = (typeof PROMO_CODE_REASONS)[number];

/** What a user can do something about, as it appears in a payload's `userErrors`. */
export interface UserErrorValue {
  code: ErrorCode;
  message: string;
  /** Path inside `input`, list positions as strings: `["lines","0","quantity"]`. */
  field?: string[];
  details?: ErrorDetails;
  /** INSUFFICIENT_INVENTORY: which article is short, and how many are left. */
  sku?: string;
  available?: number;
  /** PRICE_CHANGED: what it costs now, in minor units. */
  currentTotal?: { minor: bigint; currencyCode: string };
  /** PAYMENT_FAILED: the provider's reason, if it gave one. */
  declineReason?: string;
  /** A promotion code: why it does not apply. */
  promoCodeReason?: PromoCodeReason;
}

/** Thrown by a use case when the user must mend something; the payload wrapper turns it into `userErrors`. */
export class UserFault extends Error {
  constructor(readonly errors: readonly UserErrorValue[]) {
    super(errors.map((error) => error.code).join(', '));
    this.name = 'UserFault';
  }

  /** One error. `field` is the path inside `input`. */
  static of(code: ErrorCode, message?: string, field?: string[], details?: ErrorDetails): UserFault {
    return new UserFault([{ code, message: message ?? ERROR_KINDS[code].message, field, details }]);
  }
}

/** The code a thrown value stands for; anything unknown is INTERNAL_ERROR. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof Fault) return error.code;
  if (error instanceof UserFault) return error.errors[0]?.code ?? 'INTERNAL_ERROR';
  return isOutage(error) ? 'SERVICE_UNAVAILABLE' : 'INTERNAL_ERROR';
}

/** What the broker does after a handler threw this. */
export function brokerVerdictOf(error: unknown): BrokerVerdict {
  return ERROR_KINDS[codeOf(error)].broker;
}

const OUTAGE_CODES = new Set([
  'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN',
  // PostgreSQL: class 08 connection exceptions, 57P0x shutdown, 53300 too many connections, 57014 statement timeout.
  '08000', '08001', '08003', '08004', '08006', '57P01', '57P02', '57P03', '53300', '57014',
]); // prettier-ignore

/**
 * Whether an error means that a store or service could not be reached, as opposed to a mistake of ours. Errors of Node's own
 * are no `Error` to code that runs in another realm, as tests do.
 */
export function isOutage(error: unknown): boolean {
  if (!isNativeError(error) && !(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && OUTAGE_CODES.has(error.code)) return true;
  return /Connection terminated|timeout exceeded when trying to connect|is not queryable/.test(error.message);
}
