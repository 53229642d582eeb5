/** Payments alone: what the provider is asked, what is kept, and what nobody may do. */
import { randomUUID } from 'node:crypto';
import type { Principal } from '../../platform/auth/principal';
import { toId } from '../../platform/ids';
import { payments } from '../../subgraphs/payments';
import { authorizePayment, capturePayment, reversePayment } from '../../subgraphs/payments/messages';
import { authorizePayment as authorizeWith } from '../../subgraphs/payments/authorize-payment';
import { withProvider } from '../../subgraphs/payments/payment.services';
import { ProviderUnavailable } from '../../subgraphs/payments/provider/provider';
import { reversePayment as reverse } from '../../subgraphs/payments/reverse-payment';
import { eventually } from '../support/eventually';
import { startTestSandbox, WEBHOOK_SECRET, type SandboxUnderTest } from '../support/sandbox';
import { startSubgraph, type SubgraphUnderTest } from '../support/subgraph';

let sandbox: SandboxUnderTest;
let shop: SubgraphUnderTest;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  shop = await startSubgraph(payments, {
    settings: { SANDBOX_URL: sandbox.url, SANDBOX_WEBHOOK_SECRET: WEBHOOK_SECRET },
  });
});
afterAll(async () => {
  await shop.stop();
  await sandbox.stop();
});

const inAMinute = { now: () => new Date(Date.now() + 60_000) };
const ada = randomUUID();
const user = (id: string, role: 'CUSTOMER' | 'SUPPORT' = 'CUSTOMER'): Principal => ({
  kind: 'user',
  id,
  role,
  sessionId: randomUUID(),
});
const support = user(randomUUID(), 'SUPPORT');

const order = (orderId: string, token: string, amount = 5_000n) => ({
  ...{ orderId, amount, token, methodId: null, currencyCode: 'USD' },
  ...{ ownerKind: 'user' as const, ownerId: ada },
});
const authorize = (orderId: string, token: string, amount?: bigint) =>
  shop.command(authorizePayment, order(orderId, token, amount));
/** Something one waits for and another gives. */
const signal = (): { given: Promise<void>; give: () => void } => {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give: () => give() };
};
const captured = async (amount = 5_000n): Promise<string> => {
  const orderId = randomUUID();
  expect(await authorize(orderId, 'tok_visa', amount)).toEqual({ outcome: 'authorized' });
  expect(await shop.command(capturePayment, { orderId })).toEqual({ outcome: 'captured' });
  return orderId;
};
const kept = async (orderId: string) =>
  (
    await shop.services.db.rows(
      `SELECT status, captured_amount, refunded_amount, decline_reason FROM payment WHERE order_id = $1`,
      [orderId],
    )
  )[0];
/** What the provider says it has done for the order. */
const charges = async (orderId: string) =>
  (await sandbox.ledger()).charges
    .filter(({ key }) => key === orderId)
    .map(({ state, refundedAmount: refunded }) => ({ state, refunded }));
const ledger = async (orderId: string): Promise<Record<string, string>> => {
  const rows = await shop.services.db.rows<{ account: string; sum: string }>(
    `SELECT account, sum(e.amount) AS sum FROM ledger_entry e JOIN payment p ON p.id = e.payment_id
     WHERE order_id = $1 GROUP BY account HAVING sum(e.amount) <> 0`,
    [orderId],
  );
  return Object.fromEntries(rows.map(({ account, sum }) => [account, sum]));
};
const events = async (orderId: string): Promise<string[]> =>
  (
    await shop.services.db.rows<{ status: string }>(
      `SELECT payload->>'status' AS status FROM outbox WHERE name = 'payments.paymentChanged' AND payload->>'orderId' = $1 ORDER BY position`,
      [orderId],
    )
  ).map(({ status }) => status);

const REFUND = `mutation ($input: CreateRefundInput!) { createRefund(input: $input) {
  refund { id status amount { amount } reason } userErrors { code field details } } }`;
const refund = (orderId: string, key: string, amount?: string, principal: Principal = support) =>
  shop.run(
    REFUND,
    {
      input: { orderId: toId('ord', orderId), amount: amount && { amount, currencyCode: 'USD' }, idempotencyKey: key },
    },
    principal,
  );

