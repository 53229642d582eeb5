/** The parts of `npm run chaos` that decide where a service dies, and what is said of it. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { PROJECT_ROOT } from '../../platform/root';
import { Chance } from '../chaos/chance';
import { planFaults } from '../chaos/faults';
import { MUTANTS } from '../chaos/mutants';
import { readCommand, readRun } from '../chaos/options';
import { PointBoard, POINTS } from '../chaos/points';
import { sumReports, verdictOf, type Report } from '../chaos/report';
import { watchAmqp, watchPostgres, watchProvider, type Sighting } from '../chaos/watchers';

/** A message of PostgreSQL's protocol. */
function sql(type: string, text: string): Buffer {
  const message = Buffer.alloc(5 + text.length);
  message.write(type, 0, 'latin1');
  message.writeInt32BE(4 + text.length, 1);
  message.write(text, 5, 'latin1');
  return message;
}

/** A frame of AMQP. */
function frame(type: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(7);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(1, 1);
  head.writeUInt32BE(payload.length, 3);
  return Buffer.concat([head, payload, Buffer.from([0xce])]);
}

const method = (id: number): Buffer => frame(1, Buffer.from([0, 60, 0, id, 1, 2, 3]));
const header = (size: number): Buffer => {
  const payload = Buffer.alloc(14);
  payload.writeBigUInt64BE(BigInt(size), 4);
  return frame(2, payload);
};
const names = (sightings: readonly Sighting[]): string[] => sightings.map(({ side, act }) => `${side} ${act}`);

/** The bytes in pieces of any size: the network cuts where it likes. */
function inPieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % bytes.length)), bytes.length].sort((a, b) => a - b);
  return places.map((place, index) => bytes.subarray(places[index - 1] ?? 0, place));
}

const cuts = fc.array(fc.nat(10_000), { maxLength: 12 });

