/** What is in doubt is found and settled, on either side, wherever an answer was lost or a process died. */
import { randomUUID } from 'node:crypto';
import { capturePayment } from '../../subgraphs/payments/capture-payment';
import { lockPayment } from '../../subgraphs/payments/payment.rows';
import { promiseRefund } from '../../subgraphs/payments/refunds';
import { reversePayment } from '../../subgraphs/payments/reverse-payment';
import { metric, startPaymentsWorld, type PaymentsWorld } from '../support/payments-world';

let world: PaymentsWorld;
beforeAll(async () => {
  world = await startPaymentsWorld();
});
afterAll(() => world.stop());
beforeEach(async () => {
  world.provider.fails.clear();
  world.provider.charges.clear();
  world.provider.refunds.clear();
  world.provider.next = 'AUTHORIZED';
  await world.services.db.rows('TRUNCATE payment, refund, ledger_entry, outbox, payment_notice, provider_checkpoint');
});

const { AUTHORIZED, CAPTURED, VOIDED, FAILED, PENDING } = {
  PENDING: { status: 'PENDING', captured: '0', refunded: '0' },
  AUTHORIZED: { status: 'AUTHORIZED', captured: '0', refunded: '0' },
  CAPTURED: { status: 'CAPTURED', captured: '5000', refunded: '0' },
  VOIDED: { status: 'VOIDED', captured: '0', refunded: '0' },
  FAILED: { status: 'FAILED', captured: '0', refunded: '0' },
};
const kept = async (orderId: string) => (await world.kept()).get(orderId);
/** Pretends that the process died, or lost the answer, in one call; then the provider is well again. */
async function cut(
  call: 'authorize' | 'capture' | 'void' | 'refund',
  how: 'answerLost' | 'crash',
  work: () => Promise<unknown>,
) {
  world.provider.fails.set(call, how);
  await work().catch((error: unknown) => {
    if (!(error instanceof Error && /crash|cannot be reached|unavailable/i.test(error.message))) throw error;
  });
  world.provider.fails.clear();
}
const lookUp = () => world.job('payments.look-up');
const reconcile = async () => {
  world.later(15);
  // The pause between two runs is by the database's clock.
  await world.services.db.rows(`UPDATE provider_checkpoint SET due_at = now() - interval '1 s'`);
  await world.job('payments.reconcile');
};

describe.each(['answerLost', 'crash'] as const)('%s in the middle of', (how) => {
  test('an authorization: looked up after 5 s, not charged again', async () => {
    const orderId = randomUUID();
    await cut('authorize', how, () => world.authorize(orderId));
    const before = await metric('souk_payment_doubt_seconds', { le: 10 });
    const asked = world.provider.calls.find;
    await lookUp();
    expect(await kept(orderId)).toEqual(PENDING);
    expect(world.provider.calls.find).toBe(asked);
    world.later(6);
    await lookUp();
    expect(await kept(orderId)).toEqual(AUTHORIZED);
    expect(await world.told(orderId)).toEqual(['AUTHORIZED']);
    expect(await world.balances()).toEqual({ buyer: '-5000', held: '5000' });
    expect(world.provider.charges.size).toBe(1);
    expect(await metric('souk_payments_in_doubt')).toBe(0);
    expect(await metric('souk_payment_doubt_seconds', { le: 10 })).toBe(before + 1);
    world.later(60);
    await lookUp();
    expect(world.provider.calls.find).toBe(asked + 1);
  });

  test('a decline: the payment has failed', async () => {
    world.provider.next = 'DECLINED';
    const orderId = randomUUID();
    await cut('authorize', how, () => world.authorize(orderId));
    world.later(6);
    await lookUp();
    expect(await kept(orderId)).toEqual(FAILED);
    expect(await world.told(orderId)).toEqual(['FAILED']);
    expect(await world.balances()).toEqual({});
  });

  test('a capture: taken once', async () => {
    const orderId = await world.authorize();
    await cut('capture', how, () => capturePayment(world.services, orderId, 'test'));
    expect(await kept(orderId)).toEqual(AUTHORIZED);
    world.later(6);
    await lookUp();
    expect(await kept(orderId)).toEqual(CAPTURED);
    expect(await world.told(orderId)).toEqual(['AUTHORIZED', 'PAID']);
    expect(await world.balances()).toEqual({ buyer: '-5000', shop: '5000' });
  });

  test('a void: the payment is void', async () => {
    const orderId = await world.authorize();
    await cut('void', how, () => reversePayment(world.services, orderId, 'test'));
    expect(await kept(orderId)).toEqual(AUTHORIZED);
    world.later(6);
    await lookUp();
    expect(await kept(orderId)).toEqual(VOIDED);
    expect(await world.told(orderId)).toEqual(['AUTHORIZED', 'VOIDED']);
    expect(await world.balances()).toEqual({});
  });

  test('a refund: given back once', async () => {
    const orderId = await world.authorize();
    await capturePayment(world.services, orderId, 'test');
    await cut('refund', how, () => reversePayment(world.services, orderId, 'test'));
    world.later(6);
    await lookUp();
    expect(await metric('souk_payments_in_doubt')).toBe(1);
    await world.job('payments.retry-refunds');
    await lookUp();
    expect(await metric('souk_payments_in_doubt')).toBe(0);
    expect(await kept(orderId)).toEqual({ ...CAPTURED, refunded: '5000' });
    expect(world.provider.of(orderId)?.refundedAmount).toBe(5_000n);
    expect(await world.balances()).toEqual({});
    expect(await world.services.db.rows('SELECT status FROM refund')).toEqual([{ status: 'SUCCEEDED' }]);
  });

  test('letting go of what belongs to no order: done once', async () => {
    await world.job('payments.reconcile');
    const { reference } = world.provider.take(randomUUID(), 'CAPTURED');
    world.later(30);
    world.provider.fails.set('refund', how);
    await reconcile();
    world.provider.fails.clear();
    await reconcile();
    expect(world.provider.charges.get(reference)).toMatchObject({ state: 'CAPTURED', refundedAmount: 5_000n });
    expect([...world.provider.refunds]).toEqual([[`orphan:${reference}`, 5_000n]]);
  });
});

