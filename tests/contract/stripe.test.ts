/** The provider port over Stripe's SDK, against a server that answers as Stripe does. */
import { randomUUID } from 'node:crypto';
import { ProviderUnavailable, type PaymentProvider } from '../../subgraphs/payments/provider/provider';
import { createStripe } from '../../subgraphs/payments/provider/stripe';
import type { Intent } from '../support/stripe-objects';
import { startStripe, type StripeStandIn } from '../support/stripe-stand-in';

let stripe: StripeStandIn;
let provider: PaymentProvider;
const references = new Map<string, string>();

const CREATE = 'POST /v1/payment_intents';
const CONFIRM = 'POST /v1/payment_intents/:id/confirm';
const CAPTURE = 'POST /v1/payment_intents/:id/capture';
const CANCEL = 'POST /v1/payment_intents/:id/cancel';
const REFUND = 'POST /v1/refunds';

const open = (apiKey: string, apiBase: string): PaymentProvider =>
  createStripe({
    ...{ apiKey, apiBase, webhookSecret: stripe.webhookSecret, returnUrl: 'https://shop.example' },
    references: {
      of: async (key) => references.get(key) ?? null,
      keep: async (key, reference) => {
        if (!references.has(key)) references.set(key, reference);
        return references.get(key) ?? reference;
      },
    },
  });

beforeAll(async () => {
  stripe = await startStripe();
  provider = open(stripe.apiKey, stripe.url);
});
afterAll(() => stripe.stop());

const request = (token: string, amount = 5_000n, currencyCode = 'USD') => ({
  ...{ key: randomUUID(), source: { kind: 'token' as const, token }, amount, currencyCode },
});
const intentsOf = (key: string): Intent[] =>
  stripe.objects.intents.filter(({ metadata }) => metadata['souk_key'] === key);
const asked = (call: string): number => stripe.asked.filter((one) => one.call === call).length;
/** Authorized, by key and reference. */
async function held(amount = 5_000n): Promise<{ key: string; reference: string }> {
  const given = request('pm_card_visa', amount);
  const answer = await provider.authorize(given);
  if (answer.outcome !== 'authorized') throw new Error(answer.outcome);
  return { key: given.key, reference: answer.reference };
}
async function captured(amount?: bigint): Promise<{ key: string; reference: string }> {
  const payment = await held(amount);
  expect(await provider.capture(payment.reference)).toEqual({ outcome: 'captured' });
  return payment;
}

