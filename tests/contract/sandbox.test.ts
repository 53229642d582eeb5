/** The sandbox provider by itself: what each card does, what its ledger keeps, its faults, its page and its webhooks. */
import { spawn, type ChildProcess } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { childEnvironment, readConfig } from '../../platform/config';
import { freePort } from '../../platform/free-port';
import { launchSandbox, SANDBOX_PROGRAM } from '../../subgraphs/payments/sandbox/launch';
import type { Charge } from '../../subgraphs/payments/sandbox/ledger';
import { signNotice } from '../../subgraphs/payments/sandbox/webhooks';
import { eventually } from '../support/eventually';
import { sandboxAt, startTestSandbox, WEBHOOK_SECRET, type SandboxUnderTest } from '../support/sandbox';

let sandbox: SandboxUnderTest;
beforeAll(async () => {
  sandbox = await startTestSandbox();
});
afterEach(() => sandbox.faults());
afterAll(() => sandbox.stop());

let keys = 0;
const newKey = (): string => `key-${(keys += 1)}`;
const bodyOf = (token: string, key = newKey(), amount = '2600') => ({
  ...{ key, amount, currencyCode: 'USD' },
  source: { kind: 'token', token },
});
const charge = async (token = 'tok_visa', key = newKey()): Promise<Charge> => {
  const { status, body } = await sandbox.send('POST', '/charges', bodyOf(token, key));
  expect(status).toBe(200);
  return body as Charge;
};
const act = (reference: string, what: string, body?: object) =>
  sandbox.send('POST', `/charges/${reference}/${what}`, body);
const taken = async (key: string): Promise<Charge[]> =>
  (await sandbox.ledger()).charges.filter((each) => each.key === key);

