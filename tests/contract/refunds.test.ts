/** Money on its way back: refunds, returns, reversals and captures at the same time never give back more than was taken. */
import { randomUUID } from 'node:crypto';
import { register } from 'prom-client';
import type { Principal } from '../../platform/auth/principal';
import { toId } from '../../platform/ids';
import { payments } from '../../subgraphs/payments';
import { createRefund } from '../../subgraphs/payments/create-refund';
import { authorizePayment, capturePayment, refundReturn, reversePayment } from '../../subgraphs/payments/messages';
import { withProvider, type PaymentServices } from '../../subgraphs/payments/payment.services';
import { ProviderUnavailable, type PaymentProvider } from '../../subgraphs/payments/provider/provider';
import { refundReturn as refundReturnWith } from '../../subgraphs/payments/refund-return';
import { reversePayment as reverseWith } from '../../subgraphs/payments/reverse-payment';
import { startTestSandbox, WEBHOOK_SECRET, type SandboxUnderTest } from '../support/sandbox';
import { startSubgraph, type SubgraphUnderTest } from '../support/subgraph';

let shop: SubgraphUnderTest;
let sandbox: SandboxUnderTest;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  const settings = { SANDBOX_URL: sandbox.url, SANDBOX_WEBHOOK_SECRET: WEBHOOK_SECRET };
  shop = await startSubgraph(payments, { settings });
});
afterAll(async () => {
  await shop.stop();
  await sandbox.stop();
});

const support: Principal = { kind: 'user', id: randomUUID(), role: 'SUPPORT', sessionId: randomUUID() };
const authorized = async (amount = 5_000n): Promise<string> => {
  const orderId = randomUUID();
  const owner = { ownerKind: 'user' as const, ownerId: randomUUID() };
  const input = { orderId, ...owner, amount, currencyCode: 'USD', token: 'tok_visa', methodId: null };
  expect(await shop.command(authorizePayment, input)).toEqual({ outcome: 'authorized' });
  return orderId;
};
const captured = async (amount?: bigint): Promise<string> => {
  const orderId = await authorized(amount);
  expect(await shop.command(capturePayment, { orderId })).toEqual({ outcome: 'captured' });
  return orderId;
};
/** The provider with another refund; `given` is what it has given back in all. */
const providerThat = (refund?: PaymentProvider['refund']) => {
  const { provider, ...services } = withProvider(shop.services);
  const log = { given: 0n };
  const counting: PaymentProvider = {
    ...provider,
    async refund(request) {
      const answer = await (refund ?? provider.refund)(request);
      if (answer.outcome === 'refunded') log.given += request.amount;
      return answer;
    },
  };
  return { log, services: { ...services, provider: counting } satisfies PaymentServices };
};
const createWith = (services: PaymentServices, orderId: string, amount?: string) =>
  createRefund(
    { services, principal: support, requestId: 'test', become: () => undefined },
    {
      orderId: toId('ord', orderId),
      amount: amount && { amount, currencyCode: 'USD' },
      idempotencyKey: randomUUID(),
    },
  );
/** Payment, its refunds and the balance of each account that is not zero. */
const books = async (orderId: string) => {
  const [payment] = await shop.services.db.rows<{ status: string; captured: string; refunded: string }>(
    'SELECT status, captured_amount AS captured, refunded_amount AS refunded FROM payment WHERE order_id = $1',
    [orderId],
  );
  const refunds = await shop.services.db.rows<{ status: string; amount: string }>(
    `SELECT r.status, r.amount FROM refund r JOIN payment p ON p.id = r.payment_id WHERE order_id = $1 ORDER BY r.created_at, r.id`,
    [orderId],
  );
  const balances = await shop.services.db.rows<{ account: string; sum: string }>(
    `SELECT account, sum(e.amount) AS sum FROM ledger_entry e JOIN payment p ON p.id = e.payment_id
     WHERE order_id = $1 GROUP BY account HAVING sum(e.amount) <> 0`,
    [orderId],
  );
  return {
    ...payment,
    refunds: refunds.map(({ status, amount }) => `${status} ${amount}`),
    balances: Object.fromEntries(balances.map(({ account, sum }) => [account, sum])),
  };
};
const failures = async (): Promise<number> =>
  (await register.getSingleMetric('souk_refunds_failed_total')?.get())?.values[0]?.value ?? 0;
const lastNews = async (orderId: string): Promise<string | undefined> =>
  (
    await shop.services.db.rows<{ status: string }>(
      `SELECT payload->>'status' AS status FROM outbox WHERE name = 'payments.paymentChanged' AND payload->>'orderId' = $1
       ORDER BY position DESC LIMIT 1`,
      [orderId],
    )
  )[0]?.status;

