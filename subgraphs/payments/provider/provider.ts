/** What Souk asks of a payment provider. Every call that moves money takes a key: the same key again moves nothing twice. */

/** Answer to an authorization. */
export type AuthorizationAnswer =
  | { outcome: 'authorized'; reference: string; method: string }
  | { outcome: 'declined'; reason: string | null }
  | { outcome: 'unknownToken' };

/** What the provider says of an authorization it has been asked for. */
export interface ProviderState {
  reference: string;
  state: 'AUTHORIZED' | 'DECLINED' | 'CAPTURED' | 'VOIDED';
  method: string;
  reason: string | null;
}

/** Thrown when the provider could not be reached, failed, or did not answer in time: the outcome is then unknown. */
export class ProviderUnavailable extends Error {
  constructor(options?: ErrorOptions) {
    super('The payment provider gave no answer.', options);
    this.name = 'ProviderUnavailable';
  }
}

/** A provider. All amounts in minor units. Every method may throw {@link ProviderUnavailable}. */
export interface PaymentProvider {
  /** Stored with each payment, shown as `Payment.provider`. */
  readonly name: string;
  /** Holds the amount on the card behind the token. */
  authorize(request: {
    key: string;
    token: string;
    amount: bigint;
    currencyCode: string;
  }): Promise<AuthorizationAnswer>;
  /** What became of the authorization with this key; null: the provider never took it. */
  find(key: string): Promise<ProviderState | null>;
  /** Takes the whole held amount. Once captured, again gives `captured`. */
  capture(reference: string): Promise<{ outcome: 'captured' } | { outcome: 'failed'; reason: string }>;
  /** Lets the held amount go. `captured`: too late, refund instead. */
  void(reference: string): Promise<{ outcome: 'voided' | 'captured' }>;
  /** Gives back part of what was captured. */
  refund(request: { key: string; reference: string; amount: bigint }): Promise<{ outcome: 'refunded' | 'failed' }>;
}

/** Wraps a provider so that no call takes longer than `ms`; a later answer is ignored and the outcome unknown. */
export function withTimeLimit(provider: PaymentProvider, ms: number): PaymentProvider {
  const within = async <T>(work: Promise<T>): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new ProviderUnavailable()), ms);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    name: provider.name,
    authorize: (request) => within(provider.authorize(request)),
    find: (key) => within(provider.find(key)),
    capture: (reference) => within(provider.capture(reference)),
    void: (reference) => within(provider.void(reference)),
    refund: (request) => within(provider.refund(request)),
  };
}