describe('charges', () => {
  test.each([
    ['tok_visa', 'AUTHORIZED', 'visa', null],
    ['tok_mastercard', 'AUTHORIZED', 'mastercard', null],
    ['tok_declined', 'DECLINED', 'visa', 'card_declined'],
    ['tok_insufficient_funds', 'DECLINED', 'visa', 'insufficient_funds'],
    ['tok_3ds', 'REQUIRES_ACTION', 'visa', null],
  ])('%s is %s, and the same key is the same charge', async (token, state, method, reason) => {
    const key = newKey();
    const first = await charge(token, key);
    expect(first).toMatchObject({ key, state, method, reason, amount: '2600', currencyCode: 'USD' });
    expect(first).toMatchObject({ capturedAmount: '0', refundedAmount: '0' });
    expect(first).not.toHaveProperty('token');
    expect(await charge(token, key)).toEqual(first);
    expect((await sandbox.send('GET', `/charges/by-key/${key}`)).body).toEqual(first);
    expect(await taken(key)).toEqual([first]);
  });

  test('what is not known or not understood takes nothing', async () => {
    const before = (await sandbox.ledger()).charges.length;
    for (const [body, status, error] of [
      [bodyOf('tok_nonsense'), 422, 'unknown_token'],
      [{ ...bodyOf(''), source: { kind: 'saved', reference: 'card_none' } }, 422, 'unknown_token'],
      [bodyOf('tok_visa', 'x', '-1'), 400, 'bad_request'],
      [bodyOf('tok_visa', ''), 400, 'bad_request'],
      [{ ...bodyOf('tok_visa'), currencyCode: '<b>' }, 400, 'bad_request'],
      [undefined, 400, 'bad_request'],
    ] as const) {
      expect(await sandbox.send('POST', '/charges', body)).toMatchObject({ status, body: { error } });
    }
    expect((await sandbox.send('GET', '/charges/by-key/none')).status).toBe(404);
    expect((await sandbox.send('GET', '/nothing')).status).toBe(404);
    expect((await sandbox.send('PUT', '/charges')).status).toBe(405);
    const large = await fetch(`${sandbox.url}/charges`, { method: 'POST', body: 'x'.repeat(70_000) });
    expect(large.status).toBe(413);
    expect((await sandbox.ledger()).charges).toHaveLength(before);
  });

  test('a key is of one amount', async () => {
    const { key } = await charge();
    expect(await sandbox.send('POST', '/charges', bodyOf('tok_visa', key, '1'))).toMatchObject({
      status: 409,
      body: { error: 'key_in_use' },
    });
  });

  test('tok_error_once has taken nothing the first time', async () => {
    const key = newKey();
    expect((await sandbox.send('POST', '/charges', bodyOf('tok_error_once', key))).status).toBe(500);
    expect(await taken(key)).toEqual([]);
    expect(await charge('tok_error_once', key)).toMatchObject({ state: 'AUTHORIZED' });
  });

  test('tok_timeout is there at once, and answered late', async () => {
    const key = newKey();
    const late = sandbox.send('POST', '/charges', bodyOf('tok_timeout', key));
    await eventually(async () => expect(await taken(key)).toMatchObject([{ state: 'AUTHORIZED' }]));
    const begun = performance.now();
    expect(await charge('tok_timeout', key)).toMatchObject({ state: 'AUTHORIZED' });
    expect(performance.now() - begun).toBeLessThan(4_000);
    expect((await late).status).toBe(200);
    expect(performance.now() - begun).toBeGreaterThan(3_000);
  });

  test('are listed from a time on, oldest first, at most 100', async () => {
    const others = await startTestSandbox();
    try {
      for (let index = 0; index < 103; index += 1) {
        await others.send('POST', '/charges', bodyOf('tok_visa', `k${index}`));
      }
      const list = async (since: string) =>
        ((await others.send('GET', `/charges?since=${since}`)).body as { charges: Charge[] }).charges;
      const page = await list('2020-01-01T00:00:00.000Z');
      expect(page.map(({ key }) => key)).toEqual(Array.from({ length: 100 }, (_, index) => `k${index}`));
      const rest = await list(page.at(-1)?.createdAt ?? '');
      expect(rest.at(-1)?.key).toBe('k102');
      expect((await others.send('GET', '/charges?since=yesterday')).status).toBe(400);
    } finally {
      await others.stop();
    }
  });
});

describe('capture, void, refund', () => {
  test('each once, and never against each other', async () => {
    const { reference } = await charge();
    for (let time = 0; time < 2; time += 1) {
      expect((await act(reference, 'capture')).body).toMatchObject({ state: 'CAPTURED', capturedAmount: '2600' });
    }
    expect(await act(reference, 'void')).toMatchObject({ status: 409, body: { error: 'captured' } });
    for (const [key, amount, status, refundedAmount] of [
      ['r1', '1000', 200, '1000'],
      ['r1', '1000', 200, '1000'],
      ['r2', '1601', 409, '1000'],
      ['r3', '1600', 200, '2600'],
      ['r4', '1', 409, '2600'],
    ] as const) {
      expect((await act(reference, 'refunds', { key: `${reference}${key}`, amount })).status).toBe(status);
      expect((await sandbox.ledger()).charges.find((each) => each.reference === reference)).toMatchObject({
        refundedAmount,
      });
    }
    const { refunds } = await sandbox.ledger();
    expect(refunds.filter((each) => each.reference === reference).map(({ amount }) => amount)).toEqual([
      '1000',
      '1600',
    ]);
  });

  test('what was let go of can not be captured; what was declined holds nothing to let go of', async () => {
    const { reference } = await charge();
    for (let time = 0; time < 2; time += 1) {
      expect((await act(reference, 'void')).body).toMatchObject({ state: 'VOIDED' });
    }
    expect(await act(reference, 'capture')).toMatchObject({ status: 409, body: { error: 'voided' } });
    expect((await act((await charge('tok_declined')).reference, 'void')).body).toMatchObject({ state: 'DECLINED' });
    const fails = await charge('tok_capture_fails');
    expect(await act(fails.reference, 'capture')).toMatchObject({ status: 409, body: { error: 'capture_failed' } });
    expect((await act('ch_none', 'capture')).status).toBe(404);
  });
});

