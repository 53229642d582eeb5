/**
 * `npm run bench -- --only probes`: what HTTP requests wait for while one address tries 5,000 sockets, and one socket 5,000
 * subscriptions. The clients that try are a process of their own.
 */
import { startShop } from '../tests/support/start-shop';
import { Child } from './child';
import { waits } from './honest';
import { percentile, Target } from './target';

const SOCKETS = 5_000;
/** Requests of which the median before is taken. */
const BEFORE = 500;

/** Runs it and prints the medians; rejects if requests waited more than twice as long meanwhile. */
export async function runProbes(share: number): Promise<void> {
  const shop = await startShop('one');
  const target = new Target(shop.url);
  const prober = new Child('socket-probes');
  try {
    await waits(target, (asked) => asked >= BEFORE); // until the process is warm
    const before = await waits(target, (asked) => asked >= BEFORE);
    const probed = { done: false };
    const url = `${shop.url.replace('http', 'ws')}/graphql`;
    const closing = prober.ask<Record<string, number>>({ url, count: Math.round(SOCKETS * share) });
    void closing.finally(() => (probed.done = true));
    const during = await waits(target, () => probed.done);
    const [calm, busy] = [percentile(before, 50), percentile(during, 50)];
    process.stdout.write(`sockets and subscriptions closed with ${JSON.stringify(await closing)}\n`);
    process.stdout.write(
      `HTTP p50 ${calm.toFixed(1)} ms before, ${busy.toFixed(1)} ms during: ${(busy / calm).toFixed(2)}\n`,
    );
    if (busy > 2 * calm) throw new Error('HTTP requests waited more than twice as long.');
  } finally {
    await target.close();
    await prober.end();
    await shop.stop();
  }
}
