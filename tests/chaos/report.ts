/** What is said of a run: a machine-readable report, and the five lines of its verdict. */
import { INVARIANTS } from './checker';
import { groupBy, LIVE, told, type Violation } from './invariants/invariant';
import { doubt, longestPending, recoveries, type Recovery } from './invariants/time-invariants';
import type { Ledgers } from './ledgers';

/** A run in numbers; reports of several runs can be added up. */
export interface Report {
  seeds: number[];
  checkouts: number;
  /** Orders that were confirmed. */
  accepted: number;
  /** Orders that were PENDING until their buyer or the staff cancelled them, or their card was declined after all. */
  withdrawn: number;
  /** Checkouts that were refused, by code. */
  refused: Record<string, number>;
  /** From the first checkout to the last answer. */
  seconds: number;
  kills: Record<string, number>;
  points: Record<string, number>;
  /** Armed points that nobody came to any more. */
  missed: number;
  recoveries: Recovery[];
  longestPendingMs: number;
  doubtP99Ms: number;
  charges: number;
  events: number;
  /** Attempts without an answer, by code. */
  unanswered: Record<string, number>;
  violations: (Violation & { invariant: string })[];
}

/** What the run knows besides the ledgers. */
export interface RunFacts {
  seed: number;
  checkouts: number;
  seconds: number;
  kills: ReadonlyMap<string, number>;
  points: ReadonlyMap<string, number>;
  missed: number;
}

/** Share of the checkouts that had stock and a good card and must succeed in the end. */
const SHARE = 0.95;

/** Makes the report. */
export function reportOf(facts: RunFacts, ledgers: Ledgers, violations: Report['violations']): Report {
  const { history, shop, provider } = ledgers;
  const refusals = new Map(told(history, 'placeOrder', 'no').map(({ key, codes }) => [key, codes?.[0] ?? '']));
  const noCarts = told(history, 'createCart', 'no').map(({ codes }) => `cart: ${codes?.[0]}`);
  const confirmed = new Set(shop.events.filter(({ status }) => LIVE.has(status)).map(({ orderId }) => orderId));
  const given = new Set([
    ...told(history, 'cancelOrder', 'ok').map(({ orderId }) => orderId),
    ...shop.payments.filter(({ status }) => status === 'FAILED').map(({ orderId }) => orderId),
  ]);
  const withdrawn = shop.orders.filter(({ id }) => !confirmed.has(id) && given.has(id)).length;
  const unanswered = history.flatMap(({ phase, codes }) => (phase === 'unknown' ? (codes ?? []) : []));
  const report: Report = {
    seeds: [facts.seed],
    checkouts: facts.checkouts,
    accepted: confirmed.size,
    withdrawn,
    refused: countsOf([...refusals.values(), ...noCarts]),
    seconds: facts.seconds,
    kills: Object.fromEntries(facts.kills),
    points: Object.fromEntries([...facts.points].sort(([a], [b]) => (a < b ? -1 : 1))),
    missed: facts.missed,
    recoveries: recoveries(ledgers),
    longestPendingMs: longestPending(ledgers),
    doubtP99Ms: doubt(ledgers),
    charges: provider.charges.length,
    events: shop.outbox.length,
    unanswered: countsOf(unanswered),
    violations,
  };
  if (shareOf(report) >= SHARE) return report;
  const detail = `${percent(shareOf(report))} of the checkouts that had stock were confirmed`;
  return {
    ...report,
    violations: [...violations, { invariant: 'at least 95 % of the checkouts that had stock succeed', detail }],
  };
}

/** Several reports as one. */
export function sumReports(reports: readonly Report[]): Report {
  const sum = (value: (report: Report) => number): number =>
    reports.reduce((total, report) => total + value(report), 0);
  const most = (value: (report: Report) => number): number => Math.max(0, ...reports.map(value));
  const counts = (of: (report: Report) => Record<string, number>): Record<string, number> => {
    const total: Record<string, number> = {};
    for (const report of reports) {
      for (const [name, count] of Object.entries(of(report))) total[name] = (total[name] ?? 0) + count;
    }
    return total;
  };
  return {
    seeds: reports.flatMap(({ seeds }) => seeds),
    checkouts: sum(({ checkouts }) => checkouts),
    accepted: sum(({ accepted }) => accepted),
    withdrawn: sum((report) => report.withdrawn),
    refused: counts(({ refused }) => refused),
    seconds: sum(({ seconds }) => seconds),
    kills: counts(({ kills }) => kills),
    points: counts(({ points }) => points),
    missed: sum(({ missed }) => missed),
    recoveries: reports.flatMap((report) => report.recoveries),
    longestPendingMs: most(({ longestPendingMs }) => longestPendingMs),
    doubtP99Ms: most(({ doubtP99Ms }) => doubtP99Ms),
    charges: sum(({ charges }) => charges),
    events: sum(({ events }) => events),
    unanswered: counts(({ unanswered }) => unanswered),
    violations: reports.flatMap(({ violations }) => violations),
  };
}

/** The points and how often a service died at each, a line each. */
export function pointLines({ points }: Report): string[] {
  return Object.entries(points).map(([point, count]) => `${String(count).padStart(6)}  ${point}`);
}

/** The last five lines. */
export function verdictOf(report: Report): string[] {
  const { seeds, checkouts, accepted, kills, points, recoveries: restarts, violations } = report;
  const total = (counts: Record<string, number>): number =>
    Object.values(counts).reduce((sum, count) => sum + count, 0);
  const byService = Object.entries(kills).map(([service, count]) => `${service} ${count}`);
  const restarted = ['PostgreSQL', 'RabbitMQ', 'Redis'].map(
    (name) => `${name} ${restarts.filter(({ store }) => store === name).length}`,
  );
  const success = restarts
    .filter(({ store }) => store === 'PostgreSQL')
    .map(({ firstSuccessMs }) => firstSuccessMs ?? 0);
  const names = new Set(violations.map(({ invariant }) => invariant));
  return [
    `seed ${seeds.join(', ')}: ${checkouts} checkouts, ${accepted} accepted (${percent(shareOf(report))} of those that could be), ${(accepted / report.seconds).toFixed(1)} a second`,
    `killed: ${total(kills)} at random (${byService.join(', ') || 'none'}), ${total(points)} at ${Object.keys(points).length} exact points; ${restarted.join(', ')}`,
    `longest PENDING after the last fault ${seconds(report.longestPendingMs)}, in doubt p99 ${seconds(report.doubtP99Ms)}, first success after PostgreSQL ${seconds(Math.max(0, ...success))}, backlog ${seconds(Math.max(0, ...restarts.map(({ backlogMs }) => backlogMs)))}`,
    `${violations.length} violations of ${INVARIANTS.length} invariants over ${report.charges} charges and ${report.events} events`,
    violations.length === 0 ? 'PASSED' : `FAILED: ${[...names].join('; ')}`,
  ];
}

/** What a buyer has to expect: nothing left of the article or the code, or a card that is no good. */
const EXPECTED = ['INSUFFICIENT_INVENTORY', 'PROMO_CODE', 'PAYMENT_FAILED'];

function shareOf({ checkouts, refused, withdrawn, accepted }: Report): number {
  const able = checkouts - withdrawn - EXPECTED.reduce((sum, code) => sum + (refused[code] ?? 0), 0);
  return able > 0 ? accepted / able : 1;
}

function countsOf(words: readonly string[]): Record<string, number> {
  return Object.fromEntries([...groupBy(words, (word) => word)].map(([word, same]) => [word, same.length]));
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