test('a saved card is charged like its token, until it is forgotten', async () => {
  const request = { key: newKey(), token: 'tok_mastercard' };
  const { body: card } = await sandbox.send('POST', '/cards', request);
  expect(card).toEqual({
    ...{ reference: expect.stringMatching(/^card_/) as string, brand: 'mastercard', last4: '4444' },
    ...{ expiryMonth: 12, expiryYear: 2034 },
  });
  expect((await sandbox.send('POST', '/cards', request)).body).toEqual(card);
  expect((await sandbox.send('POST', '/cards', { key: newKey(), token: 'tok_nonsense' })).status).toBe(422);
  const { reference } = card as { reference: string };
  const buy = () => sandbox.send('POST', '/charges', { ...bodyOf(''), source: { kind: 'saved', reference } });
  expect((await buy()).body).toMatchObject({ state: 'AUTHORIZED', method: 'mastercard' });
  for (let time = 0; time < 2; time += 1) {
    expect((await sandbox.send('DELETE', `/cards/${reference}`)).status).toBe(204);
  }
  expect((await buy()).status).toBe(422);
});

describe('the page of 3-D Secure', () => {
  const open = async (url: string) => {
    const response = await fetch(url);
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
  const click = async (url: string, approve: boolean) =>
    (await fetch(url, { method: 'POST', body: new URLSearchParams({ approve: String(approve) }) })).text();

  test('shows what is to be paid, and takes the buyer’s word once', async () => {
    for (const [approve, state, said] of [
      [true, 'AUTHORIZED', 'You have approved 26.00 USD.'],
      [false, 'DECLINED', 'You have declined 26.00 USD.'],
    ] as const) {
      const { key, action } = await charge('tok_3ds');
      const url = action?.url ?? '';
      expect(url).toMatch(new RegExp(`^${sandbox.url}/3ds/`));
      expect(await open(url)).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
      expect((await open(url)).text).toContain('hold 26.00 USD on your card');
      expect(await click(url, approve)).toContain(said);
      expect(await click(url, !approve)).toContain(said);
      expect(await taken(key)).toMatchObject([{ state, action: null }]);
    }
  });

  test('tells of what is not there, and of what was let go of', async () => {
    expect(await open(`${sandbox.url}/3ds/ch_none`)).toMatchObject({ status: 404 });
    const { reference, action } = await charge('tok_3ds');
    await act(reference, 'void');
    expect(await click(action?.url ?? '', true)).toContain('does not ask for this payment any more');
  });

  test('closes when the time is over', async () => {
    const quick = await startTestSandbox({ actionMs: 1 });
    try {
      const { body } = await quick.send('POST', '/charges', bodyOf('tok_3ds'));
      const { action, reference } = body as Charge;
      await eventually(async () => expect((await open(action?.url ?? '')).text).toContain('too late'));
      expect(await quick.send('POST', `/3ds/${reference}`, { approve: true })).toMatchObject({
        status: 410,
        body: { error: 'action_expired' },
      });
      expect((await quick.ledger()).charges).toMatchObject([{ state: 'REQUIRES_ACTION' }]);
    } finally {
      await quick.stop();
    }
  });
});

describe('faults', () => {
  test('errors and too many requests do nothing; the page, the ledger and the faults themselves never fail', async () => {
    const { action } = await charge('tok_3ds');
    for (const [fault, status, retryAfter] of [
      ['error', 500, null],
      ['tooManyRequests', 429, '1'],
    ] as const) {
      await sandbox.faults({ [fault]: 1 });
      const key = newKey();
      const answer = await sandbox.send('POST', '/charges', bodyOf('tok_visa', key));
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, retryAfter]);
      expect((await sandbox.send('GET', `/charges/by-key/${key}`)).status).toBe(status);
      expect(await taken(key)).toEqual([]);
      expect((await fetch(action?.url ?? '')).status).toBe(200);
    }
  });

  test('charged and then silent: it is there, and the answer comes late', async () => {
    await sandbox.faults({ chargeThenTimeout: 1 });
    const key = newKey();
    const body = JSON.stringify(bodyOf('tok_visa', key));
    const gaveUp = fetch(`${sandbox.url}/charges`, { method: 'POST', body, signal: AbortSignal.timeout(500) });
    await expect(gaveUp).rejects.toThrow();
    expect(await taken(key)).toMatchObject([{ state: 'AUTHORIZED' }]);
    expect((await sandbox.send('GET', `/charges/by-key/${key}`)).status).toBe(200);
  });

  test('carried out twice: one charge, one refund', async () => {
    await sandbox.faults({ duplicate: 1 });
    const before = (await sandbox.ledger()).calls;
    const { key, reference } = await charge();
    expect((await act(reference, 'capture')).status).toBe(200);
    expect((await act(reference, 'refunds', { key, amount: '1500' })).status).toBe(200);
    const { calls, refunds } = await sandbox.ledger();
    expect(await taken(key)).toMatchObject([{ state: 'CAPTURED', refundedAmount: '1500' }]);
    expect(refunds.filter((each) => each.key === key)).toHaveLength(1);
    for (const call of ['authorize', 'capture', 'refund']) {
      expect((calls[call] ?? 0) - (before[call] ?? 0)).toBe(2);
    }
  });

  test('the same seed gives the same faults; slow answers come late; what is not a fault is refused', async () => {
    const run = async (seed: number): Promise<number[]> => {
      await sandbox.faults({ error: 0.5, seed });
      const statuses: number[] = [];
      for (let index = 0; index < 20; index += 1) {
        statuses.push((await sandbox.send('POST', '/charges', bodyOf('tok_visa'))).status);
      }
      return statuses;
    };
    const first = await run(1);
    expect(new Set(first)).toEqual(new Set([200, 500]));
    expect(await run(1)).toEqual(first);
    expect(await run(2)).not.toEqual(first);
    await sandbox.faults({ slowMs: 500, seed: 3 });
    const begun = performance.now();
    await Promise.all(Array.from({ length: 10 }, () => charge()));
    expect(performance.now() - begun).toBeGreaterThan(100);
    expect((await sandbox.send('PUT', '/faults', { explode: 1 })).status).toBe(400);
  });
});