describe('at the same time', () => {
  test('50 refunds of a tenth each: exactly ten, and the provider gives back what was captured', async () => {
    const orderId = await captured();
    const { services, log } = providerThat();
    const answers = await Promise.allSettled(Array.from({ length: 50 }, () => createWith(services, orderId, '5.00')));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(log.given).toBe(5_000n);
    expect(await books(orderId)).toEqual({
      ...{ status: 'CAPTURED', captured: '5000', refunded: '5000', balances: {} },
      refunds: Array.from({ length: 10 }, () => 'SUCCEEDED 500'),
    });
  });

  test('a refund of all by support and one for a return: one of them, whichever came first', async () => {
    for (let round = 0; round < 10; round += 1) {
      const orderId = await captured();
      const { services, log } = providerThat();
      const [bySupport, forReturn] = await Promise.allSettled([
        createWith(services, orderId),
        refundReturnWith(services, { orderId, returnId: randomUUID(), amount: 2_000n }, 'test'),
      ]);
      expect(bySupport.status).toBe('fulfilled');
      const returned = forReturn.status === 'fulfilled' && forReturn.value.outcome;
      const refunds =
        returned === 'refunded' ? ['SUCCEEDED 2000', 'SUCCEEDED 3000'] : ['FAILED 2000', 'SUCCEEDED 5000'];
      const { refunds: kept, ...rest } = await books(orderId);
      expect(kept.toSorted()).toEqual(refunds);
      expect(rest).toEqual({ status: 'CAPTURED', captured: '5000', refunded: '5000', balances: {} });
      expect(log.given).toBe(5_000n);
    }
  });

  test('a capture and a reversal: either nothing was taken, or all of it is given back', async () => {
    for (let round = 0; round < 20; round += 1) {
      const orderId = await authorized();
      const [capture] = await Promise.all([
        shop.command(capturePayment, { orderId }),
        shop.command(reversePayment, { orderId }),
      ]);
      expect(await shop.command(reversePayment, { orderId })).toEqual({ outcome: 'reversed' });
      const voided = { status: 'VOIDED', captured: '0', refunded: '0', refunds: [], balances: {} };
      const refunded = {
        status: 'CAPTURED',
        captured: '5000',
        refunded: '5000',
        refunds: ['SUCCEEDED 5000'],
        balances: {},
      };
      expect(await books(orderId)).toEqual(capture.outcome === 'captured' ? refunded : voided);
    }
  });
});

describe('refundReturn', () => {
  const refund = (orderId: string, returnId: string, amount: bigint) =>
    shop.command(refundReturn, { orderId, returnId, amount });

  test('gives back once for each return, under its id', async () => {
    const orderId = await captured();
    const returnId = randomUUID();
    const answers = await Promise.all(Array.from({ length: 5 }, () => refund(orderId, returnId, 2_000n)));
    expect(answers.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(await refund(orderId, returnId, 2_000n)).toEqual({ outcome: 'refunded' });
    expect(await shop.services.db.rows('SELECT status FROM refund WHERE id = $1', [returnId])).toEqual([
      { status: 'SUCCEEDED' },
    ]);
    expect(await books(orderId)).toMatchObject({ refunded: '2000', refunds: ['SUCCEEDED 2000'] });
    expect(await lastNews(orderId)).toBe('PARTIALLY_REFUNDED');
  });

  test('more than is left fails for good, and nothing is given back', async () => {
    const orderId = await captured();
    const returnId = randomUUID();
    const before = await failures();
    expect(await refund(orderId, returnId, 5_001n)).toEqual({ outcome: 'failed' });
    // However often it is asked, and whatever is left then.
    expect(await refund(orderId, returnId, 1_000n)).toEqual({ outcome: 'failed' });
    expect(await failures()).toBe(before + 1);
    expect(await books(orderId)).toMatchObject({ refunded: '0', refunds: ['FAILED 5001'] });
    expect(await refund(await authorized(), randomUUID(), 1n)).toEqual({ outcome: 'failed' });
    expect(await refund(randomUUID(), randomUUID(), 1n)).toEqual({ outcome: 'failed' });
  });

  test('a provider that is down: pending, the money promised, and given back when it is there again', async () => {
    const orderId = await captured();
    const returnId = randomUUID();
    const down = providerThat(() => Promise.reject(new ProviderUnavailable()));
    expect(await refundReturnWith(down.services, { orderId, returnId, amount: 5_000n }, 'test')).toEqual({
      outcome: 'pending',
    });
    await expect(createWith(down.services, orderId)).rejects.toThrow('CONFLICT');
    expect(await refund(orderId, returnId, 5_000n)).toEqual({ outcome: 'refunded' });
    expect(await books(orderId)).toMatchObject({ refunded: '5000', refunds: ['SUCCEEDED 5000'] });
  });
});

describe('a refund that the provider refuses', () => {
  test('is FAILED, counted, and its money can be promised again', async () => {
    const orderId = await captured();
    const before = await failures();
    const refusing = providerThat(() => Promise.resolve({ outcome: 'failed' as const }));
    expect(await createWith(refusing.services, orderId)).toMatchObject({ status: 'FAILED', amount: 5_000n });
    expect(await failures()).toBe(before + 1);
    expect(await lastNews(orderId)).toBe('PAID');
    const { services } = providerThat();
    expect(await createWith(services, orderId)).toMatchObject({ status: 'SUCCEEDED', amount: 5_000n });
    expect(await books(orderId)).toMatchObject({
      ...{ refunded: '5000', balances: {} },
      refunds: ['FAILED 5000', 'SUCCEEDED 5000'],
    });
  });

  test('of a cancelled order: the order is told that the shop still has the money, and support gives it back', async () => {
    const orderId = await captured();
    const refusing = providerThat(() => Promise.resolve({ outcome: 'failed' as const }));
    expect(await reverseWith(refusing.services, orderId, 'test')).toEqual({ outcome: 'reversed' });
    expect(await books(orderId)).toMatchObject({
      status: 'CAPTURED',
      refunded: '0',
      balances: { buyer: '-5000', shop: '5000' },
    });
    expect(await lastNews(orderId)).toBe('PAID');
    expect(await createWith(providerThat().services, orderId)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await lastNews(orderId)).toBe('REFUNDED');
  });
});
