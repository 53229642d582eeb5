/** Cards at Stripe: what stands for one, and keeping it. */
import type Stripe from 'stripe';
import type { PaymentSource, SavedCard } from './provider';
import { KEY } from './stripe-answers';
import { ask, askOnce, Refusal } from './stripe-calls';

/** What an intent is to be paid with; null: nothing that Stripe could know. */
export async function paidWith(
  stripe: Stripe.Stripe,
  key: string,
  source: PaymentSource,
): Promise<{ payment_method: string; customer?: string } | null> {
  if (source.kind === 'saved') {
    const [customer, method] = source.reference.split('/');
    return customer && method ? { customer, payment_method: method } : null;
  }
  if (isMethod(source.token)) return { payment_method: source.token };
  const method = await methodBehind(stripe, key, source.token);
  return method && { payment_method: method.id };
}

/**
 * Keeps a card for later: a customer of its own holds it, who has no name. Stripe checks the card; a purchase may still send its
 * buyer to a page of the bank's. Null: Stripe does not know the token, or does not take the card.
 */
export async function saveCard(
  stripe: Stripe.Stripe,
  { key, token }: { key: string; token: string },
): Promise<SavedCard | null> {
  try {
    const method = await methodBehind(stripe, key, token);
    if (!method?.card) return null;
    const customer = await askOnce(`${key}.customer`, (options) =>
      stripe.customers.create({ payment_method: method.id, metadata: { [KEY]: key } }, options),
    );
    const { brand, last4, exp_month: expiryMonth, exp_year: expiryYear } = method.card;
    return { reference: `${customer.id}/${method.id}`, brand, last4, expiryMonth, expiryYear };
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** Takes a card from its customer: nothing can be charged to it any more. */
export async function forgetCard(stripe: Stripe.Stripe, reference: string): Promise<void> {
  const method = reference.split('/')[1];
  try {
    if (method) await ask(() => stripe.paymentMethods.detach(method));
  } catch (error) {
    // Not there, or taken away before.
    if (!(error instanceof Refusal)) throw error;
  }
}

const isMethod = (token: string): boolean => /^pm_\w+$/.test(token);

/** A token of the older kind is made a payment method first. */
async function methodBehind(stripe: Stripe.Stripe, key: string, token: string): Promise<Stripe.PaymentMethod | null> {
  if (isMethod(token)) return ask(() => stripe.paymentMethods.retrieve(token));
  if (!/^tok_\w+$/.test(token)) return null;
  return askOnce(`${key}.card`, (options) => stripe.paymentMethods.create({ type: 'card', card: { token } }, options));
}
