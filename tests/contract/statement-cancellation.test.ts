/** Statements of reads nobody waits for any more are cancelled; nobody else's ever are. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from 'typeorm';
import { createMemoryCache } from '../../platform/cache/memory';
import { readConfig } from '../../platform/config';
import { Database } from '../../platform/db/database';
import { asBackground, asRequest } from '../../platform/db/statement-scope';
import { eventually } from '../support/eventually';

const url = readConfig().databaseUrl ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const gone = new Error('The client has gone.');
const LONG = 'SELECT pg_sleep(9)';
let db: Database;
beforeAll(async () => {
  db = await Database.connect({ subgraph: 'cancelling', url, entities: [], migrations: [], poolSize: 4 });
});
afterAll(() => db.close());

/** Long statements that run now. */
async function running(): Promise<number> {
  const sql = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'souk-cancelling' AND state = 'active' AND query = $1`;
  return (await db.rows(sql, [LONG])).length;
}

test.each<[string, () => Promise<unknown>]>([
  ['a statement', () => db.rows(LONG)],
  ['a statement that may be stale', () => db.staleRows(LONG)],
  ['a statement of a transaction', () => db.transaction((tx) => tx.query(LONG))],
  [
    'statements one after the other on one connection',
    () => db.transaction((tx: EntityManager) => Promise.all([tx.query(LONG), tx.query(LONG)])),
  ],
])('%s ends when its request is abandoned', async (_name, work) => {
  const request = new AbortController();
  const outcome = asRequest(work, request.signal).then(() => 'an answer', () => 'cancelled'); // prettier-ignore
  await eventually(async () => expect(await running()).toBe(1));
  request.abort(gone);
  expect(await outcome).toBe('cancelled');
  expect(await running()).toBe(0);
});

test('nothing begins for a request that was abandoned, and its transactions leave nothing open', async () => {
  const request = new AbortController();
  const began = asRequest(
    () =>
      db.transaction(async (tx) => {
        await tx.query('SELECT 1');
        request.abort(gone);
        await tx.query(LONG);
      }),
    request.signal,
  );
  await expect(began).rejects.toBe(gone);
  const idle = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'souk-cancelling' AND state LIKE 'idle in transaction%'`;
  expect(await db.rows(idle)).toEqual([]);
  await expect(asRequest(() => db.rows('SELECT 1'), request.signal)).rejects.toBe(gone);
});

test('what a request sets off for others goes on without it', async () => {
  const request = new AbortController();
  const cache = createMemoryCache({ maxEntries: 10 });
  const slow = () => db.rows('SELECT pg_sleep(0.3)::text AS slept');
  const [kept, set] = asRequest(() => [cache.through('slow', 60, slow), asBackground(slow)] as const, request.signal);
  request.abort(gone);
  expect(await Promise.all([kept, set])).toEqual([[{ slept: '' }], [{ slept: '' }]]);
});

test('a cancellation that comes late meets nobody else', async () => {
  const outcomes = { answered: 0, cancelled: 0 };
  const restless = async (): Promise<void> => {
    for (let round = 0; round < 150; round += 1) {
      const request = new AbortController();
      const statement = asRequest(() => db.rows('SELECT pg_sleep(0.001)'), request.signal);
      // About as long as the statement takes, so that the two often meet.
      setTimeout(() => request.abort(gone), (round % 5) * 0.7);
      await statement.then(
        () => (outcomes.answered += 1),
        () => (outcomes.cancelled += 1),
      );
    }
  };
  let patient = 0;
  const restlessDone = Promise.all([restless(), restless(), restless()]).then(() => true);
  const others = async (): Promise<void> => {
    while (!(await Promise.race([restlessDone, sleep(0, false)]))) {
      await db.rows('SELECT pg_sleep(0.002)');
      patient += 1;
    }
  };
  await Promise.all([others(), others(), restlessDone]);
  expect(outcomes.answered + outcomes.cancelled).toBe(450);
  expect(outcomes.answered).toBeGreaterThan(0);
  expect(outcomes.cancelled).toBeGreaterThan(0);
  expect(patient).toBeGreaterThan(0);
});
