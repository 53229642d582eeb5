/** A read replica takes lists; everything else stays with the primary. */
import { randomUUID } from 'node:crypto';
import { Database } from '../../platform/db/database';
import { createDatabase, dropDatabase } from '../../platform/db/prepare';
import { readConfig } from '../../platform/config';

const server = readConfig().databaseUrl ?? 'postgres://postgres@127.0.0.1:5432';
const named = (name: string): string => {
  const url = new URL(server);
  url.pathname = `/souk_test_${name}_${randomUUID().slice(0, 8)}`;
  return url.toString();
};

test('stale rows come from the replica, all others from the primary; without one, all from the primary', async () => {
  const [url, replicaUrl] = [named('primary'), named('replica')];
  await Promise.all([url, replicaUrl].map(createDatabase));
  const options = { subgraph: 'catalog', url, entities: [], migrations: [] };
  const two = await Database.connect({ ...options, replicaUrl });
  const one = await Database.connect(options);
  const name = (of: string): string => new URL(of).pathname.slice(1);
  const where = 'SELECT current_database() AS name';
  try {
    expect(await two.staleRows(where)).toEqual([{ name: name(replicaUrl) }]);
    expect(await two.rows(where)).toEqual([{ name: name(url) }]);
    expect(await two.transaction((tx) => tx.query(where))).toEqual([{ name: name(url) }]);
    expect(await one.staleRows(where)).toEqual([{ name: name(url) }]);
  } finally {
    await Promise.all([two.close(), one.close()]);
    await Promise.all([url, replicaUrl].map(dropDatabase));
  }
});
