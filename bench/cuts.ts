/** `npm run bench -- --only cuts`: a client cut at 100 random moments while 50 orders make 1,000 transitions in six processes. */
import { readConfig } from '../platform/config';
import { cutRun } from '../tests/support/cut-run';
import { startShop } from '../tests/support/start-shop';
import { startTcpProxy } from '../tests/support/tcp-proxy';

/** Runs it, prints what was seen, and rejects if an event is missing, came twice, or came out of order. `share` of the full size. */
export async function runCuts(share: number, seed: number): Promise<void> {
  const url = new URL(readConfig().redisUrl ?? 'redis://127.0.0.1:6379');
  const redis = await startTcpProxy(Number(url.port || 6379));
  url.port = String(redis.port);
  const shop = await startShop('six', { REDIS_URL: url.toString() });
  try {
    const of = (count: number): number => Math.max(1, Math.round(count * share));
    const cuts = { socket: of(70), gateway: of(12), orders: of(10), redis: of(8) };
    const say = (line: string): void => void process.stdout.write(`${line}\n`);
    const began = Date.now();
    const report = await cutRun(shop, { orders: of(50), units: 9, cuts, seed, redis, say });
    const { happened, seen, orders, connections, ends } = report;
    const kept = new Set(seen);
    const missing = happened.filter((cursor) => !kept.has(cursor)).length;
    const disordered = orders.filter((order) => order.seen.join() !== order.timeline.join()).length;
    say(
      `${orders.length} orders, ${happened.length} events, ${((Date.now() - began) / 1_000).toFixed(0)} s, seed ${seed}`,
    );
    say(`cuts ${JSON.stringify(cuts)}, connections ${connections}, ended by ${JSON.stringify(ends)}`);
    say(`missing ${missing}, twice ${seen.length - kept.size}, orders out of order ${disordered}`);
    if (seen.join() !== happened.join()) throw new Error('What the client saw is not what happened.');
  } finally {
    await shop.stop();
    await redis.close();
  }
}
