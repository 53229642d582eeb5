/** What stands between payments and its provider: the port over HTTP, the time limit, the circuit breaker. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { register } from 'prom-client';
import { freePort } from '../../platform/free-port';
import { PROJECT_ROOT } from '../../platform/root';
import { ProviderUnavailable, type PaymentProvider } from '../../subgraphs/payments/provider/provider';
import { resilient } from '../../subgraphs/payments/provider/resilient';
import { createSandbox } from '../../subgraphs/payments/provider/sandbox';
import { signNotice } from '../../subgraphs/payments/sandbox/webhooks';
import { eventually } from '../support/eventually';
import { startTestSandbox, WEBHOOK_SECRET, type SandboxUnderTest } from '../support/sandbox';

let sandbox: SandboxUnderTest;
let provider: PaymentProvider;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  provider = createSandbox({ url: sandbox.url, webhookSecret: WEBHOOK_SECRET });
});
afterEach(() => sandbox.faults());
afterAll(() => sandbox.stop());

const request = (token = 'tok_visa', key = randomUUID()) => ({
  ...{ key, amount: 5_000n, currencyCode: 'USD' },
  source: { kind: 'token' as const, token },
});
const authorized = async (token?: string) => {
  const asked = request(token);
  const answer = await provider.authorize(asked);
  if (!('reference' in answer)) throw new Error(answer.outcome);
  return { key: asked.key, reference: answer.reference };
};

describe('the sandbox behind the port', () => {
  test('authorizes, declines, does not know, and asks for the buyer', async () => {
    expect(await provider.authorize(request())).toEqual({
      ...{ outcome: 'authorized', method: 'visa', reference: expect.stringMatching(/^ch_/) as string },
    });
    expect(await provider.authorize(request('tok_declined'))).toEqual({ outcome: 'declined', reason: 'card_declined' });
    expect(await provider.authorize(request('tok_nonsense'))).toEqual({ outcome: 'unknownToken' });
    const asks = await provider.authorize(request('tok_3ds'));
    expect(asks).toMatchObject({
      outcome: 'requiresAction',
      method: 'visa',
      action: { expiresAt: expect.any(Date) as Date },
    });
  });

  test('looks up what was asked, and what was never taken', async () => {
    const { key, reference } = await authorized();
    expect(await provider.find(key)).toEqual({
      ...{ key, reference, state: 'AUTHORIZED', amount: 5_000n, capturedAmount: 0n, refundedAmount: 0n },
      ...{ currencyCode: 'USD', method: 'visa', reason: null, action: null, createdAt: expect.any(Date) as Date },
    });
    expect(await provider.find(randomUUID())).toBeNull();
    expect((await provider.takenSince(new Date(Date.now() - 60_000))).map((each) => each.key)).toContain(key);
    expect(await provider.takenSince(new Date(Date.now() + 60_000))).toEqual([]);
  });

  test('captures, voids and refunds', async () => {
    const { reference } = await authorized();
    expect(await provider.capture(reference)).toEqual({ outcome: 'captured' });
    expect(await provider.capture(reference)).toEqual({ outcome: 'captured' });
    expect(await provider.void(reference)).toEqual({ outcome: 'captured' });
    const refund = { key: randomUUID(), reference, amount: 3_000n, currencyCode: 'USD' };
    expect(await provider.refund(refund)).toEqual({ outcome: 'refunded' });
    expect(await provider.refund(refund)).toEqual({ outcome: 'refunded' });
    expect(await provider.refund({ ...refund, key: randomUUID() })).toEqual({ outcome: 'failed' });
    const held = await authorized();
    expect(await provider.void(held.reference)).toEqual({ outcome: 'voided' });
    expect(await provider.capture(held.reference)).toEqual({ outcome: 'failed', reason: 'voided' });
    const { reference: fails } = await authorized('tok_capture_fails');
    expect(await provider.capture(fails)).toEqual({ outcome: 'failed', reason: 'capture_failed' });
  });

  test('saves a card, charges it, forgets it', async () => {
    const card = await provider.saveCard({ key: randomUUID(), token: 'tok_visa' });
    expect(card).toMatchObject({ brand: 'visa', last4: '4242', expiryMonth: 12, expiryYear: 2034 });
    expect(await provider.saveCard({ key: randomUUID(), token: 'tok_nonsense' })).toBeNull();
    const saved = { ...request(), source: { kind: 'saved' as const, reference: card?.reference ?? '' } };
    expect(await provider.authorize(saved)).toMatchObject({ outcome: 'authorized' });
    await provider.forgetCard(card?.reference ?? '');
    await provider.forgetCard(card?.reference ?? '');
    expect(await provider.authorize({ ...saved, key: randomUUID() })).toEqual({ outcome: 'unknownToken' });
  });

  test.each([{ error: 1 }, { tooManyRequests: 1 }, { chargeThenTimeout: 1 }])(
    '%j: what became of it is not known',
    async (faults) => {
      await sandbox.faults(faults);
      const asked = request();
      await expect(provider.authorize(asked)).rejects.toThrow(ProviderUnavailable);
      await sandbox.faults();
      const charged = 'chargeThenTimeout' in faults ? [asked.key] : [];
      const { charges } = await sandbox.ledger();
      expect(charges.filter(({ key }) => key === asked.key).map(({ key }) => key)).toEqual(charged);
    },
  );

  test('a sandbox that is not there is an outage; a question that it does not understand is a defect', async () => {
    const gone = createSandbox({ url: `http://127.0.0.1:${await freePort()}`, webhookSecret: WEBHOOK_SECRET });
    await expect(gone.find('x')).rejects.toThrow(ProviderUnavailable);
    await expect(provider.authorize({ ...request(), currencyCode: 'dollars' })).rejects.toThrow(
      'does not understand us',
    );
  });
});

describe('a webhook', () => {
  const now = new Date('2026-11-21T10:00:00.000Z');
  const news = { id: 'evt_1', type: 'charge.captured', key: 'k', reference: 'ch_1', occurredAt: now.toISOString() };
  const body = JSON.stringify(news);
  const read = (signature: string | undefined, text = body, at = now) =>
    provider.readNotice(text, { 'souk-signature': signature }, at);
  const minutes = (count: number): Date => new Date(now.getTime() + count * 60_000);

  test('of the sandbox is read', () => {
    expect(read(signNotice(WEBHOOK_SECRET, body, now))).toEqual({
      ...{ id: 'evt_1', type: 'charge.captured', key: 'k', occurredAt: now },
    });
    expect(read(signNotice(WEBHOOK_SECRET, body, minutes(-4)))).not.toBeNull();
  });

  test.each<[string, () => unknown]>([
    ['without signature', () => read(undefined)],
    ['of another secret', () => read(signNotice(`${WEBHOOK_SECRET}!`, body, now))],
    ['of another body', () => read(signNotice(WEBHOOK_SECRET, `${body} `, now))],
    ['changed on the way', () => read(signNotice(WEBHOOK_SECRET, body, now), body.replace('"k"', '"o"'))],
    ['too old', () => read(signNotice(WEBHOOK_SECRET, body, minutes(-6)))],
    ['from the future', () => read(signNotice(WEBHOOK_SECRET, body, minutes(6)))],
    [
      'with another time',
      () => read(signNotice(WEBHOOK_SECRET, body, minutes(-6)).replace(/t=\d+/, `t=${now.getTime() / 1_000}`)),
    ],
    ['with a cut signature', () => read(signNotice(WEBHOOK_SECRET, body, now).slice(0, -1))],
    ['with a body that says nothing', () => read(signNotice(WEBHOOK_SECRET, '{}', now), '{}')],
    ['that is not JSON', () => read(signNotice(WEBHOOK_SECRET, 'x', now), 'x')],
  ])('%s is not', (_, notice) => {
    expect(notice()).toBeNull();
  });
});

describe('resilience', () => {
  /** A provider whose every answer the test gives. */
  function scripted(answer: (call: string) => unknown) {
    const calls: string[] = [];
    const does = (call: string) => async (): Promise<never> => {
      calls.push(call);
      return (await answer(call)) as never;
    };
    const provider: PaymentProvider = {
      name: `scripted-${randomUUID()}`,
      ...{ authorize: does('authorize'), find: does('find'), capture: does('capture'), void: does('void') },
      ...{ refund: does('refund'), saveCard: does('saveCard'), forgetCard: does('forgetCard') },
      ...{ takenSince: does('takenSince'), readNotice: () => null },
    };
    return { provider, calls };
  }
  const down = (): never => {
    throw new ProviderUnavailable();
  };
  const circuit = async (name: string): Promise<number | undefined> => {
    const gauge = await register.getSingleMetric('souk_payment_circuit_open')?.get();
    return gauge?.values.find(({ labels }) => labels['provider'] === name)?.value;
  };

  test('what moves money is asked once, a look-up up to three times', async () => {
    const { provider: failing, calls } = scripted(down);
    const guarded = resilient(failing);
    await expect(guarded.capture('x')).rejects.toThrow(ProviderUnavailable);
    await expect(guarded.find('x')).rejects.toThrow(ProviderUnavailable);
    expect(calls).toEqual(['capture', 'find', 'find', 'find']);
    let failures = 1;
    const { provider: shaky } = scripted(() => (failures-- > 0 ? down() : null));
    expect(await resilient(shaky).find('x')).toBeNull();
  });

  test('a call takes no longer than its limit, with all its retries', async () => {
    const { provider: silent, calls } = scripted(() => new Promise(() => undefined));
    const guarded = resilient(silent, { limitMs: 100 });
    const begun = performance.now();
    await expect(guarded.authorize(request())).rejects.toThrow(ProviderUnavailable);
    await expect(guarded.find('x')).rejects.toThrow(ProviderUnavailable);
    expect(performance.now() - begun).toBeLessThan(1_000);
    expect(calls).toEqual(['authorize', 'find']);
  });

  test('a provider that keeps failing is left alone, looked at again after a while, and trusted when it answers', async () => {
    let well = false;
    const { provider: sick, calls } = scripted(() => (well ? { outcome: 'captured' } : down()));
    const guarded = resilient(sick, { openMs: 200 });
    expect(await circuit(sick.name)).toBe(0);
    for (let call = 0; call < 5; call += 1) await expect(guarded.capture('x')).rejects.toThrow(ProviderUnavailable);
    expect([await circuit(sick.name), calls.length]).toEqual([1, 5]);
    for (let call = 0; call < 20; call += 1) await expect(guarded.capture('x')).rejects.toThrow(ProviderUnavailable);
    expect(calls).toHaveLength(5);
    // Still ill when it is looked at: one call, and left alone again.
    await eventually(async () => {
      await guarded.capture('x').catch(() => undefined);
      expect(calls).toHaveLength(6);
    });
    await expect(guarded.capture('x')).rejects.toThrow(ProviderUnavailable);
    expect(calls).toHaveLength(6);
    well = true;
    await eventually(async () => expect(await guarded.capture('x')).toEqual({ outcome: 'captured' }));
    expect(await circuit(sick.name)).toBe(0);
    const before = calls.length;
    await Promise.all(Array.from({ length: 10 }, () => guarded.capture('x')));
    expect(calls).toHaveLength(before + 10);
  });

  test('a timeout counts as a failure, a decline and a defect of ours do not', async () => {
    const { provider: silent, calls } = scripted(() => new Promise(() => undefined));
    const guarded = resilient(silent, { limitMs: 20 });
    for (let call = 0; call < 8; call += 1) await expect(guarded.void('x')).rejects.toThrow(ProviderUnavailable);
    expect([calls.length, await circuit(silent.name)]).toEqual([5, 1]);

    const { provider: strict } = scripted(() => ({ outcome: 'declined', reason: null }));
    const { provider: broken } = scripted(() => {
      throw new TypeError('ours');
    });
    const [answered, defect] = [resilient(strict), resilient(broken)];
    for (let call = 0; call < 20; call += 1) {
      expect(await answered.authorize(request())).toEqual({ outcome: 'declined', reason: null });
      await expect(defect.capture('x')).rejects.toThrow(TypeError);
    }
    expect([await circuit(strict.name), await circuit(broken.name)]).toEqual([0, 0]);
  });

  test('a hundred calls at once are no reason for a warning', () => {
    // In a process of its own: Jest keeps warnings to itself.
    const program = `const { resilient } = require('./dist/subgraphs/payments/provider/resilient.js');
      const find = () => new Promise((resolve) => setTimeout(() => resolve(null), 20));
      const guarded = resilient({ name: 'busy', find });
      Promise.all(Array.from({ length: 100 }, () => guarded.find('x'))).then((all) => console.log(all.length));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { cwd: PROJECT_ROOT, encoding: 'utf8' });
    expect([stdout, stderr]).toEqual(['100\n', '']);
  });

  test('how long authorizations take is measured by outcome', async () => {
    const { provider: quick } = scripted(() => ({ outcome: 'declined', reason: null }));
    await resilient(quick).authorize(request());
    const text = await register.getSingleMetricAsString('souk_payment_authorization_seconds');
    expect(text).toContain(`souk_payment_authorization_seconds_count{provider="${quick.name}",outcome="declined"} 1`);
  });
});
