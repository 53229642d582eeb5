/** Webhooks of the payment provider: forged, repeated, early, late and shuffled ones do no harm. */
import { randomUUID } from 'node:crypto';
import { paymentWebhooks } from '../../gateway/payment-webhooks';
import { RequestSigner } from '../../platform/auth/signature';
import { systemClock } from '../../platform/clock';
import { createCommandClient } from '../../platform/commands/client';
import { handle } from '../../platform/commands/command';
import { payments } from '../../subgraphs/payments';
import { receiveWebhook as command } from '../../subgraphs/payments/messages';
import { withNoticeWorker } from '../../subgraphs/payments/notice-worker';
import type { ProviderState } from '../../subgraphs/payments/provider/provider';
import { receiveWebhook } from '../../subgraphs/payments/receive-webhook';
import { reversePayment } from '../../subgraphs/payments/reverse-payment';
import { eventually } from '../support/eventually';
import { noticeBody, signed } from '../support/fake-provider';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { metric, startPaymentsWorld, type PaymentsWorld } from '../support/payments-world';
import { startSubgraph } from '../support/subgraph';

let world: PaymentsWorld;
let door: TestGateway;
beforeAll(async () => {
  world = await startPaymentsWorld();
  const handler = handle(command, (_: unknown, input) => receiveWebhook(world.services, input));
  const url = 'http://127.0.0.1:1';
  const commands = createCommandClient({
    local: { payments: (_, input, meta) => handler.handle(null, input, meta) },
    urls: { accounts: url, catalog: url, cart: url, orders: url, payments: url },
    signer: new RequestSigner(['a secret of the tests'], systemClock),
  });
  door = await startTestGateway({ routes: [paymentWebhooks(commands)] });
});
afterAll(async () => {
  await door.gateway.stop();
  await world.services.noticeWorker.run();
  await world.stop();
});

const send = (body: string, headers = signed(body), provider = 'fake') =>
  receiveWebhook(world.services, { provider, body, headers });
const post = async (body: string, headers = signed(body)): Promise<number> => {
  const response = await fetch(`${door.url}/webhooks/payments/fake`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  await response.arrayBuffer();
  return response.status;
};
const notices = () =>
  world.services.db.rows<{ key: string | null; applied: boolean; open: boolean }>(
    `SELECT key, applied_at IS NOT NULL AS applied, due_at IS NOT NULL AS open FROM payment_notice ORDER BY received_at`,
  );
/** As if the pause before the next attempt were over. */
const makeDue = () =>
  world.services.db.rows(`UPDATE payment_notice SET due_at = now() - interval '1 s' WHERE due_at IS NOT NULL`);
/** Shuffles in place, always the same way. */
function shuffle<T>(items: T[], seed: number): T[] {
  let state = seed;
  for (let index = items.length - 1; index > 0; index -= 1) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const other = state % (index + 1);
    [items[index], items[other]] = [items[other]!, items[index]!];
  }
  return items;
}