describe('payments in doubt', () => {
  test('an outage is not hammered: each is asked about less and less often, by one process at a time', async () => {
    const orders = [randomUUID(), randomUUID(), randomUUID()];
    for (const orderId of orders) await cut('authorize', 'answerLost', () => world.authorize(orderId));
    world.provider.fails.set('find', 'unreached');
    const before = world.provider.calls.find;
    for (let second = 0; second < 65; second += 1) {
      world.later(1);
      await Promise.all([lookUp(), lookUp()]);
    }
    const each = (world.provider.calls.find - before) / orders.length;
    // After 5 s, then about 2, 4, 8, 15, 15, 15 s later.
    expect(each).toBeGreaterThanOrEqual(5);
    expect(each).toBeLessThanOrEqual(8);
    expect(await metric('souk_payments_in_doubt')).toBe(3);
    world.provider.fails.clear();
    world.later(20);
    await lookUp();
    for (const orderId of orders) expect(await kept(orderId)).toEqual(AUTHORIZED);
  });

  test('a capture that never reached the provider stays undone, and is looked up for half a minute', async () => {
    const orderId = await world.authorize();
    world.provider.fails.set('capture', 'unreached');
    await expect(capturePayment(world.services, orderId, 'test')).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    const before = world.provider.calls.find;
    for (let second = 0; second < 120; second += 1) {
      world.later(1);
      await lookUp();
    }
    expect(world.provider.calls.find - before).toBe(5);
    expect(await kept(orderId)).toEqual(AUTHORIZED);
    expect(await metric('souk_payments_in_doubt')).toBe(0);
  });

  test('more than one batch is settled in one run', async () => {
    const orders = Array.from({ length: 35 }, () => randomUUID());
    await cut('authorize', 'answerLost', () => Promise.all(orders.map((orderId) => world.authorize(orderId))));
    world.later(6);
    await lookUp();
    expect([...(await world.kept()).values()]).toEqual(orders.map(() => AUTHORIZED));
  });
});

