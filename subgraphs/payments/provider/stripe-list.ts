/** Looking through Stripe's payments by time. */
import type Stripe from 'stripe';
import { ProviderUnavailable, type ProviderState } from './provider';
import { EXPANDED, stateOf } from './stripe-answers';
import { ask } from './stripe-calls';

/** How many are given at most. */
const MOST = 100;
/** How long the first stretch of time is that is looked through, in seconds; each that follows is twice as long. */
const FIRST_STRETCH_S = 60;

/**
 * What was taken since then, oldest first. Stripe lists the newest first, so time is looked through in stretches that grow: a
 * busy hour is not read to its end for the sake of its beginning, and a quiet week costs few requests.
 */
export async function takenSince(stripe: Stripe.Stripe, from: Date): Promise<ProviderState[]> {
  const taken: ProviderState[] = [];
  const end = Math.floor(Date.now() / 1_000) + FIRST_STRETCH_S;
  let start = Math.floor(from.getTime() / 1_000);
  for (let stretch = FIRST_STRETCH_S; taken.length < MOST && start < end; stretch *= 2) {
    const created = { gte: start, lt: start + stretch };
    const found = await ask(async () => {
      const states: ProviderState[] = [];
      const expand = EXPANDED.map((field) => `data.${field}`);
      for await (const intent of stripe.paymentIntents.list({ created, limit: 100, expand })) {
        const state = settledState(intent);
        if (state) states.unshift(state);
      }
      return states;
    });
    taken.push(...found);
    start = created.lt;
  }
  return taken.slice(0, MOST);
}

/** One that is under way says so itself when it is looked up. */
function settledState(intent: Stripe.PaymentIntent): ProviderState | null {
  try {
    return stateOf(intent);
  } catch (error) {
    if (error instanceof ProviderUnavailable) return null;
    throw error;
  }
}