describe('webhooks', () => {
  interface Received {
    body: { id: string; type: string; key: string };
    signature: string;
    signed: boolean;
  }
  let received: Received[] = [];
  let answers: number[] = [];
  const door = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const signature = String(request.headers['souk-signature']);
      const time = new Date(Number(/^t=(\d+),/.exec(signature)?.[1]) * 1_000);
      const signed = signature === signNotice(WEBHOOK_SECRET, text, time);
      received.push({ body: JSON.parse(text) as Received['body'], signature, signed });
      response.writeHead(answers.shift() ?? 200).end();
    });
  });
  let telling: SandboxUnderTest;
  let webhookUrl: string;
  beforeAll(async () => {
    const port = await freePort();
    await new Promise<void>((resolve) => door.listen(port, '127.0.0.1', resolve));
    webhookUrl = `http://127.0.0.1:${port}/webhooks/payments/sandbox`;
  });
  beforeEach(async () => {
    received = [];
    answers = [];
    telling = await startTestSandbox({ webhookUrl });
  });
  afterEach(() => telling.stop());
  afterAll(() => new Promise((resolve) => door.close(resolve)));

  const live = async (key: string): Promise<void> => {
    const { body } = await telling.send('POST', '/charges', bodyOf('tok_visa', key));
    const { reference } = body as Charge;
    await telling.send('POST', `/charges/${reference}/capture`);
    await telling.send('POST', `/charges/${reference}/refunds`, { key, amount: '1' });
  };
  const types = (): string[] => received.map(({ body }) => body.type).sort();

  test('every change is told, signed, under an id of its own', async () => {
    await live('k');
    await telling.send('POST', '/charges', bodyOf('tok_declined', 'd'));
    await eventually(() =>
      expect(types()).toEqual(['charge.authorized', 'charge.captured', 'charge.declined', 'charge.refunded']),
    );
    expect(received.every(({ signed }) => signed)).toBe(true);
    expect(new Set(received.map(({ body }) => body.id)).size).toBe(4);
    expect(received.map(({ body }) => body.key).sort()).toEqual(['d', 'k', 'k', 'k']);
  });

  test('again until it is taken', async () => {
    answers = [500, 404];
    await telling.send('POST', '/charges', bodyOf('tok_visa', 'k'));
    await eventually(() => expect(received).toHaveLength(3));
    expect(new Set(received.map(({ body }) => body.id)).size).toBe(1);
  });

  test('twice, not at all, later and in any order, as the faults say', async () => {
    await telling.faults({ webhooks: { duplicate: 1 } });
    await telling.send('POST', '/charges', bodyOf('tok_visa', 'twice'));
    await eventually(() => expect(received).toHaveLength(2));
    expect(received[0]?.body).toEqual(received[1]?.body);

    await telling.faults({ webhooks: { drop: 1 } });
    await telling.send('POST', '/charges', bodyOf('tok_visa', 'dropped'));
    received = [];
    await telling.faults({ webhooks: { shuffle: true, delayMs: 50 }, seed: 5 });
    const order = Array.from({ length: 12 }, (_, index) => `s${index}`);
    for (const key of order) await telling.send('POST', '/charges', bodyOf('tok_visa', key));
    await eventually(() => expect(received).toHaveLength(12));
    const told = received.map(({ body }) => body.key);
    expect([...told].sort()).toEqual([...order].sort());
    expect(told).not.toEqual(order);
  });
});

