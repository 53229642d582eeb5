/** The database dies in the middle of work: whatever the driver says of it is an outage, and the pool recovers by itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../../platform/errors';
import { readConfig } from '../../platform/config';
import { Database } from '../../platform/db/database';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy';
import { eventually } from '../support/eventually';

let proxy: TcpProxy;
let db: Database;
beforeAll(async () => {
  const url = new URL(readConfig().databaseUrl ?? 'postgres://postgres@127.0.0.1:5432/postgres');
  proxy = await startTcpProxy(Number(url.port || 5432));
  url.port = String(proxy.port);
  db = await Database.connect({ subgraph: 'orders', url: url.toString(), entities: [], migrations: [], poolSize: 4 });
});
afterAll(async () => {
  await db.close();
  await proxy.close();
});
afterEach(() => proxy.restore());

/** Cuts while `work` is at it; what is said of it. */
async function saidOf(work: () => Promise<unknown>): Promise<string> {
  const outcome = work().then(() => 'no error', codeOf);
  await sleep(50);
  await proxy.cut();
  return outcome;
}

test.each([
  ['a statement', () => db.rows('SELECT pg_sleep(2)')],
  ['a statement in a transaction', () => db.transaction((tx) => tx.query('SELECT pg_sleep(2)'))],
  [
    'a transaction between two statements',
    () =>
      db.transaction(async (tx) => {
        await tx.query('SELECT 1');
        await sleep(200);
        await tx.query('SELECT 1');
      }),
  ],
  [
    'a transaction before its commit',
    () =>
      db.transaction(async (tx) => {
        await tx.query('SELECT 1');
        await sleep(200);
      }),
  ],
  [
    'a transaction that goes on after a statement of it has failed',
    () =>
      db.transaction(async (tx) => {
        await tx.query('SELECT pg_sleep(2)').catch(() => undefined);
        await sleep(50);
        await tx.query('SELECT 1');
      }),
  ],
  [
    'more at a time than there are connections',
    async () => {
      const all = await Promise.allSettled(Array.from({ length: 12 }, () => db.rows('SELECT pg_sleep(2)')));
      const codes = new Set(all.map((one) => (one.status === 'rejected' ? codeOf(one.reason) : 'no error')));
      if (codes.size !== 1) throw new Error(`different things are said: ${[...codes].join(', ')}`);
      throw all.find((one) => one.status === 'rejected')?.reason;
    },
  ],
])('%s', async (_name, work) => {
  await db.rows('SELECT 1');
  expect(await saidOf(work)).toBe('SERVICE_UNAVAILABLE');
  await proxy.restore();
  await eventually(async () => expect(await db.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]));
});
