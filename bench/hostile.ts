/**
 * `npm run bench -- --only hostile`: 100,000 hostile requests by a seed, and bodies that never end, while an honest client
 * asks for products. Request rates are off: with them all but a few would be refused unread.
 */
import { startShop } from '../tests/support/start-shop';
import { Child } from './child';
import type { Attack, AttackSeen, SlowBody } from './hostile-sender';
import { waits } from './honest';
import { scrape } from './scrape';
import { percentile, Target } from './target';

const REQUESTS = 100_000;
/** One: what more wait for in a process is each other, and that says nothing about a request. */
const AT_ONCE = 1;
/** Honest requests before, twice: until the process is warm, and of which the figures are taken. */
const BEFORE = 1_000;
/** Longest time to refuse (p99), and to wait for a body: 30 s, and the 5 s in which it is looked for; in milliseconds. */
const REFUSED_MS = 20;
const SLOW_MS = 36_000;

/** Runs it and prints what was seen; rejects if a figure is missed. */
export async function runHostile(share: number, seed: number): Promise<void> {
  const shop = await startShop('one');
  const target = new Target(shop.url);
  const sender = new Child('hostile-sender');
  try {
    await waits(target, (asked) => asked >= BEFORE);
    const calm = await waits(target, (asked) => asked >= BEFORE);
    const { memory: memoryBefore } = await scrape(shop.url);
    const attack: Attack = { url: shop.url, seed, count: Math.round(REQUESTS * share), atOnce: AT_ONCE };
    const over = { yet: false };
    const attacking = sender.ask<AttackSeen>(attack).finally(() => (over.yet = true));
    const [seen, busy] = await Promise.all([attacking, waits(target, () => over.yet)]);
    const slow = await sender.ask<SlowBody[]>('slow');
    // Answered by the process that was attacked: nobody starts another.
    const { memory: memoryAfter } = await scrape(shop.url);

    const refused = Object.values(seen.milliseconds).flat();
    const slowest = Math.max(...slow.map(({ milliseconds }) => milliseconds));
    const ratio = percentile(busy, 50) / percentile(calm, 50);
    say(
      `${attack.count} requests, seed ${seed}, ${AT_ONCE} at once, sender at work ${(seen.utilization * 100).toFixed(0)} % of the time`,
    );
    say(`statuses ${JSON.stringify(seen.statuses)}, wrong ${JSON.stringify(seen.wrong)}`);
    say(`refused ${after(refused)}; answers ${Math.max(0, seen.excess)} bytes beyond 1 kB or the request`);
    for (const [kind, waited] of Object.entries(seen.milliseconds)) say(`  ${kind.padEnd(18)} ${after(waited)}`);
    say(`honest ${after(calm)} before, ${after(busy)} during: ${ratio.toFixed(2)}; ${busy.length} answered, no errors`);
    say(`${slow.length} slow bodies cut after ${(slowest / 1_000).toFixed(1)} s at most`);
    say(`memory ${mb(memoryBefore)} before, ${mb(memoryAfter)} after`);
    const missed = Object.entries({
      'an answer was wrong': Object.keys(seen.wrong).length > 0,
      'refusing took long': percentile(refused, 99) > REFUSED_MS,
      'the honest client waited more than twice as long': ratio > 2,
      'slow bodies were not cut': slowest > SLOW_MS || slow.some(({ status }) => status !== '408'),
    }).flatMap(([what, is]) => (is ? [what] : []));
    if (missed.length > 0) throw new Error(`Missed: ${missed.join(', ')}.`);
  } finally {
    await target.close();
    await sender.end();
    await shop.stop();
  }
}

const after = (milliseconds: number[]): string =>
  [50, 99].map((at) => `p${at} ${percentile(milliseconds, at).toFixed(1)} ms`).join(', ');
const mb = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
