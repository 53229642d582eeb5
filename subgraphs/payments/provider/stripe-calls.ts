/** Talking to Stripe: what its errors mean, and doing a thing once. */
import Stripe from 'stripe';
import { ProviderUnavailable } from './provider';

/** A request takes this long at most, in milliseconds: an authorization is up to three, and must end before it may be called void. */
const REQUEST_MS = 5_000;
/** How many answers that were errors of Stripe's own are passed over, for one thing to be done. */
const TURNS = 20;

/** Where Stripe is and how one signs in. */
export interface StripeAccount {
  apiKey: string;
  /** Another address than Stripe's, for a stand-in. */
  apiBase?: string;
}

/** The SDK's client. It retries nothing but a connection that was closed on it: our callers know when to ask again. */
export function openStripe({ apiKey, apiBase }: StripeAccount): Stripe.Stripe {
  const address = apiBase === undefined ? null : new URL(apiBase);
  const secure = address?.protocol !== 'http:';
  return new Stripe(apiKey, {
    maxNetworkRetries: 0,
    timeout: REQUEST_MS,
    telemetry: false,
    ...(address && {
      host: address.hostname,
      port: address.port || (secure ? 443 : 80),
      protocol: secure ? ('https' as const) : ('http' as const),
    }),
  });
}

/** Stripe says no, and did nothing. Without its words, which may quote a token. */
export class Refusal extends Error {
  constructor(
    readonly kind: 'card' | 'request',
    /** Stripe's code, or its reason for a declined card. */
    readonly code: string,
    /** Which parameter is meant, if one is. */
    readonly param: string,
  ) {
    super(`Stripe refuses: ${code}`);
    this.name = 'Refusal';
  }
}

/** Asks; throws {@link Refusal}, or ProviderUnavailable when it is not known what Stripe did. */
export async function ask<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translated(error);
  }
}

/**
 * Asks for something that is to be done once, however often it is asked for. Stripe keeps the answer to an idempotency key, also
 * when it was an error of its own: that one comes back for a day, so it is passed over, and the next key has its turn. The call
 * must be one that changes nothing if it was carried out before in spite of the error.
 */
export async function askOnce<T>(key: string, call: (options: { idempotencyKey: string }) => Promise<T>): Promise<T> {
  for (let turn = 1; ; turn += 1) {
    try {
      return await call({ idempotencyKey: `${key}.${turn}` });
    } catch (error) {
      if (turn === TURNS || !isKeptFailure(error)) throw translated(error);
    }
  }
}

function isKeptFailure(error: unknown): boolean {
  return (
    error instanceof Stripe.errors.StripeAPIError && (error.statusCode ?? 0) >= 500 && isReplayed(error.headers ?? {})
  );
}

/** Whether an answer is the one that was given to this key before. */
export function isReplayed(headers: Readonly<Record<string, string>>): boolean {
  return headers['idempotent-replayed'] === 'true';
}

function translated(error: unknown): unknown {
  if (!(error instanceof Stripe.errors.StripeError)) return error;
  const { type, code = 'none', statusCode, requestId, param = '' } = error;
  if (error instanceof Stripe.errors.StripeCardError) return new Refusal('card', error.decline_code || code, param);
  if (error instanceof Stripe.errors.StripeInvalidRequestError) return new Refusal('request', code, param);
  // Not as the cause: the SDK's error carries request and headers, and may be logged.
  const cause = new Error(`${type}, status ${statusCode ?? 'none'}, code ${code}, request ${requestId ?? 'none'}`);
  // The same key for something else is a mistake of ours; all else passes: an outage, a limit, a key that is to be renewed.
  if (error instanceof Stripe.errors.StripeIdempotencyError && statusCode === 400) return cause;
  return new ProviderUnavailable({ cause });
}