describe('what the provider has and nobody here knows of', () => {
  test('is let go after a grace of 30 s, given back where it was taken; what is no key of ours is left alone', async () => {
    await world.job('payments.reconcile');
    const held = world.provider.take(randomUUID(), 'AUTHORIZED').reference;
    const waiting = world.provider.take(randomUUID(), 'REQUIRES_ACTION').reference;
    const taken = world.provider.take(randomUUID(), 'CAPTURED').reference;
    const foreign = world.provider.take('a till in the shop', 'AUTHORIZED').reference;
    const states = () =>
      [held, waiting, taken, foreign].map((reference) => {
        const { state, refundedAmount } = world.provider.charges.get(reference)!;
        return `${state} ${refundedAmount}`;
      });
    await reconcile();
    expect(states()).toEqual(['AUTHORIZED 0', 'REQUIRES_ACTION 0', 'CAPTURED 0', 'AUTHORIZED 0']);
    await reconcile();
    await reconcile();
    expect(states()).toEqual(['VOIDED 0', 'VOIDED 0', 'CAPTURED 5000', 'AUTHORIZED 0']);
    const calls = { ...world.provider.calls };
    await reconcile();
    expect(world.provider.calls).toMatchObject({ void: calls.void, refund: calls.refund });
  });

  test('a hold whose payment is void or failed here is let go, and the payment stays as it is', async () => {
    await world.job('payments.reconcile');
    const orderId = randomUUID();
    world.provider.fails.set('authorize', 'unreached');
    await world.authorize(orderId);
    world.provider.fails.clear();
    world.later(40);
    expect(await reversePayment(world.services, orderId, 'test')).toEqual({ outcome: 'reversed' });
    // Taken up after all, later than anybody would wait.
    world.provider.take(orderId, 'AUTHORIZED');
    await reconcile();
    expect(world.provider.of(orderId)?.state).toBe('VOIDED');
    expect(await kept(orderId)).toEqual(VOIDED);
    expect(await world.told(orderId)).toEqual(['VOIDED']);
    expect(await world.balances()).toEqual({});
  });

  test('is still found after the shop or the provider was down for long', async () => {
    await world.job('payments.reconcile');
    const { reference } = world.provider.take(randomUUID(), 'AUTHORIZED');
    await reconcile();
    world.later(7_200);
    world.provider.fails.set('takenSince', 'unreached');
    await expect(reconcile()).rejects.toThrow('no answer');
    world.provider.fails.clear();
    await reconcile();
    expect(world.provider.charges.get(reference)?.state).toBe('VOIDED');
  });

  test('over many pages, some of one moment', async () => {
    await world.job('payments.reconcile');
    const moment = world.provider.now();
    for (let n = 0; n < 260; n += 1) {
      const at = n < 100 ? moment : new Date(moment.getTime() + 1_500 + n);
      world.provider.take(randomUUID(), 'AUTHORIZED', 5_000n, at);
    }
    world.later(60);
    await reconcile();
    expect(new Set([...world.provider.charges.values()].map(({ state }) => state))).toEqual(new Set(['VOIDED']));
    expect(world.provider.calls.void).toBeGreaterThanOrEqual(260);
  });

  test('one process at a time reads the list', async () => {
    await world.job('payments.reconcile');
    await world.services.db.rows(`UPDATE provider_checkpoint SET due_at = now() - interval '1 s'`);
    const before = world.provider.calls.takenSince;
    await Promise.all([1, 2, 3].map(() => world.job('payments.reconcile')));
    expect(world.provider.calls.takenSince).toBe(before + 1);
  });

  test('an answer lost at the provider is settled from its list, without a look-up', async () => {
    await world.job('payments.reconcile');
    const orderId = randomUUID();
    await cut('authorize', 'answerLost', () => world.authorize(orderId));
    const before = world.provider.calls.find;
    await reconcile();
    expect(await kept(orderId)).toEqual(AUTHORIZED);
    expect(world.provider.calls.find).toBe(before);
  });
});

describe('refunds made at the provider', () => {
  test('are refunds here', async () => {
    await world.job('payments.reconcile');
    const orderId = await world.authorize();
    await capturePayment(world.services, orderId, 'test');
    world.provider.move(orderId, { refundedAmount: 700n });
    await reconcile();
    expect(await kept(orderId)).toEqual({ ...CAPTURED, refunded: '700' });
    expect(await world.told(orderId)).toEqual(['AUTHORIZED', 'PAID', 'PARTIALLY_REFUNDED']);
    expect(await world.services.db.rows('SELECT amount, status, reason FROM refund')).toEqual([
      { amount: '700', status: 'SUCCEEDED', reason: null },
    ]);
    expect(await world.balances()).toEqual({ buyer: '-4300', shop: '4300' });
  });

  test('come to light when a promise of ours that hid them is refused', async () => {
    const orderId = await world.authorize();
    await capturePayment(world.services, orderId, 'test');
    await world.services.db.transaction(async (tx) => {
      const payment = (await lockPayment(tx, orderId))!;
      const now = world.services.clock.now();
      await promiseRefund(tx, payment, { amount: 5_000n, sealedReason: null, now, cause: 'test' });
    });
    world.provider.move(orderId, { refundedAmount: 700n });
    world.later(6);
    await world.job('payments.retry-refunds');
    expect(await kept(orderId)).toEqual(CAPTURED);
    world.later(6);
    await lookUp();
    expect(await kept(orderId)).toEqual({ ...CAPTURED, refunded: '700' });
    expect(await world.balances()).toEqual({ buyer: '-4300', shop: '4300' });
  });
});

test('another amount than was asked for is nobody’s to settle', async () => {
  const orderId = randomUUID();
  world.provider.take(orderId, 'AUTHORIZED', 4_999n);
  await cut('authorize', 'answerLost', () => world.authorize(orderId));
  const before = await metric('souk_payment_reconciled_total', { kind: 'mismatch' });
  world.later(6);
  await lookUp();
  expect(await kept(orderId)).toEqual(PENDING);
  expect(await world.balances()).toEqual({});
  expect(await metric('souk_payment_reconciled_total', { kind: 'mismatch' })).toBe(before + 1);
});
