/** Creates, migrates and drops databases. */
import { Client, escapeIdentifier } from 'pg';
import { DataSource, type MixedList } from 'typeorm';
import { explainConnecting } from './connect-problem';

/** The URL of one subgraph's database on a server: `<namespace>_<subgraph>`. */
export function databaseUrl(serverUrl: string, namespace: string, subgraph: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${namespace}_${subgraph}`;
  return url.toString();
}

async function onServer<T>(url: string, work: (client: Client, name: string) => Promise<T>): Promise<T> {
  const server = new URL(url);
  const name = decodeURIComponent(server.pathname.slice(1));
  server.pathname = '/postgres';
  const client = new Client({ connectionString: server.toString(), connectionTimeoutMillis: 5_000 });
  await explainConnecting(url, () => client.connect());
  try {
    return await work(client, name);
  } finally {
    await client.end();
  }
}

/** Creates the database of the URL if it is missing. Two processes doing so at once both succeed. */
export function createDatabase(url: string): Promise<void> {
  return onServer(url, async (client, name) => {
    const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (known.rowCount) return;
    try {
      await client.query(`CREATE DATABASE ${escapeIdentifier(name)}`);
    } catch (error) {
      // 42P04 duplicate_database, or 23505 on pg_database when both were at it: the other one made it.
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== '42P04' && code !== '23505') throw error;
    }
  });
}

/** Drops the database of the URL, ending its connections. */
export function dropDatabase(url: string): Promise<void> {
  return onServer(url, async (client, name) => {
    await client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`);
  });
}

/** Any number will do; it must be the same in every process. */
const MIGRATION_LOCK = 7_305_241;

/** Applies what is missing (`up`) or takes back the newest migration (`down`). Gives the names. One process at a time. */
export async function migrate(
  url: string,
  migrations: MixedList<Function>,
  direction: 'up' | 'down' = 'up',
): Promise<string[]> {
  const lock = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  await explainConnecting(url, () => lock.connect());
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    migrations,
    migrationsTableName: 'migrations',
    poolSize: 1,
  });
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.initialize();
    if (direction === 'up') return (await dataSource.runMigrations({ transaction: 'each' })).map(({ name }) => name);
    const before = await names(dataSource);
    if (before.length > 0) await dataSource.undoLastMigration({ transaction: 'each' });
    const after = new Set(await names(dataSource));
    return before.filter((name) => !after.has(name));
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
    await lock.end();
  }
}

async function names(dataSource: DataSource): Promise<string[]> {
  const [known]: { exists: boolean }[] = await dataSource.query(
    `SELECT to_regclass('migrations') IS NOT NULL AS exists`,
  );
  if (!known?.exists) return [];
  const rows: { name: string }[] = await dataSource.query('SELECT name FROM migrations ORDER BY id');
  return rows.map(({ name }) => name);
}
