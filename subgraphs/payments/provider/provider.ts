/** What Souk asks of a payment provider. Every call that moves money takes a key: the same key again moves nothing twice. */

/** What is charged: a single-use token for a card, or a card that was saved at the provider. */
export type PaymentSource = { kind: 'token'; token: string } | { kind: 'saved'; reference: string };

/** An authorization to be made. Amounts in minor units. */
export interface AuthorizationRequest {
  /** The order's uuid: one authorization for each order. */
  key: string;
  source: PaymentSource;
  amount: bigint;
  currencyCode: string;
}

/** Where the buyer must go before the money is held (3-D Secure). */
export interface RequiredAction {
  url: string;
  /** Null: the provider does not say. */
  expiresAt: Date | null;
}

/** Answer to an authorization. */
export type AuthorizationAnswer =
  | { outcome: 'authorized'; reference: string; method: string }
  | { outcome: 'declined'; reason: string | null }
  | { outcome: 'unknownToken' }
  | { outcome: 'requiresAction'; reference: string; method: string; action: RequiredAction };

/** What the provider says of an authorization it has been asked for. Amounts in minor units. */
export interface ProviderState {
  /** The key it was asked with. */
  key: string;
  reference: string;
  state: 'REQUIRES_ACTION' | 'AUTHORIZED' | 'DECLINED' | 'CAPTURED' | 'VOIDED';
  amount: bigint;
  capturedAmount: bigint;
  refundedAmount: bigint;
  currencyCode: string;
  method: string;
  /** Why it was declined. */
  reason: string | null;
  /** Set while REQUIRES_ACTION. */
  action: RequiredAction | null;
  createdAt: Date;
}

/** A card kept at the provider. */
export interface SavedCard {
  reference: string;
  /** `visa`, `mastercard`, … */
  brand: string;
  last4: string;
  expiryMonth: number;
  expiryYear: number;
}

/** A webhook whose signature was found good. It only says that there is news: the state is looked up. */
export interface ProviderNotice {
  /** The provider's id of the event; the same one may be delivered several times. */
  id: string;
  /** The provider's name of what happened. */
  type: string;
  /** Key of the authorization it is about; null: about nothing of ours. */
  key: string | null;
  occurredAt: Date;
}

/** Thrown when the provider could not be reached, failed, or did not answer in time: the outcome is then unknown. */
export class ProviderUnavailable extends Error {
  constructor(options?: ErrorOptions) {
    super('The payment provider gave no answer.', options);
    this.name = 'ProviderUnavailable';
  }
}

/** A provider. All amounts in minor units. Every method but the last may throw {@link ProviderUnavailable}. */
export interface PaymentProvider {
  /** Stored with each payment, shown as `Payment.provider`; also the last part of its webhook address. */
  readonly name: string;
  /** Holds the amount. */
  authorize(request: AuthorizationRequest): Promise<AuthorizationAnswer>;
  /** What became of the authorization with this key; null: the provider never took it. */
  find(key: string): Promise<ProviderState | null>;
  /** Takes the whole held amount. Once captured, again gives `captured`. */
  capture(reference: string): Promise<{ outcome: 'captured' } | { outcome: 'failed'; reason: string }>;
  /** Lets the held amount go, or gives up waiting for the buyer. `captured`: too late, refund instead. */
  void(reference: string): Promise<{ outcome: 'voided' | 'captured' }>;
  /** Gives back part of what was captured. */
  refund(request: {
    key: string;
    reference: string;
    amount: bigint;
    currencyCode: string;
  }): Promise<{ outcome: 'refunded' | 'failed' }>;
  /** Keeps the card behind a single-use token for later; null: it does not know the token. */
  saveCard(request: { key: string; token: string }): Promise<SavedCard | null>;
  /** Forgets a saved card; one that it does not know is fine. */
  forgetCard(reference: string): Promise<void>;
  /** Authorizations taken since a time, oldest first, at most 100: for finding those that nobody here knows of. */
  takenSince(from: Date): Promise<ProviderState[]>;
  /** Checks the signature of a webhook over its exact body; null: it is not from the provider, or too old. */
  readNotice(body: string, headers: Readonly<Record<string, string | undefined>>, now: Date): ProviderNotice | null;
}
