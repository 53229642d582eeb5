/** PaymentIntents in the words of the port. Pure. */
import type Stripe from 'stripe';
import { ProviderUnavailable, type AuthorizationAnswer, type ProviderState } from './provider';
import { fromStripe } from './stripe-amount.rules';
import type { Refusal } from './stripe-calls';

/** Name of our key among an intent's metadata, and of a refund's: two, so that news of a refund is not taken for a payment's. */
export const KEY = 'souk_key';
export const REFUND_KEY = 'souk_refund';

/** What an intent has to bring along to be read here. */
export const EXPANDED = ['payment_method', 'latest_charge'];

/** What became of an intent; null: no money was asked for with it yet, or it is not ours. ProviderUnavailable: under way. */
export function stateOf(intent: Stripe.PaymentIntent): ProviderState | null {
  const { id, status, last_payment_error: failure, latest_charge: charge, currency, created } = intent;
  const key = intent.metadata[KEY];
  const state = stateNamed(status, failure !== null);
  if (key === undefined || state === null) return null;
  return {
    ...{ key, reference: id, state, method: methodOf(intent), currencyCode: currency.toUpperCase() },
    amount: fromStripe(intent.amount, currency),
    capturedAmount: fromStripe(intent.amount_received, currency),
    refundedAmount: fromStripe(charge && typeof charge === 'object' ? charge.amount_refunded : 0, currency),
    reason: state === 'DECLINED' && failure ? (failure.decline_code ?? failure.code ?? null) : null,
    action: state === 'REQUIRES_ACTION' ? actionOf(intent) : null,
    createdAt: new Date(created * 1_000),
  };
}

function stateNamed(status: Stripe.PaymentIntent.Status, failed: boolean): ProviderState['state'] | null {
  switch (status) {
    case 'requires_action':
      return 'REQUIRES_ACTION';
    case 'requires_capture':
      return 'AUTHORIZED';
    case 'succeeded':
      return 'CAPTURED';
    case 'canceled':
      return 'VOIDED';
    case 'requires_confirmation':
      return null;
    case 'requires_payment_method':
      return failed ? 'DECLINED' : null;
    default:
      throw new ProviderUnavailable({ cause: new Error(`a payment intent is ${status}`) });
  }
}

function methodOf({ payment_method: method }: Stripe.PaymentIntent): string {
  return method && typeof method === 'object' ? (method.card?.brand ?? method.type) : 'card';
}

/** Stripe gives a page of its own to everybody whom it can send back to us; without one there is nowhere to go. */
function actionOf({ next_action: action }: Stripe.PaymentIntent): { url: string; expiresAt: null } {
  const url = action?.redirect_to_url?.url;
  if (!url)
    throw new ProviderUnavailable({ cause: new Error('a payment intent waits for an action without an address') });
  return { url, expiresAt: null };
}

/** Answer to an authorization from the state it led to. */
export function answerOf(state: ProviderState | null): AuthorizationAnswer {
  if (state === null) throw new ProviderUnavailable({ cause: new Error('a payment intent is not confirmed') });
  const { reference, method } = state;
  if (state.state === 'REQUIRES_ACTION' && state.action) {
    return { outcome: 'requiresAction', reference, method, action: state.action };
  }
  if (state.state === 'DECLINED') return { outcome: 'declined', reason: state.reason };
  if (state.state === 'VOIDED') return { outcome: 'declined', reason: 'canceled' };
  return { outcome: 'authorized', reference, method };
}

/** The same from a refusal: nothing is held. Whatever is wrong with the card's token is the buyer's to mend. */
export function answerToRefusal({ kind, code, param }: Refusal): AuthorizationAnswer {
  const token = /^(payment_method|card|customer)/.test(param) || /^(token|payment_method)_/.test(code);
  return kind === 'request' && token ? { outcome: 'unknownToken' } : { outcome: 'declined', reason: code };
}
