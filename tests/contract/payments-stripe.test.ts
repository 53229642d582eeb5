/** The payments subgraph over Stripe: from the authorization to the last refund, and what happens when an answer is lost. */
import { randomUUID } from 'node:crypto';
import type { Principal } from '../../platform/auth/principal';
import { Fault } from '../../platform/errors';
import { toId } from '../../platform/ids';
import { authorizePayment, capturePayment, reversePayment } from '../../subgraphs/payments/messages';
import { again } from '../support/again';
import { eventually } from '../support/eventually';
import type { Intent } from '../support/stripe-objects';
import { startPaymentsOver } from '../support/stripe-payments';
import { startStripe, type StripeStandIn } from '../support/stripe-stand-in';
import type { SubgraphUnderTest } from '../support/subgraph';

const CONFIRM = 'POST /v1/payment_intents/:id/confirm';

let stripe: StripeStandIn;
let shop: SubgraphUnderTest;
beforeAll(async () => {
  stripe = await startStripe();
  shop = await startPaymentsOver(stripe);
});
afterAll(async () => {
  await shop.stop();
  await stripe.stop();
});

const support: Principal = { kind: 'user', id: randomUUID(), role: 'SUPPORT', sessionId: randomUUID() };
const owner = { ownerKind: 'user' as const, ownerId: randomUUID() };
const authorizeOnce = (orderId: string, token: string) =>
  shop.command(authorizePayment, { ...owner, orderId, token, methodId: null, amount: 5_000n, currencyCode: 'USD' });
// A busy machine makes an answer late, which is the same as lost: the checkout asks again, and so do these.
const authorize = (orderId: string, token: string) =>
  again(
    () => authorizeOnce(orderId, token),
    ({ outcome }) => outcome !== 'pending',
  );
const capture = (orderId: string) =>
  again(
    () => shop.command(capturePayment, { orderId }).catch((error: unknown) => error),
    (answer) => !(answer instanceof Fault),
  );
const reverse = (orderId: string) =>
  again(
    () => shop.command(reversePayment, { orderId }),
    ({ outcome }) => outcome === 'reversed',
  );
const retryRefunds = () => shop.started.jobs.find(({ name }) => name === 'payments.retry-refunds')?.run();
const intents = (orderId: string): Intent[] =>
  stripe.objects.intents.filter(({ metadata }) => metadata['souk_key'] === orderId);
const confirmations = (orderId: string): number =>
  stripe.asked.filter(({ call, idempotencyKey }) => call === CONFIRM && idempotencyKey?.startsWith(orderId)).length;
const kept = async (orderId: string) =>
  (
    await shop.services.db.rows(
      `SELECT status, provider, provider_reference, captured_amount, refunded_amount, sealed_token FROM payment WHERE order_id = $1`,
      [orderId],
    )
  )[0];
const ledger = async (orderId: string): Promise<Record<string, string>> => {
  const rows = await shop.services.db.rows<{ account: string; sum: string }>(
    `SELECT account, sum(e.amount) AS sum FROM ledger_entry e JOIN payment p ON p.id = e.payment_id
     WHERE order_id = $1 GROUP BY account HAVING sum(e.amount) <> 0`,
    [orderId],
  );
  return Object.fromEntries(rows.map(({ account, sum }) => [account, sum]));
};
const refund = (orderId: string, amount: string) =>
  shop.run(
    `mutation ($input: CreateRefundInput!) { createRefund(input: $input) { refund { amount { amount } } userErrors { code } } }`,
    {
      input: {
        orderId: toId('ord', orderId),
        amount: { amount, currencyCode: 'USD' },
        idempotencyKey: randomUUID(),
      },
    },
    support,
  );