describe('authorization', () => {
  test.each([
    ['tok_visa', { outcome: 'authorized' }, 'AUTHORIZED'],
    ['tok_mastercard', { outcome: 'authorized' }, 'AUTHORIZED'],
    ['tok_declined', { outcome: 'declined', reason: 'card_declined' }, 'FAILED'],
    ['tok_insufficient_funds', { outcome: 'declined', reason: 'insufficient_funds' }, 'FAILED'],
    ['tok_nonsense', { outcome: 'unknownToken' }, 'FAILED'],
  ])('%s gives %j, again and again', async (token, outcome, status) => {
    const orderId = randomUUID();
    expect(await authorize(orderId, token)).toEqual(outcome);
    expect(await authorize(orderId, token)).toEqual(outcome);
    expect(await kept(orderId)).toMatchObject({ status });
    expect(await events(orderId)).toEqual([status]);
  });

  test('an error or a late answer leaves it pending; asked again, it is looked up, not charged again', async () => {
    for (const token of ['tok_error_once', 'tok_timeout']) {
      const orderId = randomUUID();
      expect(await authorize(orderId, token)).toEqual({ outcome: 'pending' });
      expect(await kept(orderId)).toMatchObject({ status: 'PENDING' });
      expect(await authorize(orderId, token)).toEqual({ outcome: 'authorized' });
      expect(await charges(orderId)).toEqual([{ state: 'AUTHORIZED', refunded: '0' }]);
    }
  });

  test('ten at once are one', async () => {
    const orderId = randomUUID();
    await Promise.all(Array.from({ length: 10 }, () => authorize(orderId, 'tok_visa')));
    expect(await authorize(orderId, 'tok_visa')).toEqual({ outcome: 'authorized' });
    expect(await events(orderId)).toEqual(['AUTHORIZED']);
    expect(await ledger(orderId)).toEqual({ buyer: '-5000', held: '5000' });
  });
});

describe('capture and reversal', () => {
  test('captures the whole once', async () => {
    const orderId = await captured();
    expect(await shop.command(capturePayment, { orderId })).toEqual({ outcome: 'captured' });
    expect(await kept(orderId)).toMatchObject({ status: 'CAPTURED', captured_amount: '5000' });
    expect(await ledger(orderId)).toEqual({ buyer: '-5000', shop: '5000' });
  });

  test('a refused capture changes nothing', async () => {
    const orderId = randomUUID();
    await authorize(orderId, 'tok_capture_fails');
    expect(await shop.command(capturePayment, { orderId })).toEqual({ outcome: 'failed', reason: 'capture_failed' });
    expect(await kept(orderId)).toMatchObject({ status: 'AUTHORIZED', captured_amount: '0' });
  });

  test('voids what is held, also when its answer was never heard', async () => {
    for (const token of ['tok_visa', 'tok_timeout']) {
      const orderId = randomUUID();
      await authorize(orderId, token);
      expect(await shop.command(reversePayment, { orderId })).toEqual({ outcome: 'reversed' });
      expect(await shop.command(reversePayment, { orderId })).toEqual({ outcome: 'reversed' });
      expect(await charges(orderId)).toEqual([{ state: 'VOIDED', refunded: '0' }]);
      expect(await kept(orderId)).toMatchObject({ status: 'VOIDED' });
      expect(await ledger(orderId)).toEqual({});
    }
  });

  test('authorized while the reversal asks the provider: not reversed yet, and let go of when asked again', async () => {
    const orderId = randomUUID();
    expect(await authorize(orderId, 'tok_error_once')).toEqual({ outcome: 'pending' });
    const services = { ...withProvider(shop.services), clock: inAMinute };
    const { provider } = services;
    // An authorization that began before the reversal forbids new ones, and goes on while the reversal asks.
    const [reached, goOn] = [signal(), signal()];
    const waiting = {
      ...provider,
      find: async (key: string) => {
        reached.give();
        await goOn.given;
        return provider.find(key);
      },
    };
    const authorization = authorizeWith({ ...services, provider: waiting }, order(orderId, 'tok_error_once'), 'test');
    await reached.given;
    const find = async (key: string) => {
      const known = await provider.find(key);
      goOn.give();
      expect(await authorization).toEqual({ outcome: 'authorized' });
      return known;
    };
    const late = { ...services, provider: { ...provider, find } };
    expect(await reverse(late, orderId, 'test')).toEqual({ outcome: 'pending' });
    expect(await shop.command(reversePayment, { orderId })).toEqual({ outcome: 'reversed' });
    expect(await charges(orderId)).toEqual([{ state: 'VOIDED', refunded: '0' }]);
    expect(await kept(orderId)).toMatchObject({ status: 'VOIDED' });
    expect(await ledger(orderId)).toEqual({});
  });

  test('what the provider has not taken up yet is not called void before it can no longer come', async () => {
    const orderId = randomUUID();
    expect(await authorize(orderId, 'tok_error_once')).toEqual({ outcome: 'pending' });
    expect(await shop.command(reversePayment, { orderId })).toEqual({ outcome: 'pending' });
    expect(await kept(orderId)).toMatchObject({ status: 'PENDING' });
    const later = { ...withProvider(shop.services), clock: inAMinute };
    expect(await reverse(later, orderId, 'test')).toEqual({ outcome: 'reversed' });
    expect(await kept(orderId)).toMatchObject({ status: 'VOIDED' });
    expect(await ledger(orderId)).toEqual({});
  });

  test('refunds what was captured, once', async () => {
    const orderId = await captured();
    await Promise.all([1, 2, 3].map(() => shop.command(reversePayment, { orderId })));
    expect(await charges(orderId)).toEqual([{ state: 'CAPTURED', refunded: '5000' }]);
    expect(await kept(orderId)).toMatchObject({ refunded_amount: '5000' });
    expect(await ledger(orderId)).toEqual({});
  });

  test('an order reversed while its payment is in doubt is not charged by a later attempt', async () => {
    const orderId = randomUUID();
    expect(await authorize(orderId, 'tok_error_once')).toEqual({ outcome: 'pending' });
    expect(await shop.command(reversePayment, { orderId })).toEqual({ outcome: 'pending' });
    expect(await authorize(orderId, 'tok_error_once')).toEqual({ outcome: 'declined', reason: 'cancelled' });
    expect(await charges(orderId)).toEqual([]);
  });

  test('an order reversed before it was paid can not be paid any more', async () => {
    const orderId = randomUUID();
    expect(await shop.command(reversePayment, { orderId })).toEqual({ outcome: 'reversed' });
    expect(await authorize(orderId, 'tok_visa')).toEqual({ outcome: 'declined', reason: 'cancelled' });
    expect(await charges(orderId)).toEqual([]);
  });

  test('capture and reversal at once: the provider decides, and both ledgers agree', async () => {
    for (let round = 0; round < 10; round += 1) {
      const orderId = randomUUID();
      await authorize(orderId, 'tok_visa');
      await Promise.all([shop.command(capturePayment, { orderId }), shop.command(reversePayment, { orderId })]);
      await shop.command(reversePayment, { orderId });
      const [charge] = await charges(orderId);
      expect([
        { state: 'VOIDED', refunded: '0' },
        { state: 'CAPTURED', refunded: '5000' },
      ]).toContainEqual(charge);
      expect(await ledger(orderId)).toEqual({});
    }
  });
});

