/**
 * `npm run bench`: a first load on a shop of 1,000 products in one process over PostgreSQL: six operations, by 1, 8 and 32
 * clients, each with a user and variables of its own. Prints rates, percentiles, SQL statements per operation, and memory; and,
 * since a rate means nothing without its machine, the rate of a bare Fastify server that sends as many bytes in the same run.
 * Bounded: every measurement ends after 2,000 operations or 3 seconds. `-- --seconds 5` changes the latter, `--only checkout`
 * measures one operation. For a checkout it also asks the server for transactions and flushes of its log (fsync) per operation,
 * all that follows in the background included; the server must have nothing else to do then. `--only sockets`,
 * `--only probes` and `--only cuts` are about live orders, `--only hostile` about those who mean harm: see the files of those
 * names; `--share 0.1` runs a tenth of them.
 */
import Fastify from 'fastify';
import { parseArgs } from 'node:util';
import { freePort } from '../platform/free-port';
import { startShop } from '../tests/support/start-shop';
import { prepare, type Buyer } from './buyers';
import { runCuts } from './cuts';
import { runHostile } from './hostile';
import { CHECKOUT, OPERATIONS } from './operations';
import { runProbes } from './probes';
import { scrape } from './scrape';
import { runSockets } from './sockets';
import { settledStats, type ServerStats } from './server-stats';
import { percentile, Target } from './target';

const CLIENTS = [1, 8, 32];
const MOST_OPERATIONS = 2_000;

interface Measured {
  perSecond: number;
  milliseconds: number[];
  bytes: number;
  errors: number;
}

/** Lets `clients` send as fast as answers come back, until the count or the time is reached. */
async function load(
  clients: number,
  seconds: number,
  once: (client: number, turn: number) => Promise<number>,
): Promise<Measured> {
  const milliseconds: number[] = [];
  const until = performance.now() + seconds * 1_000;
  let started = 0;
  let bytes = 0;
  let errors = 0;
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      while (started < MOST_OPERATIONS && performance.now() < until) {
        const turn = started++;
        const at = performance.now();
        try {
          const size = await once(client, turn);
          bytes += size;
        } catch {
          errors += 1;
        }
        milliseconds.push(performance.now() - at);
      }
    }),
  );
  const elapsed = (performance.now() - begin) / 1_000;
  return { perSecond: milliseconds.length / elapsed, milliseconds, bytes: bytes / milliseconds.length, errors };
}

/** The same bytes from a bare Fastify server, as a measure of the machine. */
async function bare(clients: number, seconds: number, bytes: number): Promise<number> {
  const server = Fastify();
  const body = JSON.stringify({ data: 'x'.repeat(Math.max(0, Math.round(bytes) - 12)) });
  server.post('/graphql', (_, reply) => reply.type('application/json').send(body));
  const url = await server.listen({ port: await freePort(), host: '127.0.0.1' });
  const target = new Target(url);
  try {
    return (await load(clients, Math.min(seconds, 1), () => target.send('{ data }', {}))).perSecond;
  } finally {
    await target.close();
    await server.close();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '3' },
      only: { type: 'string' },
      share: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
    },
  });
  const share = Number(values.share);
  if (!(share > 0 && share <= 1)) throw new Error('--share must be above 0, and 1 at most.');
  if (values.only === 'sockets') return runSockets(share);
  if (values.only === 'probes') return runProbes(share);
  if (values.only === 'hostile') return runHostile(share, Number(values.seed));
  if (values.only === 'cuts') return runCuts(share, Number(values.seed));
  const seconds = Number(values.seconds);
  if (!(seconds >= 1 && seconds <= 60)) throw new Error('--seconds must be from 1 to 60.');
  const operations = Object.entries(OPERATIONS).filter(([name]) => values.only === undefined || values.only === name);
  if (operations.length === 0) throw new Error(`--only must be one of: ${Object.keys(OPERATIONS).join(', ')}.`);
  const shop = await startShop('one', { SOUK_LOG_LEVEL: 'error', DATABASE_POOL_SIZE: '10' });
  const target = new Target(shop.url);
  try {
    const buyers: Buyer[] = await prepare(target, Math.max(...CLIENTS));
    const atRest = (await scrape(shop.url)).memory;
    print([
      'operation',
      'clients',
      'per s',
      'p50 ms',
      'p95 ms',
      'p99 ms',
      'SQL/op',
      'kB',
      'errors',
      'of bare',
      'tx/op',
      'fsync/op',
    ]);
    for (const [name, operation] of operations) {
      for (const clients of CLIENTS) {
        const stats = (): Promise<ServerStats> => settledStats(shop.databases.server, shop.databases.namespace);
        const idle = name === CHECKOUT ? await stats() : null;
        const before = await scrape(shop.url);
        const measured = await load(clients, seconds, (client, turn) => operation(target, must(buyers[client]), turn));
        const after = await scrape(shop.url);
        const { milliseconds, perSecond, bytes, errors } = measured;
        const statements = (after.statements - before.statements) / milliseconds.length;
        const ratio = perSecond / (await bare(clients, seconds, bytes));
        const counted = idle && (await stats());
        const perOperation = (key: keyof ServerStats): string =>
          idle && counted ? ((counted[key] - idle[key]) / milliseconds.length).toFixed(1) : '-';
        print([
          name,
          clients,
          perSecond.toFixed(0),
          ...[50, 95, 99].map((at) => percentile(milliseconds, at).toFixed(1)),
          statements.toFixed(1),
          (bytes / 1_000).toFixed(1),
          errors,
          ratio.toFixed(3),
          perOperation('transactions'),
          perOperation('fsyncs'),
        ]);
      }
    }
    const peak = (await scrape(shop.url)).memory;
    process.stdout.write(
      `memory of the shop's process: ${megabytes(atRest)} before, ${megabytes(peak)} after the load\n`,
    );
  } finally {
    await target.close();
    await shop.stop();
  }
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1_048_576)} MB`;

function print(cells: (string | number)[]): void {
  const [name, ...rest] = cells;
  process.stdout.write(`${String(name).padEnd(16)}${rest.map((cell) => String(cell).padStart(9)).join('')}\n`);
}

function must(buyer: Buyer | undefined): Buyer {
  if (!buyer) throw new Error('more clients than buyers');
  return buyer;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : 'the benchmark failed'}\n`);
  process.exitCode = 1;
});