test('held, captured, refunded in part, then reversed: both ledgers agree', async () => {
  const orderId = randomUUID();
  expect(await authorize(orderId, 'pm_card_visa')).toEqual({ outcome: 'authorized' });
  expect(await capture(orderId)).toEqual({ outcome: 'captured' });
  expect((await refund(orderId, '20.00')).data?.['createRefund']).toEqual({
    refund: { amount: { amount: '20.00' } },
    userErrors: [],
  });
  await eventually(() =>
    expect(intents(orderId)).toMatchObject([{ status: 'succeeded', captured: 5_000, refunded: 2_000 }]),
  );
  expect(await reverse(orderId)).toEqual({ outcome: 'reversed' });
  expect(await reverse(orderId)).toEqual({ outcome: 'reversed' });
  await eventually(async () => {
    await retryRefunds();
    expect(await ledger(orderId)).toEqual({});
  });
  expect(intents(orderId)).toMatchObject([{ status: 'succeeded', captured: 5_000, refunded: 5_000 }]);
  expect(await kept(orderId)).toEqual({
    ...{ status: 'CAPTURED', provider: 'stripe', captured_amount: '5000', refunded_amount: '5000' },
    provider_reference: intents(orderId)[0]?.id,
    sealed_token: expect.stringMatching(/^v1\./) as string,
  });
});

test('let go of before it was captured', async () => {
  const orderId = randomUUID();
  await authorize(orderId, 'tok_visa');
  expect(await reverse(orderId)).toEqual({ outcome: 'reversed' });
  expect(intents(orderId)).toMatchObject([{ status: 'canceled', captured: 0 }]);
  expect(await ledger(orderId)).toEqual({});
});

test.each([
  ['pm_card_visa_chargeDeclinedInsufficientFunds', { outcome: 'declined', reason: 'insufficient_funds' }],
  ['tok_visa_of_the_sandbox', { outcome: 'unknownToken' }],
])('%s gives %j, again and again', async (token, outcome) => {
  const orderId = randomUUID();
  expect(await authorize(orderId, token)).toEqual(outcome);
  expect(await authorize(orderId, token)).toEqual(outcome);
  expect(await kept(orderId)).toMatchObject({ status: 'FAILED', captured_amount: '0' });
  expect(await ledger(orderId)).toEqual({});
});

test('charged, and the answer lost: looked up, never charged twice', async () => {
  const orderId = randomUUID();
  stripe.fail(CONFIRM, 'lost', 2);
  expect(await authorizeOnce(orderId, 'pm_card_visa')).toEqual({ outcome: 'pending' });
  await eventually(() => expect(confirmations(orderId)).toBe(2));
  expect(intents(orderId)).toMatchObject([{ status: 'requires_capture' }]);
  expect(await kept(orderId)).toMatchObject({ status: 'PENDING', provider_reference: intents(orderId)[0]?.id });
  // A day later no idempotency key would hold a second charge back.
  stripe.forgetKeys();
  expect(await authorize(orderId, 'pm_card_visa')).toEqual({ outcome: 'authorized' });
  expect(confirmations(orderId)).toBe(2);
  expect(intents(orderId)).toHaveLength(1);
  expect(await ledger(orderId)).toEqual({ buyer: '-5000', held: '5000' });
});

test('charged, the answer lost, and the order cancelled: the money is let go', async () => {
  const orderId = randomUUID();
  stripe.fail(CONFIRM, 'brokenAfter');
  expect(await authorizeOnce(orderId, 'pm_card_visa')).toEqual({ outcome: 'pending' });
  await eventually(() => expect(confirmations(orderId)).toBe(1));
  expect(await reverse(orderId)).toEqual({ outcome: 'reversed' });
  expect(intents(orderId)).toMatchObject([{ status: 'canceled' }]);
  expect(await kept(orderId)).toMatchObject({ status: 'VOIDED' });
  expect(await ledger(orderId)).toEqual({});
});

test('ten at once are one', async () => {
  const orderId = randomUUID();
  await Promise.all(Array.from({ length: 10 }, () => authorizeOnce(orderId, 'pm_card_visa')));
  expect(await authorize(orderId, 'pm_card_visa')).toEqual({ outcome: 'authorized' });
  expect(intents(orderId)).toMatchObject([{ status: 'requires_capture' }]);
  expect(await ledger(orderId)).toEqual({ buyer: '-5000', held: '5000' });
});