test('10,000 webhooks, each three times, shuffled, every tenth forged', async () => {
  const { provider, services } = world;
  const PAYMENTS = 300;
  const STEPS = 5;
  const orders = Array.from({ length: PAYMENTS }, () => randomUUID());
  // The answers to the first half were lost, so all is learned from webhooks; those of the last twenty come before the payment.
  const early = orders.slice(-20);
  for (const [index, orderId] of orders.slice(0, -20).entries()) {
    provider.next = index % 4 === 0 ? 'REQUIRES_ACTION' : 'AUTHORIZED';
    if (index < PAYMENTS / 2) provider.fails.set('authorize', 'answerLost');
    await world.authorize(orderId);
    provider.fails.clear();
  }
  for (const orderId of early) provider.take(orderId, 'AUTHORIZED');
  // Ten move on at the provider, and only forgers tell of it.
  const slandered = orders.slice(140, 150);
  const before = await world.kept();

  const histories: Partial<Pick<ProviderState, 'state' | 'refundedAmount'>>[][] = [
    [{ state: 'AUTHORIZED' }, { state: 'CAPTURED' }, { refundedAmount: 700n }, { refundedAmount: 5_000n }],
    [{ state: 'AUTHORIZED' }, { state: 'VOIDED' }],
    [{ state: 'CAPTURED' }],
    [{ state: 'AUTHORIZED' }, {}, { state: 'CAPTURED' }, { refundedAmount: 1n }],
  ];
  const forged: [string, Record<string, string>][] = Array.from({ length: 1_000 }, (_, index) => {
    const body = noticeBody(index % 2 === 0 ? slandered[index % 10]! : orders[index % PAYMENTS]!);
    if (index % 3 === 0) return [body, signed(body, new Date(), 'a guess')];
    if (index % 3 === 1) return [`${body} `, signed(body)];
    return [body, signed(body, new Date(Date.now() - 301_000))];
  });
  const waiting = forged.map(([body, headers]) => ({ body, headers }));
  const other = withNoticeWorker(services);
  const outcomes: Record<string, number> = {};
  const count = (outcome: string | number) => (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1);
  const deliver = async ({ body, headers }: (typeof waiting)[number], index: number): Promise<void> => {
    if (index % 25 > 0) count((await send(body, headers)).outcome);
    else count(await post(body, headers));
  };
  provider.calls.find = 0;
  let sent = 0;
  const replays: typeof waiting = [];
  for (let step = 0; step < STEPS; step += 1) {
    if (step === 3) for (const orderId of early) await world.authorize(orderId);
    for (const [index, orderId] of orders.entries()) {
      const change = histories[index % histories.length]![step];
      if (change) provider.move(orderId, change);
      if (slandered.includes(orderId)) continue;
      // Two events of each step, each three times; the remaining ones in the last step, so that all are heard of.
      const events = step < STEPS - 1 ? 2 : 2 + (index < 100 ? 1 : 0);
      for (let event = 0; event < events; event += 1) {
        const body = noticeBody(orderId);
        for (let time = 0; time < 3; time += 1) waiting.push({ body, headers: signed(body) });
        replays.push({ body, headers: signed(body) });
      }
    }
    shuffle(waiting, step + 1);
    const now = waiting.splice(0, step < STEPS - 1 ? Math.floor(waiting.length * 0.7) : waiting.length);
    for (let at = 0; at < now.length; at += 50) {
      await Promise.all([
        ...now.slice(at, at + 50).map((one, index) => deliver(one, sent + at + index)),
        ...(at % 1_000 === 0 ? [other.noticeWorker.run()] : []),
      ]);
    }
    sent += now.length;
  }
  await makeDue();
  await services.noticeWorker.run();

  const good = sent - forged.length;
  expect(sent).toBe(10_000);
  // By HTTP or by command, it is the same.
  expect(outcomes).toEqual({ 200: 353, stored: 8_647, 400: 47, refused: 953 });
  const rows = await notices();
  expect(rows).toHaveLength(good / 3);
  expect(rows.filter(({ applied, open }) => !applied || open)).toEqual([]);
  const after = await world.kept();
  for (const orderId of orders) {
    if (slandered.includes(orderId)) {
      expect(after.get(orderId)).toEqual(before.get(orderId));
      continue;
    }
    const { state, capturedAmount, refundedAmount } = provider.of(orderId)!;
    expect(after.get(orderId)).toEqual({
      status: state,
      captured: String(capturedAmount),
      refunded: String(refundedAmount),
    });
  }
  // One look-up answers for all that was stored of a payment by then.
  expect(provider.calls.find).toBeGreaterThanOrEqual(PAYMENTS - slandered.length);
  expect(provider.calls.find).toBeLessThan(rows.length);

  // Every step once and forwards, each booked once.
  const rank = ['AUTHORIZED', 'VOIDED', 'PAID', 'PARTIALLY_REFUNDED', 'REFUNDED'];
  for (const orderId of orders) {
    const told = (await world.told(orderId)).map((status) => rank.indexOf(status));
    expect(told).toEqual([...new Set(told)].sort((a, b) => a - b));
  }
  expect(
    await services.db.rows(
      `SELECT payment_id FROM ledger_entry WHERE kind = 'CAPTURE' GROUP BY payment_id HAVING count(*) <> 2
       UNION ALL SELECT posting_id FROM ledger_entry GROUP BY posting_id HAVING sum(amount) <> 0`,
    ),
  ).toEqual([]);
  const charges = orders.filter((orderId) => !slandered.includes(orderId)).map((orderId) => provider.of(orderId)!);
  const taken = charges.reduce((sum, { capturedAmount, refundedAmount }) => sum + capturedAmount - refundedAmount, 0n);
  expect((await world.balances())['shop']).toBe(String(taken));

  // All of it once more changes nothing, and asks nobody.
  const [asked, events] = [provider.calls.find, await services.db.rows('SELECT count(*) FROM outbox')];
  for (let at = 0; at < replays.length; at += 50) {
    await Promise.all(replays.slice(at, at + 50).map(({ body, headers }) => send(body, headers)));
  }
  await services.noticeWorker.run();
  expect(provider.calls.find).toBe(asked);
  expect(await services.db.rows('SELECT count(*) FROM outbox')).toEqual(events);
  expect(await world.kept()).toEqual(after);
}, 120_000);