describe('as a process', () => {
  let folder: string;
  let port: number;
  const running = new Set<ChildProcess>();
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'souk-sandbox-process-'));
    port = await freePort();
  });
  afterEach(async () => {
    for (const child of running) await kill(child);
    await rm(folder, { recursive: true, force: true });
  });

  const start = (args: string[] = [], stdio: 'ignore' | 'ipc' = 'ignore'): ChildProcess => {
    const child = spawn(process.execPath, [SANDBOX_PROGRAM, ...args], {
      env: childEnvironment({
        ...{ NODE_ENV: 'test', DATA_DIR: folder, SOUK_NAMESPACE: 'mine', SOUK_PUBLIC_URL: 'http://127.0.0.1:1' },
        SANDBOX_URL: `http://127.0.0.1:${port}`,
      }),
      stdio: ['ignore', 'ignore', 'pipe', stdio],
    });
    running.add(child);
    return child;
  };
  const kill = async (child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> => {
    running.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return ended;
  };
  const up = async (): Promise<ReturnType<typeof sandboxAt>> => {
    const at = sandboxAt(`http://127.0.0.1:${port}`);
    await eventually(async () => expect((await at.send('GET', '/health')).status).toBe(200));
    return at;
  };

  test('kill -9 and a restart at the same place keep everything, also with a line that was cut short', async () => {
    const first = start();
    const at = await up();
    const { body } = await at.send('POST', '/charges', bodyOf('tok_visa', 'a'));
    await at.send('POST', `/charges/${(body as Charge).reference}/capture`);
    await at.send('POST', `/charges/${(body as Charge).reference}/refunds`, { key: 'r', amount: '5' });
    await at.send('POST', '/charges', bodyOf('tok_error_once', 'e'));
    await at.faults({ error: 1 });
    const before = await at.ledger();
    await kill(first);
    const file = path.join(folder, 'sandbox', 'mine', 'ledger.jsonl');
    await appendFile(file, '{"charge":{"key":"half');

    start();
    await up();
    expect(await at.ledger()).toEqual(before);
    expect((await at.send('POST', '/charges', bodyOf('tok_visa', 'b'))).status).toBe(500);
    await at.faults();
    expect((await at.send('POST', '/charges', bodyOf('tok_error_once', 'e'))).status).toBe(200);
    expect((await at.ledger()).charges.map(({ key, state }) => [key, state])).toEqual([
      ['a', 'CAPTURED'],
      ['e', 'AUTHORIZED'],
    ]);
    expect(
      (await readFile(file, 'utf8'))
        .split('\n')
        .slice(0, -1)
        .map((line) => typeof JSON.parse(line)),
    ).not.toContain('string');
  });

  test('what was not delivered before is delivered after', async () => {
    const told: string[] = [];
    const door = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => told.push(chunk.toString()));
      request.on('end', () => response.end());
    });
    const doorPort = await freePort();
    const webhooks = ['--webhooks', `http://127.0.0.1:${doorPort}`];
    const first = start(webhooks);
    const at = await up();
    await at.send('POST', '/charges', bodyOf('tok_visa', 'a'));
    await kill(first);
    await new Promise<void>((resolve) => door.listen(doorPort, '127.0.0.1', resolve));
    start(webhooks);
    await eventually(() => expect(told).toEqual([expect.stringContaining('"type":"charge.authorized"')]));
    await new Promise((resolve) => door.close(resolve));
  });

  test('a second one with the same ledger is refused in one line', async () => {
    const first = start();
    await up();
    const second = start();
    let said = '';
    second.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    expect(await new Promise((resolve) => second.once('close', resolve))).toBe(1);
    expect(said).toBe(
      `The sandbox of this DATA_DIR runs already (pid ${first.pid}): set SANDBOX_URL to where it listens.\n`,
    );
  });

  test('as a child it says when it listens, and ends with whoever has started it', async () => {
    const child = start([], 'ipc');
    expect(await new Promise((resolve) => child.once('message', resolve))).toBe('listening');
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.disconnect();
    expect(await ended).toBe(0);
  });

  test('a shop that starts it has it until it stops, also when it is killed in between, at the same address', async () => {
    const config = readConfig({ NODE_ENV: 'test', DATA_DIR: folder });
    const log = pino({ level: 'silent' });
    const first = await launchSandbox(config, log);
    await first.ready;
    const at = sandboxAt(first.url);
    await at.send('POST', '/charges', bodyOf('tok_visa', 'a'));
    const lock = path.join(folder, 'sandbox', 'souk', 'lock');
    const pid = async (): Promise<number> => Number.parseInt(await readFile(lock, 'utf8'), 10);
    const killed = await pid();
    process.kill(killed, 'SIGKILL');
    await eventually(async () => expect(await pid()).not.toBe(killed));
    await eventually(async () => expect((await at.ledger()).charges.map(({ key }) => key)).toEqual(['a']));
    await first.stop();
    await expect(at.ledger()).rejects.toThrow();
    const second = await launchSandbox(config, log);
    try {
      await second.ready;
      expect(second.url).toBe(first.url);
      const third = await launchSandbox(config, log);
      await expect(third.ready).rejects.toThrow(/runs already \(pid \d+\): set SANDBOX_URL/);
    } finally {
      await second.stop();
    }
  });

  test('ends at SIGTERM, and can not be started in the wrong way', async () => {
    const child = start();
    await up();
    expect(await kill(child, 'SIGTERM')).toBe(0);
    const wrong = start(['--action-seconds', 'soon']);
    let said = '';
    wrong.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    expect(await new Promise((resolve) => wrong.once('close', resolve))).toBe(1);
    expect(said).toMatch(/^Usage: npm run start:sandbox/);
  });
});