describe('what a proxy sees', () => {
  it('of PostgreSQL: a commit before and after, and statements that commit by themselves', () => {
    const start = Buffer.alloc(4);
    start.writeInt32BE(4 + 'protocol'.length);
    fc.assert(
      fc.property(cuts, (places) => {
        const watcher = watchPostgres();
        watcher.fromService(Buffer.concat([start, Buffer.from('protocol')]));
        const asked = (bytes: Buffer): string[] =>
          names(inPieces(bytes, places).flatMap((piece) => watcher.fromService(piece)));
        const answered = (bytes: Buffer): string[] =>
          names(inPieces(bytes, places).flatMap((piece) => watcher.fromServer(piece)));
        expect(answered(Buffer.concat([sql('R', '\0\0\0\0'), sql('Z', 'I')]))).toEqual([]);
        expect(asked(sql('Q', 'START TRANSACTION\0'))).toEqual([]);
        expect(answered(Buffer.concat([sql('C', 'START TRANSACTION\0'), sql('Z', 'T')]))).toEqual([]);
        expect(asked(Buffer.concat([sql('P', '\0UPDATE cart SET x = $1\0'), sql('S', '')]))).toEqual([]);
        expect(answered(Buffer.concat([sql('C', 'UPDATE 1\0'), sql('Z', 'T')]))).toEqual([]);
        expect(asked(sql('Q', 'COMMIT\0'))).toEqual(['before commit']);
        expect(answered(Buffer.concat([sql('C', 'COMMIT\0'), sql('Z', 'I')]))).toEqual(['after commit']);
        expect(
          asked(Buffer.concat([sql('P', '\0WITH a AS (UPDATE mail SET x = 1) SELECT 1\0'), sql('S', '')])),
        ).toEqual(['before write']);
        expect(answered(Buffer.concat([sql('1', ''), sql('C', 'SELECT 1\0'), sql('Z', 'I')]))).toEqual(['after write']);
        expect(asked(sql('P', 'name\0SELECT 1\0'))).toEqual([]);
        expect(answered(Buffer.concat([sql('C', 'SELECT 1\0'), sql('Z', 'I')]))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it('of PostgreSQL: no commit where the server rolls back or refuses', () => {
    const watcher = watchPostgres();
    watcher.fromService(Buffer.from([0, 0, 0, 4]));
    watcher.fromServer(sql('Z', 'I'));
    watcher.fromService(sql('Q', 'COMMIT\0'));
    expect(watcher.fromServer(sql('C', 'ROLLBACK\0'))).toEqual([]);
    watcher.fromServer(sql('Z', 'I'));
    watcher.fromService(sql('Q', "UPDATE orders SET status = 'x'\0"));
    expect(watcher.fromServer(Buffer.concat([sql('E', 'no\0'), sql('Z', 'I')]))).toEqual([]);
  });

  it('of AMQP: publishing, confirms and acknowledgements', () => {
    const publish = Buffer.concat([method(40), header(4), frame(3, Buffer.from('body'))]);
    const bytes = Buffer.concat([
      Buffer.from('AMQP\0\0\x09\x01', 'latin1'),
      publish,
      method(40),
      header(0),
      method(80),
    ]);
    const seen = [
      'before publish',
      'after publish',
      'before publish',
      'after publish',
      'before acknowledgement',
      'after acknowledgement',
    ];
    fc.assert(
      fc.property(cuts, (places) => {
        const watcher = watchAmqp();
        expect(names(inPieces(bytes, places).flatMap((piece) => watcher.fromService(piece)))).toEqual(seen);
        const told = inPieces(Buffer.concat([method(60), header(2), frame(3, Buffer.from('ok')), method(80)]), places);
        expect(names(told.flatMap((piece) => watcher.fromServer(piece)))).toEqual(['before confirm', 'after confirm']);
      }),
      { numRuns: 50 },
    );
  });

  it('of the provider: requests that may move money, and the first of their answer', () => {
    const watcher = watchProvider();
    expect(names(watcher.fromService(Buffer.from('POST /charges HTTP/1.1\r\n')))).toEqual(['before provider call']);
    expect(names(watcher.fromServer(Buffer.from('HTTP/1.1 200 OK\r\n')))).toEqual(['after provider call']);
    expect(watcher.fromServer(Buffer.from('more'))).toEqual([]);
    expect(watcher.fromService(Buffer.from('GET /charges/by-key/1 HTTP/1.1\r\n'))).toEqual([]);
    expect(watcher.fromServer(Buffer.from('HTTP/1.1 404 Not Found\r\n'))).toEqual([]);
  });
});

describe('faults', () => {
  it('kill once for each time a point was armed, after as many passings as were asked for', () => {
    const board = new PointBoard();
    const point = 'orders: after commit';
    board.arm(point, 2);
    board.arm(point, 0);
    expect([1, 2, 3, 4, 5].map(() => board.pass(point))).toEqual([false, false, true, true, false]);
    expect([...board.kills]).toEqual([[point, 2]]);
    expect(board.passed.get(point)).toBe(5);
    board.arm(point, 0);
    expect(board.disarm()).toEqual([point]);
    expect(board.pass(point)).toBe(false);
  });

  it('are drawn from the seed, spread over the run, every service and point in turn', () => {
    const counts = { checkouts: 500, kills: 70, exact: POINTS.length * 2, points: '', storeKills: 2 };
    const plan = planFaults(new Chance(7, 1), counts);
    expect(plan).toEqual(planFaults(new Chance(7, 1), counts));
    expect(plan).not.toEqual(planFaults(new Chance(8, 1), counts));
    expect(plan).toEqual(plan.toSorted((a, b) => a.atCheckout - b.atCheckout));
    expect(plan.every(({ atCheckout }) => atCheckout > 0 && atCheckout < 500)).toBe(true);
    const times = (name: string): number => plan.filter((fault) => Object.values(fault).includes(name)).length;
    expect(['orders', 'gateway', 'sandbox'].map(times)).toEqual([10, 10, 10]);
    expect(['PostgreSQL', 'RabbitMQ', 'Redis'].map(times)).toEqual([2, 2, 2]);
    expect(POINTS.map(times)).toEqual(POINTS.map(() => 2));
  });

  it('at exact points can be narrowed by name', () => {
    const counts = { checkouts: 100, kills: 0, exact: 6, points: 'orders: after', storeKills: 0 };
    const points = planFaults(new Chance(1, 1), counts).map((fault) => (fault.kind === 'point' ? fault.point : ''));
    expect(points).toHaveLength(6);
    expect(points.every((point) => point.startsWith('orders: after'))).toBe(true);
  });
});

describe('the command line', () => {
  it('has defaults for everything but the size of a run', () => {
    expect(readRun(['--checkouts', '500', '--kills', '30', '--seed', '7']).options).toEqual({
      ...{ checkouts: 500, kills: 30, exact: 15, points: '', storeKills: 0, providerFaults: null },
      ...{ buyers: 12, seed: 7, mutant: null, report: null },
    });
    expect(readCommand(['--provider-faults', 'timeout=0.3,error=0.1,webhookLost=1'])).toMatchObject({
      options: {
        providerFaults: { timeout: 0.3, error: 0.1, tooMany: 0, duplicate: 0, webhookTwice: 0, webhookLost: 1 },
      },
    });
    expect(readCommand(['--sum', 'a.json', 'b.json'])).toEqual({
      do: 'sum',
      files: ['a.json', 'b.json'],
      report: null,
    });
  });

  it.each([
    ['--checkouts', '0'],
    ['--kills', '-1'],
    ['--seed', '1.5'],
    ['--mutant', 'unheard-of'],
    ['--points', 'nowhere'],
    ['--provider-faults', 'timeout=2'],
    ['--provider-faults', 'toString=1'],
    ['--no-such'],
    ['stray'],
  ])('refuses %s %s with the usage', (...args) =>
    expect(() => readCommand(args.filter(Boolean))).toThrow(/^Usage: npm run chaos/),
  );
});

describe('the mutants', () => {
  it.each(Object.entries(MUTANTS))('%s still fits the program as it was built', (_, { patches, faults }) => {
    for (const { file, from } of patches) {
      const built = path.join(PROJECT_ROOT, 'dist', file);
      expect(existsSync(built)).toBe(true);
      expect(readFileSync(built, 'utf8').split(from)).toHaveLength(2);
    }
    expect(faults.exact === 0 || POINTS.some((point) => point.includes(faults.points))).toBe(true);
  });
});

describe('the verdict', () => {
  const report: Report = {
    ...{
      seeds: [1],
      checkouts: 100,
      accepted: 90,
      withdrawn: 2,
      refused: { INSUFFICIENT_INVENTORY: 5, PAYMENT_FAILED: 3 },
    },
    ...{ seconds: 20, kills: { orders: 2 }, points: { 'orders: after commit': 1 }, missed: 0 },
    recoveries: [{ store: 'PostgreSQL', firstSuccessMs: 1_200, backlogMs: 2_500, last: 'published' }],
    ...{ longestPendingMs: 4_000, doubtP99Ms: 900, charges: 95, events: 400, unanswered: {}, violations: [] },
  };

  it('is five lines, and passes when nothing is violated', () => {
    expect(verdictOf(report)).toEqual([
      'seed 1: 100 checkouts, 90 accepted (100.0 % of those that could be), 4.5 a second',
      'killed: 2 at random (orders 2), 1 at 1 exact points; PostgreSQL 1, RabbitMQ 0, Redis 0',
      'longest PENDING after the last fault 4.0 s, in doubt p99 0.9 s, first success after PostgreSQL 1.2 s, backlog 2.5 s',
      '0 violations of 25 invariants over 95 charges and 400 events',
      'PASSED',
    ]);
  });

  it('adds runs up, and fails with the names of what was violated', () => {
    const failed = { ...report, seeds: [2], violations: [{ invariant: 'debits equal credits', detail: 'x' }] };
    const sum = sumReports([report, failed]);
    expect(sum).toMatchObject({
      seeds: [1, 2],
      checkouts: 200,
      accepted: 180,
      seconds: 40,
      kills: { orders: 4 },
      points: { 'orders: after commit': 2 },
    });
    expect(verdictOf(sum).at(-1)).toBe('FAILED: debits equal credits');
  });
});