describe('a buyer who has to approve', () => {
  const keys = async (orderId: string) => (await sandbox.ledger()).charges.find(({ key }) => key === orderId);
  const decide = (url: string, approve: boolean) => sandbox.send('POST', new URL(url).pathname, { approve });
  const asked = async (orderId: string): Promise<{ url: string; expiresAt: Date | null }> => {
    const answer = await authorize(orderId, 'tok_3ds');
    if (answer.outcome !== 'requiresAction') throw new Error(answer.outcome);
    return answer;
  };

  test('is told where, again and again, without another event; the address is sealed where it is kept', async () => {
    const orderId = randomUUID();
    const first = await asked(orderId);
    expect(first.url).toMatch(new RegExp(`^${sandbox.url}/3ds/ch_`));
    expect(first.expiresAt).toEqual(new Date((await keys(orderId))?.action?.expiresAt ?? ''));
    expect(await asked(orderId)).toEqual(first);
    expect(await kept(orderId)).toMatchObject({ status: 'REQUIRES_ACTION' });
    expect(await events(orderId)).toEqual(['PENDING']);
    expect(await ledger(orderId)).toEqual({});
    const [row] = await shop.services.db.rows('SELECT p::text AS text FROM payment p WHERE order_id = $1', [orderId]);
    expect(JSON.stringify(row)).not.toContain('3ds');
  });

  test.each([
    [true, { outcome: 'authorized' }, 'AUTHORIZED', { buyer: '-5000', held: '5000' }],
    [false, { outcome: 'declined', reason: 'authentication_failed' }, 'FAILED', {}],
  ])('approve %p gives %j', async (approve, outcome, status, entries) => {
    const orderId = randomUUID();
    expect((await decide((await asked(orderId)).url, approve)).status).toBe(200);
    expect(await authorize(orderId, 'tok_3ds')).toEqual(outcome);
    expect(await authorize(orderId, 'tok_3ds')).toEqual(outcome);
    expect(await kept(orderId)).toMatchObject({ status });
    expect(await events(orderId)).toEqual(['PENDING', status]);
    expect(await ledger(orderId)).toEqual(entries);
    const [row] = await shop.services.db.rows('SELECT sealed_action FROM payment WHERE order_id = $1', [orderId]);
    expect(row).toEqual({ sealed_action: null });
  });

  test('who comes too late finds nothing to approve, also when the provider was down as it was given up', async () => {
    const orderId = randomUUID();
    const { url } = await asked(orderId);
    const services = withProvider(shop.services);
    const late = { ...services, clock: { now: () => new Date(Date.now() + 3_600_000) } };
    const down = {
      ...late,
      provider: { ...services.provider, void: () => Promise.reject(new ProviderUnavailable()) },
    };
    expect(await authorizeWith(down, order(orderId, 'tok_3ds'), 'test')).toEqual({ outcome: 'pending' });
    const expired = { outcome: 'declined', reason: 'action_expired' };
    expect(await authorizeWith(late, order(orderId, 'tok_3ds'), 'test')).toEqual(expired);
    expect(await charges(orderId)).toEqual([{ state: 'VOIDED', refunded: '0' }]);
    expect((await decide(url, true)).status).toBe(409);
    expect(await authorize(orderId, 'tok_3ds')).toEqual(expired);
    expect(await kept(orderId)).toMatchObject({ status: 'FAILED', decline_reason: 'action_expired' });
    expect(await events(orderId)).toEqual(['PENDING', 'FAILED']);
  });

  test('the same when where to go was never heard', async () => {
    const orderId = randomUUID();
    await sandbox.faults({ chargeThenTimeout: 1 });
    expect(await authorize(orderId, 'tok_3ds')).toEqual({ outcome: 'pending' });
    await sandbox.faults();
    const late = { ...withProvider(shop.services), clock: { now: () => new Date(Date.now() + 3_600_000) } };
    expect(await authorizeWith(late, order(orderId, 'tok_3ds'), 'test')).toEqual({
      ...{ outcome: 'declined', reason: 'action_expired' },
    });
    expect(await charges(orderId)).toEqual([{ state: 'VOIDED', refunded: '0' }]);
  });

  test('who approves as the payment is given up: nothing is held, or it is authorized, never both', async () => {
    for (let round = 0; round < 5; round += 1) {
      const orderId = randomUUID();
      const { url } = await asked(orderId);
      const late = { ...withProvider(shop.services), clock: { now: () => new Date(Date.now() + 3_600_000) } };
      const given = [1, 2].map(() => authorizeWith(late, order(orderId, 'tok_3ds'), 'test'));
      await Promise.all([...given, decide(url, true), authorize(orderId, 'tok_3ds')]);
      const { outcome } = await authorize(orderId, 'tok_3ds');
      const states = { authorized: 'AUTHORIZED', declined: 'VOIDED' };
      expect(await charges(orderId)).toEqual([{ state: states[outcome as keyof typeof states], refunded: '0' }]);
      expect(await ledger(orderId)).toEqual(outcome === 'authorized' ? { buyer: '-5000', held: '5000' } : {});
    }
  });

  test('a reversal ends the waiting, whether or not the buyer has approved meanwhile', async () => {
    for (const approve of [false, true]) {
      const orderId = randomUUID();
      const { url } = await asked(orderId);
      if (approve) await decide(url, true);
      expect(await shop.command(reversePayment, { orderId })).toEqual({ outcome: 'reversed' });
      expect(await charges(orderId)).toEqual([{ state: 'VOIDED', refunded: '0' }]);
      expect(await kept(orderId)).toMatchObject({ status: 'VOIDED' });
      expect((await decide(url, true)).status).toBe(409);
      expect(await ledger(orderId)).toEqual({});
    }
  });
});