describe('authorization', () => {
  test.each([
    ['pm_card_visa', 'visa'],
    ['pm_card_mastercard', 'mastercard'],
    ['tok_visa', 'visa'],
  ])('%s is held, to be captured by hand', async (token, method) => {
    const given = request(token);
    expect(await provider.authorize(given)).toEqual({
      outcome: 'authorized',
      reference: references.get(given.key),
      method,
    });
    expect(intentsOf(given.key)).toMatchObject([{ status: 'requires_capture', amount: 5_000, currency: 'usd' }]);
    expect(await provider.find(given.key)).toEqual({
      ...{ key: given.key, reference: references.get(given.key), state: 'AUTHORIZED', method, currencyCode: 'USD' },
      ...{ amount: 5_000n, capturedAmount: 0n, refundedAmount: 0n, reason: null, action: null },
      createdAt: expect.any(Date) as Date,
    });
  });

  test.each([
    ['pm_card_chargeCustomerFail', 'generic_decline'],
    ['tok_chargeCustomerFail', 'generic_decline'],
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
  ])('%s is declined for %s, and stays so', async (token, reason) => {
    const given = request(token);
    expect(await provider.authorize(given)).toEqual({ outcome: 'declined', reason });
    expect(await provider.authorize(given)).toEqual({ outcome: 'declined', reason });
    expect(await provider.find(given.key)).toMatchObject({ state: 'DECLINED', reason, capturedAmount: 0n });
    expect(intentsOf(given.key)).toMatchObject([{ status: 'requires_payment_method', charged: false }]);
  });

  test('a card without money is not tried twice, also by two that do not know of each other', async () => {
    const given = request('pm_card_visa_chargeDeclinedInsufficientFunds');
    const answers = await Promise.all([1, 2, 3].map(() => provider.authorize(given)));
    expect(answers).toEqual(answers.map(() => ({ outcome: 'declined', reason: 'insufficient_funds' })));
    const kept = stripe.asked.filter(
      ({ call, idempotencyKey }) => call === CONFIRM && idempotencyKey?.startsWith(given.key),
    );
    expect(new Set(kept.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });

  test.each(['pm_unheardof', 'tok_unheardof', 'tok_', 'card', '../payment_intents', 'pm_1/detach', ''])(
    '%p is an unknown token, and nothing is made',
    async (token) => {
      const given = request(token);
      expect(await provider.authorize(given)).toEqual({ outcome: 'unknownToken' });
      expect(await provider.find(given.key)).toBeNull();
      expect(intentsOf(given.key)).toEqual([]);
    },
  );

  test('a payment method that was used up is an unknown token', async () => {
    await held();
    const used = stripe.objects.intents[0]?.method.id ?? '';
    expect(await provider.authorize(request(used))).toEqual({ outcome: 'unknownToken' });
  });

  test('the buyer is sent to the bank: approved, it is held; refused, it is declined', async () => {
    for (const [approves, state] of [
      [true, 'AUTHORIZED'],
      [false, 'DECLINED'],
    ] as const) {
      const given = request('pm_card_threeDSecure2Required');
      const answer = await provider.authorize(given);
      const reference = references.get(given.key) ?? '';
      const action = { url: `${stripe.url}/3ds/${reference}`, expiresAt: null };
      expect(answer).toEqual({ outcome: 'requiresAction', reference, method: 'visa', action });
      expect(await provider.find(given.key)).toMatchObject({ state: 'REQUIRES_ACTION', action });
      expect(intentsOf(given.key)).toMatchObject([{ returnUrl: 'https://shop.example', charged: false }]);
      stripe.objects.answerBuyer(reference, approves);
      expect(await provider.find(given.key)).toMatchObject({ state, action: null });
      expect(await provider.authorize(given)).toMatchObject({ outcome: approves ? 'authorized' : 'declined' });
    }
  });

  test('a buyer who does not come back is not waited for', async () => {
    const given = request('pm_card_threeDSecure2Required');
    await provider.authorize(given);
    expect(await provider.void(references.get(given.key) ?? '')).toEqual({ outcome: 'voided' });
    expect(await provider.find(given.key)).toMatchObject({ state: 'VOIDED' });
  });

  test.each([
    ['JPY', 500n, 500],
    ['ISK', 5n, 500],
    ['UGX', 5_000n, 500_000],
    ['KWD', 5_200n, 5_200],
  ])('%s %s is %s at Stripe, and back', async (currency, amount, counted) => {
    const given = request('pm_card_visa', amount, currency);
    expect(await provider.authorize(given)).toMatchObject({ outcome: 'authorized' });
    expect(intentsOf(given.key)).toMatchObject([{ amount: counted, currency: currency.toLowerCase() }]);
    const reference = references.get(given.key) ?? '';
    await provider.capture(reference);
    const part = { key: randomUUID(), reference, amount: amount / 5n, currencyCode: currency };
    expect(await provider.refund(part)).toEqual({ outcome: 'refunded' });
    expect(await provider.find(given.key)).toMatchObject({
      ...{ amount, capturedAmount: amount, refundedAmount: amount / 5n, currencyCode: currency },
    });
  });

  test('what Stripe can not charge exactly, or is too little, is declined', async () => {
    const odd = request('pm_card_visa', 5_124n, 'KWD');
    expect(await provider.authorize(odd)).toEqual({ outcome: 'declined', reason: 'amount_not_supported' });
    const little = request('pm_card_visa', 49n);
    expect(await provider.authorize(little)).toEqual({ outcome: 'declined', reason: 'amount_too_small' });
    expect([intentsOf(odd.key), intentsOf(little.key)]).toEqual([[], []]);
  });
});

describe('when the answer does not come', () => {
  test('charged and then lost: looked up, and asked again it is not charged again', async () => {
    const given = request('pm_card_visa');
    stripe.fail(CONFIRM, 'lost', 2);
    await expect(provider.authorize(given)).rejects.toBeInstanceOf(ProviderUnavailable);
    expect(await provider.find(given.key)).toMatchObject({ state: 'AUTHORIZED' });
    stripe.forgetKeys();
    expect(await provider.authorize(given)).toMatchObject({ outcome: 'authorized', method: 'visa' });
    expect(intentsOf(given.key)).toMatchObject([{ status: 'requires_capture' }]);
  });

  test('made and then lost: no money was asked for, and nothing is asked twice', async () => {
    const given = request('pm_card_visa');
    stripe.fail(CREATE, 'lost', 2);
    await expect(provider.authorize(given)).rejects.toBeInstanceOf(ProviderUnavailable);
    expect(await provider.find(given.key)).toBeNull();
    expect(intentsOf(given.key)).toMatchObject([{ status: 'requires_confirmation' }]);
    expect(await provider.authorize(given)).toMatchObject({ outcome: 'authorized' });
    expect(intentsOf(given.key)).toMatchObject([{ status: 'requires_capture' }]);
  });

  test.each([
    ['made', CREATE],
    ['confirmed', CONFIRM],
  ])('an error before it was %s comes back for a day under its key: the next key has its turn', async (_, call) => {
    const given = request('pm_card_visa');
    stripe.fail(call, 'broken');
    await expect(provider.authorize(given)).rejects.toBeInstanceOf(ProviderUnavailable);
    expect(await provider.find(given.key)).toBeNull();
    expect(await provider.authorize(given)).toMatchObject({ outcome: 'authorized' });
    expect(intentsOf(given.key)).toMatchObject([{ status: 'requires_capture' }]);
  });

  test('an error after it was charged: found out, charged once', async () => {
    const given = request('pm_card_visa');
    stripe.fail(CONFIRM, 'brokenAfter');
    await expect(provider.authorize(given)).rejects.toBeInstanceOf(ProviderUnavailable);
    expect(await provider.authorize(given)).toMatchObject({ outcome: 'authorized' });
    expect(intentsOf(given.key)).toMatchObject([{ status: 'requires_capture' }]);
  });

  test('a limit, an unreachable server and a refused API key are outages, and say nothing of what was sent', async () => {
    const given = request('pm_card_visa');
    stripe.fail(CREATE, 'busy');
    const failures: unknown[] = [await provider.authorize(given).catch((error: unknown) => error)];
    stripe.fail(CREATE, 'unreached', 2);
    failures.push(await provider.authorize(given).catch((error: unknown) => error));
    for (const [key, base] of [
      ['sk_test_other', stripe.url],
      [stripe.apiKey, 'http://127.0.0.1:1'],
    ] as const) {
      failures.push(
        await open(key, base)
          .authorize(given)
          .catch((error: unknown) => error),
      );
    }
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(ProviderUnavailable);
      const { cause } = failure as ProviderUnavailable;
      const told = `${String(cause)} ${JSON.stringify(cause)}`;
      expect(told).not.toMatch(/pm_card|sk_test|127\.0\.0\.1/);
    }
    expect(intentsOf(given.key)).toEqual([]);
  });
});

describe('capture and void', () => {
  test('captured once, whatever happens to the answer', async () => {
    for (const failure of ['lost', 'brokenAfter', 'broken', 'busy'] as const) {
      const { key, reference } = await held();
      stripe.fail(CAPTURE, failure, failure === 'lost' ? 2 : 1);
      await expect(provider.capture(reference)).rejects.toBeInstanceOf(ProviderUnavailable);
      if (failure === 'lost') stripe.forgetKeys();
      expect(await provider.capture(reference)).toEqual({ outcome: 'captured' });
      expect(await provider.capture(reference)).toEqual({ outcome: 'captured' });
      expect(await provider.find(key)).toMatchObject({ state: 'CAPTURED', capturedAmount: 5_000n });
    }
  });

  test('what was let go can not be captured, and what was captured can not be let go', async () => {
    const gone = await held();
    expect(await provider.void(gone.reference)).toEqual({ outcome: 'voided' });
    stripe.forgetKeys();
    expect(await provider.void(gone.reference)).toEqual({ outcome: 'voided' });
    expect(await provider.capture(gone.reference)).toEqual({
      outcome: 'failed',
      reason: 'payment_intent_unexpected_state',
    });
    expect(await provider.find(gone.key)).toMatchObject({ state: 'VOIDED', capturedAmount: 0n });
    const taken = await captured();
    expect(await provider.void(taken.reference)).toEqual({ outcome: 'captured' });
    expect(await provider.find(taken.key)).toMatchObject({ state: 'CAPTURED', refundedAmount: 0n });
  });

  test('let go once, whatever happens to the answer', async () => {
    for (const failure of ['lost', 'broken', 'brokenAfter'] as const) {
      const { key, reference } = await held();
      stripe.fail(CANCEL, failure, failure === 'lost' ? 2 : 1);
      await expect(provider.void(reference)).rejects.toBeInstanceOf(ProviderUnavailable);
      expect(await provider.void(reference)).toEqual({ outcome: 'voided' });
      expect(await provider.find(key)).toMatchObject({ state: 'VOIDED' });
    }
  });
});

describe('refunds', () => {
  const part = (reference: string, amount: bigint, key = randomUUID()) => ({
    ...{ key, reference, amount, currencyCode: 'USD' },
  });

  test('in parts, never more than was captured', async () => {
    const { key, reference } = await captured();
    expect(await provider.refund(part(reference, 2_000n))).toEqual({ outcome: 'refunded' });
    expect(await provider.refund(part(reference, 3_001n))).toEqual({ outcome: 'failed' });
    expect(await provider.refund(part(reference, 3_000n))).toEqual({ outcome: 'refunded' });
    expect(await provider.refund(part(reference, 1n))).toEqual({ outcome: 'failed' });
    expect(await provider.find(key)).toMatchObject({ state: 'CAPTURED', refundedAmount: 5_000n });
  });

  test('once for its key, whatever happens to the answer, and also when Stripe has forgotten the key', async () => {
    for (const failure of ['lost', 'brokenAfter', 'broken'] as const) {
      const { key, reference } = await captured();
      const given = part(reference, 2_000n);
      stripe.fail(REFUND, failure, failure === 'lost' ? 2 : 1);
      await expect(provider.refund(given)).rejects.toBeInstanceOf(ProviderUnavailable);
      if (failure !== 'broken') stripe.forgetKeys();
      expect(await provider.refund(given)).toEqual({ outcome: 'refunded' });
      expect(await provider.refund(given)).toEqual({ outcome: 'refunded' });
      expect(await provider.find(key)).toMatchObject({ refundedAmount: 2_000n });
    }
  });

  test('two at once, the first of which hears of an error: once', async () => {
    const { key, reference } = await captured();
    const given = part(reference, 2_000n);
    stripe.fail(REFUND, 'brokenAfter');
    const outcomes = await Promise.allSettled([provider.refund(given), provider.refund(given)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await provider.find(key)).toMatchObject({ refundedAmount: 2_000n });
  });

  test('one of more than a hundred is found', async () => {
    const { key, reference } = await captured(50_000n);
    const first = part(reference, 1n);
    await provider.refund(first);
    for (let index = 0; index < 105; index += 1) {
      stripe.objects.refund({ payment_intent: reference, amount: '1', 'metadata[souk_refund]': `other ${index}` });
    }
    stripe.forgetKeys();
    expect(await provider.refund(first)).toEqual({ outcome: 'refunded' });
    expect(await provider.find(key)).toMatchObject({ refundedAmount: 106n });
  });

  test('of what was not captured, and one that Stripe could not carry out: failed', async () => {
    const { reference } = await held();
    expect(await provider.refund(part(reference, 1_000n))).toEqual({ outcome: 'failed' });
    const taken = await captured();
    const given = part(taken.reference, 1_000n);
    await provider.refund(given);
    Object.assign(stripe.objects.refunds[0] ?? {}, { status: 'failed' });
    expect(await provider.refund(given)).toEqual({ outcome: 'failed' });
  });
});

describe('saved cards', () => {
  const buyWith = (reference: string) =>
    provider.authorize({ ...request('unused'), source: { kind: 'saved', reference } });

  test.each(['pm_card_visa', 'tok_visa'])(
    '%s is kept once for its key, pays twice, and is forgotten',
    async (token) => {
      const key = randomUUID();
      const card = await provider.saveCard({ key, token });
      expect(card).toMatchObject({ brand: 'visa', last4: '4242', expiryMonth: 8, expiryYear: 2099 });
      const { reference } = card ?? { reference: '' };
      expect(stripe.objects.customers.filter(({ metadata }) => metadata['souk_key'] === key)).toHaveLength(1);
      expect(await buyWith(reference)).toMatchObject({ outcome: 'authorized', method: 'visa' });
      expect(await buyWith(reference)).toMatchObject({ outcome: 'authorized', method: 'visa' });
      await provider.forgetCard(reference);
      await provider.forgetCard(reference);
      expect(await buyWith(reference)).toEqual({ outcome: 'unknownToken' });
    },
  );

  test('its payment method alone is no token: nobody pays with a card that somebody saved', async () => {
    const card = await provider.saveCard({ key: randomUUID(), token: 'pm_card_visa' });
    const method = card?.reference.split('/')[1] ?? '';
    expect(await provider.authorize(request(method))).toEqual({ outcome: 'unknownToken' });
  });

  test('a lost answer and the same key: the same card', async () => {
    const given = { key: randomUUID(), token: 'tok_visa' };
    stripe.fail('POST /v1/customers', 'lost', 2);
    await expect(provider.saveCard(given)).rejects.toBeInstanceOf(ProviderUnavailable);
    const card = await provider.saveCard(given);
    expect(await provider.saveCard(given)).toEqual(card);
    expect(stripe.objects.customers.filter(({ metadata }) => metadata['souk_key'] === given.key)).toHaveLength(1);
  });

  test.each(['pm_unheardof', 'tok_unheardof', 'nonsense'])('%s is not known', async (token) => {
    const before = stripe.objects.customers.length;
    expect(await provider.saveCard({ key: randomUUID(), token })).toBeNull();
    expect(stripe.objects.customers).toHaveLength(before);
  });

  test('forgetting one that is not there is fine', async () => {
    await provider.forgetCard('cus_1/pm_unheardof');
  });
});

describe('payments of a time', () => {
  const day = new Date('2026-03-01T00:00:00Z').getTime() / 1_000;
  const at = async (second: number, token = 'pm_card_visa'): Promise<string> => {
    const given = request(token);
    await provider.authorize(given);
    Object.assign(intentsOf(given.key)[0] ?? {}, { created: day + second });
    stripe.objects.intents.sort((a, b) => b.created - a.created);
    return given.key;
  };

  test('oldest first, over gaps, without those that ask for nothing and those that are not ours', async () => {
    const declined = await at(5, 'pm_card_visa_chargeDeclinedInsufficientFunds');
    const [early, late] = [await at(-10), await at(86_400)];
    const [first, second] = [await at(0), await at(100)];
    stripe.objects.createIntent({
      ...{ amount: '500', currency: 'usd', payment_method: 'pm_card_visa', capture_method: 'manual' },
      'payment_method_types[0]': 'card',
    });
    const made = request('pm_card_visa');
    stripe.fail(CONFIRM, 'broken');
    await provider.authorize(made).catch(() => undefined);
    const keys = (await provider.takenSince(new Date(day * 1_000))).map(({ key }) => key);
    expect(keys.slice(0, 4)).toEqual([first, declined, second, late]);
    expect(keys).not.toContain(early);
    expect(keys).not.toContain(made.key);
  });

  test('the oldest hundred of a busy minute', async () => {
    const keys: string[] = [];
    for (let index = 0; index < 103; index += 1) keys.push(await at(200_000 + (index % 2 ? 20 : 10)));
    const found = await provider.takenSince(new Date((day + 200_000) * 1_000));
    expect(found).toHaveLength(100);
    expect(found.filter(({ createdAt }) => createdAt.getTime() === (day + 200_010) * 1_000)).toHaveLength(52);
    expect(new Set(found.map(({ key }) => key)).size).toBe(100);
    for (const { key } of found) expect(keys).toContain(key);
  }, 60_000);
});

describe('webhooks', () => {
  const now = new Date('2026-11-27T12:00:00Z');
  const key = randomUUID();
  const event = {
    ...{ id: 'evt_1', object: 'event', type: 'payment_intent.amount_capturable_updated', created: 1_795_780_800 },
    data: { object: { id: 'pi_1', metadata: { souk_key: key }, description: 'Grüße  ✓' } },
  };
  const sign = (of: unknown, options?: { at?: Date; secret?: string }) => {
    const { body, headers } = stripe.webhook(of, { at: now, ...options });
    return [body, headers, now] as const;
  };
  const secondsAgo = (seconds: number): Date => new Date(now.getTime() - seconds * 1_000);

  test('a good one is read', () => {
    const notice = { id: 'evt_1', type: event.type, key, occurredAt: new Date(1_795_780_800_000) };
    expect(provider.readNotice(...sign(event))).toEqual(notice);
    expect(provider.readNotice(...sign(event, { at: secondsAgo(300) }))).toEqual(notice);
    const refund = { ...event, data: { object: { metadata: { souk_refund: randomUUID() } } } };
    expect(provider.readNotice(...sign(refund))).toMatchObject({ id: 'evt_1', key: null });
    expect(provider.readNotice(...sign({ ...event, data: { object: {} } }))).toMatchObject({ key: null });
  });

  test('forged, changed, old or without signature: not from Stripe', () => {
    const [body, headers] = sign(event);
    expect(provider.readNotice(...sign(event, { secret: 'whsec_other' }))).toBeNull();
    expect(provider.readNotice(...sign(event, { at: secondsAgo(301) }))).toBeNull();
    expect(provider.readNotice(body.replace('evt_1', 'evt_2'), headers, now)).toBeNull();
    expect(provider.readNotice(JSON.stringify(JSON.parse(body)), headers, now)).toBeNull();
    expect(provider.readNotice(`${body} `, headers, now)).toBeNull();
    expect(provider.readNotice(body, {}, now)).toBeNull();
    expect(provider.readNotice(body, { 'stripe-signature': 'v1=00,t=nothing' }, now)).toBeNull();
    expect(provider.readNotice('', headers, now)).toBeNull();
    expect(provider.readNotice(...sign('no event'))).toBeNull();
  });
});

test('whatever moves money carries a key of ours', () => {
  const moving = stripe.asked.filter(({ call }) => [CREATE, CONFIRM, CAPTURE, CANCEL, REFUND].includes(call));
  expect(moving.length).toBeGreaterThan(100);
  for (const { idempotencyKey } of moving)
    expect(idempotencyKey).toMatch(/\.(intent|confirm|capture|cancel|refund)\.\d+$/);
  expect(asked('GET /v1/payment_intents/search')).toBe(0);
});