describe('one webhook', () => {
  test('of a payment not known yet waits for it, asking nobody; of one that never comes is given up after a day', async () => {
    const [orderId, never] = [randomUUID(), randomUUID()];
    const { reference } = world.provider.take(orderId, 'AUTHORIZED');
    const asked = world.provider.calls.find;
    for (const key of [orderId, never]) expect(await send(noticeBody(key))).toEqual({ outcome: 'stored' });
    await world.services.noticeWorker.run();
    const stateOf = async (key: string) => (await notices()).filter((notice) => notice.key === key);
    expect(await stateOf(orderId)).toEqual([{ key: orderId, applied: false, open: true }]);
    expect(world.provider.calls.find).toBe(asked);

    world.provider.fails.set('authorize', 'unreached');
    await world.authorize(orderId);
    world.provider.fails.clear();
    const given = await metric('souk_payment_notices_total', { result: 'given_up' });
    await world.services.db.rows(`UPDATE payment_notice SET received_at = now() - interval '25 hours' WHERE key = $1`, [
      never,
    ]);
    await makeDue();
    await world.services.noticeWorker.run();
    expect(await stateOf(orderId)).toEqual([{ key: orderId, applied: true, open: false }]);
    expect(await stateOf(never)).toEqual([{ key: never, applied: false, open: false }]);
    expect(await metric('souk_payment_notices_total', { result: 'given_up' })).toBe(given + 1);
    expect((await world.kept()).get(orderId)).toEqual({ status: 'AUTHORIZED', captured: '0', refunded: '0' });
    const rows = await world.services.db.rows(
      'SELECT provider_reference AS reference FROM payment WHERE order_id = $1',
      [orderId],
    );
    expect(rows).toEqual([{ reference }]);
  });

  test('is applied when the provider that was down is back', async () => {
    const orderId = await world.authorize();
    world.provider.move(orderId, { state: 'VOIDED' });
    world.provider.fails.set('find', 'unreached');
    await send(noticeBody(orderId));
    await world.services.noticeWorker.run();
    expect((await world.kept()).get(orderId)?.status).toBe('AUTHORIZED');
    world.provider.fails.clear();
    await makeDue();
    await world.services.noticeWorker.run();
    expect((await world.kept()).get(orderId)?.status).toBe('VOIDED');
    expect(await world.balances(orderId)).toEqual({});
  });

  test('wakes the worker by itself', async () => {
    const orderId = await world.authorize();
    world.provider.move(orderId, { state: 'CAPTURED' });
    await send(noticeBody(orderId));
    await eventually(async () => expect((await world.kept()).get(orderId)?.status).toBe('CAPTURED'));
  });

  test('that is taken by a worker is nobody else’s until its lease ends', async () => {
    const orderId = await world.authorize();
    world.provider.move(orderId, { state: 'CAPTURED' });
    // A process that stores and dies.
    const dead = { ...world.services, noticeWorker: { run: async () => undefined, wake: () => undefined } };
    const body = noticeBody(orderId);
    await receiveWebhook(dead, { provider: 'fake', body, headers: signed(body) });
    await world.services.db.rows(
      `UPDATE payment_notice SET due_at = now() - interval '1 s' + interval '30 seconds' WHERE key = $1`,
      [orderId],
    );
    await world.services.noticeWorker.run();
    expect((await world.kept()).get(orderId)?.status).toBe('AUTHORIZED');
    await makeDue();
    await world.job('payments.apply-notices');
    expect((await world.kept()).get(orderId)?.status).toBe('CAPTURED');
  });

  test('of a payment that is over here but held there has the hold let go', async () => {
    const orderId = await world.authorize();
    expect(await reversePayment(world.services, orderId, 'test')).toEqual({ outcome: 'reversed' });
    world.provider.move(orderId, { state: 'AUTHORIZED' });
    await send(noticeBody(orderId));
    await world.services.noticeWorker.run();
    expect(world.provider.of(orderId)?.state).toBe('VOIDED');
    expect(await world.told(orderId)).toEqual(['AUTHORIZED', 'VOIDED']);
  });

  test.each([null, 'pi_not_of_this_shop'])('about nothing of ours (%p) is stored and that is all', async (key) => {
    const [asked, count] = [world.provider.calls.find, (await notices()).length];
    expect(await send(noticeBody(key))).toEqual({ outcome: 'stored' });
    await world.services.noticeWorker.run();
    expect((await notices()).slice(count)).toEqual([{ key: null, applied: false, open: false }]);
    expect(world.provider.calls.find).toBe(asked);
  });

  test('to another provider’s address, or with a signature that is no good, leaves no trace', async () => {
    const before = await notices();
    const body = noticeBody(randomUUID());
    expect(await send(body, signed(body), 'stripe')).toEqual({ outcome: 'unknownProvider' });
    for (const headers of [{}, { 'fake-signature': '' }, signed(body, new Date(), 'a guess'), signed(`${body} `)]) {
      expect(await send(body, headers)).toEqual({ outcome: 'refused' });
    }
    expect(await notices()).toEqual(before);
  });

  test('is forgotten after 14 days, not before', async () => {
    await world.services.db.rows('TRUNCATE payment_notice');
    for (const days of [13, 15]) {
      const key = await world.authorize();
      await send(noticeBody(key));
      await world.services.noticeWorker.run();
      await world.services.db.rows(
        'UPDATE payment_notice SET received_at = now() - make_interval(days => $2) WHERE key = $1',
        [key, days],
      );
    }
    await world.job('payments.prune');
    expect(await notices()).toHaveLength(1);
  });
});

test('nothing of a webhook’s body is kept', async () => {
  const rows = await world.services.db.rows<{ name: string }>(
    `SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'payment_notice' ORDER BY ordinal_position`,
  );
  expect(rows.map(({ name }) => name)).toEqual([
    'provider', 'event_id', 'type', 'key', 'occurred_at', 'received_at', 'due_at', 'applied_at',
  ]); // prettier-ignore
});

test('the subgraph takes the command and runs the jobs', async () => {
  const shop = await startSubgraph(payments);
  const input = { provider: 'nobody', body: '{}', headers: {} };
  expect(await shop.command(command, input)).toEqual({ outcome: 'unknownProvider' });
  expect(shop.started.jobs.map(({ name }) => name)).toEqual([
    'payments.retry-refunds', 'payments.forget-cards', 'payments.erase', 'payments.apply-notices', 'payments.look-up', 'payments.reconcile', 'payments.prune',
  ]); // prettier-ignore
  await shop.stop();
});
