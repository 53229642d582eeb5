/** The registry of persisted operations: what operators change, and what gateways are told of it. */
import { createHash } from 'node:crypto';
import { Fault } from '../../platform/errors';
import { createDatabase, dropDatabase, migrate } from '../../platform/db/prepare';
import {
  OPERATIONS_CHANNEL,
  readOperations,
  recordOperationUses,
  type OperationChange,
} from '../../subgraphs/accounts/messages';
import { CreateOperations1783710000000 } from '../../subgraphs/accounts/migrations/1783710000000-create-operations';
import { listOperations } from '../../subgraphs/accounts/operations/list-operations';
import { linkApiClient, setSafelist } from '../../subgraphs/accounts/operations/manage-client';
import { publishOperations, type CheckedOperation } from '../../subgraphs/accounts/operations/publish-operations';
import { retireOperation } from '../../subgraphs/accounts/operations/retire-operation';
import { setOperationBudget, switchOperation } from '../../subgraphs/accounts/operations/switch-operation';
import { CreateMessaging1700000000000 } from '../../platform/outbox';
import { contents, startAccounts, type AccountsUnderTest } from '../support/accounts';
import { eventually } from '../support/eventually';

let shop: AccountsUnderTest;

beforeAll(async () => {
  shop = await startAccounts();
});
afterAll(() => shop.stop());
beforeEach(async () => {
  await shop.services.db.rows('TRUNCATE published_operation, operation, operation_client, outbox');
  await shop.services.db.rows('UPDATE operation_registry SET version = 0');
});

const API_CLIENT = '018f0000-0000-7000-8000-00000000000a';

function operation(body: string, id?: string): CheckedOperation {
  const hash = createHash('sha256').update(body).digest('hex');
  return { id: id ?? hash, hash, body, name: 'A', type: 'query', cost: 3 };
}
const ONE = operation('query A { me { id } }');
const TWO = operation('query A { cart { id } }', 'two');

/** All that a gateway learns that starts now. */
async function readAll(): Promise<{ changes: OperationChange[]; clients: unknown }> {
  const changes: OperationChange[] = [];
  for (let after = { version: 0, hash: '' }; ;) {
    const answer = await shop.command(readOperations, { known: -1, after });
    changes.push(...answer.changes);
    const last = changes.at(-1);
    if (!answer.more || !last) return { changes, clients: answer.clients };
    after = { version: last.version, hash: last.hash };
  }
}
const byHash = (changes: readonly OperationChange[]): Record<string, OperationChange> =>
  Object.fromEntries(changes.map((change) => [change.hash, change]));

test('what is published is told, once; publishing again changes nothing', async () => {
  expect(await publishOperations(shop.services, 'web', [ONE, TWO])).toBe(2);
  expect(await publishOperations(shop.services, 'web', [ONE, TWO])).toBe(0);
  expect(await publishOperations(shop.services, 'app', [{ ...ONE, id: 'short' }])).toBe(1);
  const { changes } = await readAll();
  expect(byHash(changes)).toEqual({
    [ONE.hash]: {
      hash: ONE.hash,
      version: 3,
      body: ONE.body,
      ids: [ONE.hash, 'short'].sort(),
      clients: ['app', 'web'],
      budgetPerMinute: null,
      killed: false,
    },
    [TWO.hash]: expect.objectContaining({ version: 2, ids: ['two'], clients: ['web'] }) as object,
  });
  expect((await listOperations(shop.services)).map(({ client, id, cost }) => [client, id, cost])).toEqual([
    ['app', 'short', 3],
    ['web', ONE.hash, 3],
    ['web', 'two', 3],
  ]);
  expect(await listOperations(shop.services, 'nobody')).toEqual([]);
  expect(await shop.audited()).toEqual(['publishOperations web', 'publishOperations web', 'publishOperations app']);
});

test('an id that stands for another text is refused, and nothing is published', async () => {
  await publishOperations(shop.services, 'web', [TWO]);
  const before = await contents(shop);
  const refusal = publishOperations(shop.services, 'app', [ONE, operation('query B { me { id } }', 'two')]);
  await expect(refusal).rejects.toMatchObject({ code: 'CONFLICT', details: { ids: ['two'] } });
  expect(await contents(shop)).toEqual(before);
});

test('a reader is told what has changed since, and nothing if nothing has', async () => {
  await publishOperations(shop.services, 'web', [ONE, TWO]);
  const { changes, version } = await shop.command(readOperations, { known: -1, after: { version: 0, hash: '' } });
  const last = changes.at(-1)!;
  const after = { version: last.version, hash: last.hash };
  expect(await shop.command(readOperations, { known: version, after })).toEqual({
    version,
    changes: [],
    clients: null,
    more: false,
  });
  await retireOperation(shop.services, 'two', null);
  expect(await shop.command(readOperations, { known: version, after })).toEqual({
    version: version + 1,
    changes: [expect.objectContaining({ hash: TWO.hash, ids: [], clients: [], version: version + 1 })],
    clients: [],
    more: false,
  });
});

test('many operations are read in pages, none twice and none left out', async () => {
  const many = Array.from({ length: 450 }, (_, index) => operation(`query A { a${index}: me { id } }`));
  expect(await publishOperations(shop.services, 'web', many)).toBe(450);
  const { changes } = await readAll();
  expect(changes.map(({ hash }) => hash)).toEqual(many.map(({ hash }) => hash).sort());
});

