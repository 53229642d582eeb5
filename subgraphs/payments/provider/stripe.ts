/**
 * Stripe behind the port, over its SDK. One PaymentIntent for each order, captured by hand. It is made first, which asks for no
 * money, and its id is kept; only then is it confirmed. So what became of a payment is read from its intent and never guessed.
 */
import Stripe from 'stripe';
import { z } from 'zod';
import type {
  AuthorizationAnswer,
  AuthorizationRequest,
  PaymentProvider,
  ProviderNotice,
  ProviderState,
} from './provider';
import { toStripe } from './stripe-amount.rules';
import { answerOf, answerToRefusal, EXPANDED, KEY, REFUND_KEY, stateOf } from './stripe-answers';
import { ask, askOnce, isReplayed, openStripe, Refusal, type StripeAccount } from './stripe-calls';
import { forgetCard, paidWith, saveCard } from './stripe-cards';
import { takenSince } from './stripe-list';

/** Age at which a webhook counts as an old one sent again, in seconds: Stripe's own recommendation. */
const TOLERANCE_S = 300;

/** Which intent belongs to which key. */
export interface References {
  of(key: string): Promise<string | null>;
  /** Keeps the first one told for the key, and gives it. */
  keep(key: string, reference: string): Promise<string>;
}

/** What Stripe needs. */
export interface StripeOptions extends StripeAccount {
  /** Signs the webhooks of the one endpoint that points at us. */
  webhookSecret: string;
  /** Where the buyer comes back to from a page of the bank's. */
  returnUrl: string;
  references: References;
}

/** Makes the provider. Opens no connection yet. */
export function createStripe(given: StripeOptions): PaymentProvider {
  const { references, returnUrl, webhookSecret } = given;
  const stripe = openStripe(given);

  const read = async (reference: string): Promise<ProviderState | null> =>
    stateOf(await ask(() => stripe.paymentIntents.retrieve(reference, { expand: EXPANDED })));

  /** Makes the intent and keeps its id; null: with what is to be paid, Stripe can not know. */
  async function prepare({ key, source, currencyCode }: AuthorizationRequest, amount: number): Promise<string | null> {
    const paid = await paidWith(stripe, key, source);
    if (paid === null) return null;
    const intent = await askOnce(`${key}.intent`, (options) =>
      stripe.paymentIntents.create(
        {
          ...{ amount, currency: currencyCode.toLowerCase(), ...paid, metadata: { [KEY]: key } },
          ...{ payment_method_types: ['card'], capture_method: 'manual' },
        },
        options,
      ),
    );
    return references.keep(key, intent.id);
  }

  async function authorize(request: AuthorizationRequest): Promise<AuthorizationAnswer> {
    const { key } = request;
    const amount = toStripe(request.amount, request.currencyCode);
    if (amount === null) return { outcome: 'declined', reason: 'amount_not_supported' };
    const reference = (await references.of(key)) ?? (await prepare(request, amount));
    if (reference === null) return { outcome: 'unknownToken' };
    try {
      const confirmed = await askOnce(`${key}.confirm`, (options) =>
        stripe.paymentIntents.confirm(reference, { return_url: returnUrl, expand: EXPANDED }, options),
      );
      // An answer of before may be out of date.
      return answerOf(isReplayed(confirmed.lastResponse.headers) ? await read(reference) : stateOf(confirmed));
    } catch (error) {
      // Confirmed before: what became of it then.
      if (isTooLate(error)) return answerOf(await read(reference));
      throw error;
    }
  }

  /** Does something to an intent that it allows once; gives its state after a refusal, which says whether it was done before. */
  async function change(
    reference: string,
    verb: 'capture' | 'cancel',
  ): Promise<{ refusal: Refusal; state: ProviderState['state'] | null } | null> {
    try {
      await askOnce(`${reference}.${verb}`, (options) => stripe.paymentIntents[verb](reference, {}, options));
      return null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { refusal: error, state: (await read(reference))?.state ?? null };
    }
  }

  async function refundOf(reference: string, key: string): Promise<Stripe.Refund | null> {
    for await (const refund of stripe.refunds.list({ payment_intent: reference, limit: 100 })) {
      if (refund.metadata?.[REFUND_KEY] === key) return refund;
    }
    return null;
  }

  return {
    name: 'stripe',

    authorize: (request) =>
      authorize(request).catch((error: unknown) => {
        if (error instanceof Refusal) return answerToRefusal(error);
        throw error;
      }),

    async find(key) {
      const reference = await references.of(key);
      return reference === null ? null : read(reference);
    },

    async capture(reference) {
      const refused = await change(reference, 'capture');
      if (refused === null || refused.state === 'CAPTURED') return { outcome: 'captured' };
      return { outcome: 'failed', reason: refused.refusal.code };
    },

    async void(reference) {
      const refused = await change(reference, 'cancel');
      if (refused === null || refused.state === 'VOIDED') return { outcome: 'voided' };
      if (refused.state === 'CAPTURED') return { outcome: 'captured' };
      throw refused.refusal;
    },

    async refund({ key, reference, amount, currencyCode }) {
      const counted = toStripe(amount, currencyCode);
      if (counted === null) return { outcome: 'failed' };
      try {
        // Looked for first, at every turn: no state guards a refund, and Stripe forgets a key after a day.
        const refund = await askOnce(
          `${key}.refund`,
          async (options) =>
            (await refundOf(reference, key)) ??
            stripe.refunds.create(
              { payment_intent: reference, amount: counted, metadata: { [REFUND_KEY]: key } },
              options,
            ),
        );
        return { outcome: refund.status === 'failed' || refund.status === 'canceled' ? 'failed' : 'refunded' };
      } catch (error) {
        if (error instanceof Refusal) return { outcome: 'failed' };
        throw error;
      }
    },

    saveCard: (request) => saveCard(stripe, request),
    forgetCard: (reference) => forgetCard(stripe, reference),
    takenSince: (from) => takenSince(stripe, from),
    readNotice: (body, headers, now) => readNotice(body, headers['stripe-signature'], webhookSecret, now),
  };
}

function isTooLate(error: unknown): boolean {
  return error instanceof Refusal && error.code === 'payment_intent_unexpected_state';
}

const noticeSchema = z.object({
  id: z.string(),
  type: z.string(),
  created: z.number(),
  data: z.object({ object: z.object({ metadata: z.record(z.string(), z.string()).nullish() }) }),
});

function readNotice(body: string, signature: string | undefined, secret: string, now: Date): ProviderNotice | null {
  try {
    const event: unknown = Stripe.webhooks.constructEvent(
      ...([body, signature ?? '', secret, TOLERANCE_S, undefined, now.getTime()] as const),
    );
    const { id, type, created, data } = noticeSchema.parse(event);
    return { id, type, key: data.object.metadata?.[KEY] ?? null, occurredAt: new Date(created * 1_000) };
  } catch {
    return null;
  }
}