test('a provider that charges and then says nothing, fails, or does things twice: one charge, and it is found', async () => {
  await sandbox.faults({ chargeThenTimeout: 0.3, error: 0.1, duplicate: 0.3, tooManyRequests: 0.1, seed: 7 });
  try {
    const orders = Array.from({ length: 12 }, () => randomUUID());
    await Promise.all(
      orders.map((orderId) =>
        eventually(async () => expect(await authorize(orderId, 'tok_visa')).toEqual({ outcome: 'authorized' })),
      ),
    );
    for (const orderId of orders) {
      expect(await charges(orderId)).toEqual([{ state: 'AUTHORIZED', refunded: '0' }]);
      expect(await events(orderId)).toEqual(['AUTHORIZED']);
    }
  } finally {
    await sandbox.faults();
  }
});

describe('refunds', () => {
  test('in parts, never more than was captured, each key once', async () => {
    const orderId = await captured();
    const first = await refund(orderId, 'a', '20.00');
    expect(first.data?.['createRefund']).toMatchObject({
      refund: { status: 'SUCCEEDED', amount: { amount: '20.00' } },
      userErrors: [],
    });
    expect((await refund(orderId, 'a', '20.00')).data).toEqual(first.data);
    expect((await refund(orderId, 'b', '30.01')).data?.['createRefund']).toEqual({
      refund: null,
      userErrors: [{ code: 'VALIDATION_ERROR', field: ['amount', 'amount'], details: { maximum: '30.00' } }],
    });
    expect((await refund(orderId, 'a', '1.00')).data?.['createRefund']).toMatchObject({
      userErrors: [{ code: 'DUPLICATE_REQUEST' }],
    });
    expect((await refund(orderId, 'c')).data?.['createRefund']).toMatchObject({
      refund: { amount: { amount: '30.00' } },
    });
    expect((await refund(orderId, 'd')).data?.['createRefund']).toMatchObject({ userErrors: [{ code: 'CONFLICT' }] });
    expect(await events(orderId)).toEqual([
      'AUTHORIZED',
      'PAID',
      'PARTIALLY_REFUNDED',
      'PARTIALLY_REFUNDED',
      'REFUNDED',
      'REFUNDED',
    ]);
    expect(await ledger(orderId)).toEqual({});
  });

  test('what staff wrote is theirs to read, and sealed where it is kept', async () => {
    const orderId = await captured();
    const input = { orderId: toId('ord', orderId), reason: 'Ada called', idempotencyKey: randomUUID() };
    const answer = await shop.run(REFUND, { input }, support);
    expect(answer.data?.['createRefund']).toMatchObject({ refund: { reason: 'Ada called' } });
    const rows = await shop.services.db.rows<{ reason: string }>(
      'SELECT r.reason FROM refund r JOIN payment p ON p.id = r.payment_id WHERE order_id = $1',
      [orderId],
    );
    expect(rows).toEqual([{ reason: expect.stringMatching(/^v1\./) as string }]);
  });

  test('ten at once of 10.00 each out of 50.00: five', async () => {
    const orderId = await captured();
    await Promise.all(Array.from({ length: 10 }, (_, index) => refund(orderId, `k${index}`, '10.00')));
    expect(await kept(orderId)).toMatchObject({ refunded_amount: '5000' });
    expect(await charges(orderId)).toEqual([{ state: 'CAPTURED', refunded: '5000' }]);
  });

  test.each([
    ['a stranger', user(randomUUID()), 'FORBIDDEN'],
    ['the owner', user(ada), 'FORBIDDEN'],
    ['nobody', { kind: 'anonymous' } as const, 'UNAUTHENTICATED'],
  ])('%s may not, and nothing changes', async (_, principal, code) => {
    const orderId = await captured();
    const answer = await refund(orderId, 'x', '1.00', principal);
    expect(answer.errors?.map(({ extensions }) => extensions['code'])).toEqual([code]);
    expect(await kept(orderId)).toMatchObject({ refunded_amount: '0' });
  });

  test.each(['0', '0.00', '-1', '1.001', '1e2', '', 'ten'])('an amount of %p is refused', async (amount) => {
    const orderId = await captured();
    const input = {
      orderId: toId('ord', orderId),
      amount: { amount, currencyCode: 'USD' },
      idempotencyKey: randomUUID(),
    };
    const answer = await shop.run(REFUND, { input }, support);
    expect(answer.data?.['createRefund']).toMatchObject({
      refund: null,
      userErrors: [{ code: 'VALIDATION_ERROR', field: ['amount', 'amount'] }],
    });
    expect(await kept(orderId)).toMatchObject({ refunded_amount: '0' });
  });
});

test('an order shows its money to owner and staff alone', async () => {
  const orderId = await captured();
  const query = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Order { payments { status amount { amount } } refunds { id } } } }`;
  const variables = { r: [{ __typename: 'Order', id: toId('ord', orderId) }] };
  const seen = { payments: [{ status: 'CAPTURED', amount: { amount: '50.00' } }], refunds: [] };
  for (const principal of [user(ada), support]) {
    expect((await shop.run(query, variables, principal)).data).toEqual({ _entities: [seen] });
  }
  for (const principal of [user(randomUUID()), { kind: 'anonymous' } as const]) {
    expect((await shop.run(query, variables, principal)).data).toEqual({
      _entities: [{ payments: null, refunds: null }],
    });
  }
});