test('an operation is retired for one application or for all, and comes back when it is published again', async () => {
  await publishOperations(shop.services, 'web', [ONE]);
  await publishOperations(shop.services, 'app', [ONE]);
  await retireOperation(shop.services, ONE.id, 'web');
  expect((await readAll()).changes).toMatchObject([{ clients: ['app'], ids: [ONE.id] }]);
  await expect(retireOperation(shop.services, ONE.id, 'web')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await retireOperation(shop.services, ONE.id, null);
  expect((await readAll()).changes).toMatchObject([{ clients: [], ids: [] }]);
  expect(await publishOperations(shop.services, 'web', [ONE])).toBe(1);
  expect((await readAll()).changes).toMatchObject([{ clients: ['web'], ids: [ONE.id] }]);
});

test('an operation is switched off and on, and given a budget, by its id or hash; publishing does not undo that', async () => {
  await publishOperations(shop.services, 'web', [TWO]);
  await switchOperation(shop.services, 'two', false);
  await setOperationBudget(shop.services, TWO.hash, 5);
  await publishOperations(shop.services, 'app', [TWO]);
  expect((await readAll()).changes).toMatchObject([{ killed: true, budgetPerMinute: 5 }]);
  await switchOperation(shop.services, TWO.hash, true);
  await setOperationBudget(shop.services, 'two', null);
  expect((await readAll()).changes).toMatchObject([{ killed: false, budgetPerMinute: null }]);
});

test('what is not there cannot be changed, and the refusal changes nothing', async () => {
  await publishOperations(shop.services, 'web', [ONE]);
  const before = await contents(shop);
  for (const refused of [
    () => switchOperation(shop.services, 'nothing', false),
    () => setOperationBudget(shop.services, 'nothing', 1),
    () => retireOperation(shop.services, 'nothing', null),
    () => retireOperation(shop.services, ONE.id, 'app'),
    () => setSafelist(shop.services, 'app', true),
    () => linkApiClient(shop.services, 'app', API_CLIENT),
  ])
    await expect(refused()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await contents(shop)).toEqual(before);
});

test('an application is linked to one API client, and its safelist is told', async () => {
  await publishOperations(shop.services, 'web', [ONE]);
  await publishOperations(shop.services, 'app', [ONE]);
  await setSafelist(shop.services, 'app', true);
  expect((await readAll()).clients).toEqual([]);
  await linkApiClient(shop.services, 'app', API_CLIENT);
  expect((await readAll()).clients).toEqual([{ name: 'app', apiClientId: API_CLIENT, safelist: true }]);
  await expect(linkApiClient(shop.services, 'web', API_CLIENT)).rejects.toMatchObject({ code: 'CONFLICT' });
  await linkApiClient(shop.services, 'app', null);
  expect((await readAll()).clients).toEqual([]);
});

test('every change wakes the gateways', async () => {
  let woken = 0;
  const wakeUps = await shop.services.pubsub.subscribe(OPERATIONS_CHANNEL, () => (woken += 1));
  await publishOperations(shop.services, 'web', [ONE]);
  await switchOperation(shop.services, ONE.id, false);
  await eventually(() => expect(woken).toBe(2));
  await wakeUps.close();
});

test('changes at the same time wait for each other and none is missed', async () => {
  const many = Array.from({ length: 8 }, (_, index) => operation(`query A { a${index}: me { id } }`));
  await Promise.all(many.map((one, index) => publishOperations(shop.services, `app${index}`, [one])));
  const versions = (await readAll()).changes.map(({ version }) => version);
  expect(versions).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test('uses are added up', async () => {
  await publishOperations(shop.services, 'web', [ONE, TWO]);
  const unknown = 'f'.repeat(64);
  await shop.command(recordOperationUses, { uses: [ONE, TWO].map(({ hash }) => ({ hash, count: 2 })) });
  await shop.command(recordOperationUses, {
    uses: [
      { hash: ONE.hash, count: 3 },
      { hash: unknown, count: 1 },
    ],
  });
  const listed = await listOperations(shop.services);
  expect(Object.fromEntries(listed.map(({ id, uses, lastUsedAt }) => [id, [uses, lastUsedAt]]))).toEqual({
    [ONE.id]: [5, shop.clock.now()],
    two: [2, shop.clock.now()],
  });
});

test('only services read the registry or count', async () => {
  const { principal } = await shop.person('ADMIN');
  const before = await contents(shop);
  const forbidden = expect.objectContaining({ code: 'FORBIDDEN' }) as Fault;
  const read = shop.command(readOperations, { known: -1, after: { version: 0, hash: '' } }, { principal });
  await expect(read).rejects.toEqual(forbidden);
  const count = shop.command(recordOperationUses, { uses: [{ hash: ONE.hash, count: 1 }] }, { principal });
  await expect(count).rejects.toEqual(forbidden);
  expect(await contents(shop)).toEqual(before);
});

test('the migration goes back and forth', async () => {
  const url = `${shop.url}_migration`;
  await createDatabase(url);
  const migrations = [CreateMessaging1700000000000, CreateOperations1783710000000];
  try {
    await migrate(url, migrations);
    for (const direction of ['down', 'up'] as const)
      expect(await migrate(url, migrations, direction)).toEqual(['CreateOperations1783710000000']);
  } finally {
    await dropDatabase(url);
  }
});
