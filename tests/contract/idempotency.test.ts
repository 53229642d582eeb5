/** Idempotency keys on a real database: how long one is remembered, and that what is not decided yet is never forgotten. */
import { randomUUID } from 'node:crypto';
import {
  claimKey,
  finishKey,
  forgetKey,
  idempotently,
  pruneKeys,
  type IdempotencyKey,
  type Outcome,
} from '../../platform/db/idempotency';
import { Fault, UserFault } from '../../platform/errors';
import { newUuid } from '../../platform/ids';
import { catalog } from '../../subgraphs/catalog';
import { startSubgraph, type SubgraphUnderTest } from '../support/subgraph';

let shop: SubgraphUnderTest;
beforeAll(async () => {
  shop = await startSubgraph(catalog);
});
afterAll(() => shop.stop());
beforeEach(() => shop.services.db.rows('TRUNCATE idempotency'));

const aKey = (): IdempotencyKey => ({ actor: 'user:1', mutation: 'test', key: randomUUID(), input: { units: 1n } });
const claim = (key: IdempotencyKey) => shop.services.db.transaction((tx) => claimKey(tx, key));
const finish = (key: IdempotencyKey, outcome: Outcome) =>
  shop.services.db.transaction((tx) => finishKey(tx, key, outcome));
/** Claims it as many hours ago. */
const claimed = async (hours: number, outcome?: Outcome): Promise<IdempotencyKey> => {
  const key = aKey();
  expect(await claim(key)).toEqual({ state: 'new' });
  if (outcome) await finish(key, outcome);
  await shop.services.db.rows('UPDATE idempotency SET created_at = now() - make_interval(secs => $2) WHERE key = $1', [
    key.key,
    hours * 3_600,
  ]);
  return key;
};
const remembered = async (): Promise<string[]> =>
  (await shop.services.db.rows<{ key: string }>('SELECT key FROM idempotency')).map(({ key }) => key);

const DONE = { objectId: newUuid() };

test('what is decided is remembered for 24 hours and then pruned; what is not decided is never pruned', async () => {
  const young = await claimed(23.9, DONE);
  const old = await claimed(24.1, DONE);
  const undecided = [await claimed(0), await claimed(24.1), await claimed(1_000)];
  await pruneKeys(shop.services.db);
  expect((await remembered()).sort()).toEqual([young, ...undecided].map(({ key }) => key).sort());
  expect(await remembered()).not.toContain(old.key);
  // Decided at last: it has had its time.
  await finish(undecided[2]!, DONE);
  await pruneKeys(shop.services.db);
  expect((await remembered()).sort()).toEqual([young, ...undecided.slice(0, 2)].map(({ key }) => key).sort());
});

test('a key older than 24 hours is free again, also before it is pruned, for other input too', async () => {
  const young = await claimed(23.9, DONE);
  const old = await claimed(24.1, DONE);
  expect(await claim(young)).toEqual({ state: 'done', outcome: DONE });
  expect(await claim({ ...old, input: { units: 2n } })).toEqual({ state: 'new' });
  await expect(claim(old)).rejects.toMatchObject({ errors: [{ code: 'DUPLICATE_REQUEST' }] });
});

test("a key that is not decided is nobody else's, however old: the same input waits, other input is refused", async () => {
  for (const hours of [0, 24.1, 1_000]) {
    const key = await claimed(hours);
    const takers = await Promise.all(Array.from({ length: 5 }, () => claim(key)));
    expect(takers).toEqual(Array(5).fill({ state: 'working' }));
    await expect(claim({ ...key, input: { units: 2n } })).rejects.toMatchObject({
      errors: [{ code: 'DUPLICATE_REQUEST' }],
    });
    await expect(idempotently(shop.services.db, key, async () => newUuid())).rejects.toMatchObject({
      errors: [{ code: 'CONFLICT', details: { retryable: true } }],
    });
    await finish(key, DONE);
    // Taken over from here on, if its day is over: the client has had its answer.
    expect(await claim(key)).toEqual(hours < 24 ? { state: 'done', outcome: DONE } : { state: 'new' });
  }
});

test('of many with one key at once, one does the work; of an old key, one takes it over', async () => {
  for (const key of [aKey(), await claimed(25, DONE)]) {
    let done = 0;
    const work = async (): Promise<string> => {
      done += 1;
      return newUuid();
    };
    const ids = await Promise.all(Array.from({ length: 20 }, () => idempotently(shop.services.db, key, work)));
    expect([done, new Set(ids).size]).toEqual([1, 1]);
    expect(ids[0]).not.toBe(DONE.objectId);
  }
});

test('user errors are remembered, an outage is not', async () => {
  const key = aKey();
  let tried = 0;
  const refuse = (error: Error) =>
    idempotently(shop.services.db, key, async () => {
      tried += 1;
      throw error;
    });
  await expect(refuse(new Fault('SERVICE_UNAVAILABLE'))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect(await remembered()).toEqual([]);
  const refusal = UserFault.of('CONFLICT', 'No.', ['delta'], { maximum: 3 });
  for (let round = 0; round < 2; round += 1) {
    await expect(refuse(refusal)).rejects.toMatchObject({ errors: refusal.errors });
  }
  expect(tried).toBe(2);
  await shop.services.db.transaction((tx) => forgetKey(tx, key));
  expect(await remembered()).toEqual([]);
});

test('a refusal that says to try again is not remembered: the same key works when its time has come', async () => {
  const key = aKey();
  const passing = UserFault.of('CONFLICT', 'Try again in a moment.', ['orderId'], { retryable: true });
  const refused = idempotently(shop.services.db, key, () => Promise.reject(passing));
  await expect(refused).rejects.toMatchObject({ errors: passing.errors });
  expect(await remembered()).toEqual([]);
  expect(await idempotently(shop.services.db, key, async () => DONE.objectId)).toBe(DONE.objectId);
  const late = idempotently(shop.services.db, key, () => Promise.reject(passing));
  expect(await late).toBe(DONE.objectId);
});
