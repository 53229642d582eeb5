/** What the five databases hold, as a hash of each table. */
import { Client } from 'pg';
import { SUBGRAPHS } from '../../platform/config';
import { databaseUrl } from '../../platform/db/prepare';
import { eventually } from '../support/eventually';
import type { RunningShop } from '../support/start-shop';

/**
 * Tables that are no part of what clients change: messages on their way, keys and attempts to order, also refused ones, counted
 * failures, how far the provider's news was read.
 */
const BOOKKEEPING = [
  'inbox',
  'outbox',
  'idempotency',
  'checkout',
  'account_brake',
  'address_brake',
  'provider_checkpoint',
];

/** Hashes by `database.table`. */
export async function fingerprint({ databases }: RunningShop): Promise<Map<string, string>> {
  const all = await Promise.all(SUBGRAPHS.map((name) => ofDatabase(name, databaseUrl(databases.server, databases.namespace, name)))); // prettier-ignore
  return new Map(all.flat());
}

/** The same, once the shop has done what was begun: two in a row are equal. */
export async function quietFingerprint(shop: RunningShop): Promise<Map<string, string>> {
  let before = await fingerprint(shop);
  await eventually(async () => {
    const now = await fingerprint(shop);
    const still = [...now].every(([table, hash]) => before.get(table) === hash);
    before = now;
    if (!still) throw new Error('The shop is still at work.');
  });
  return before;
}

async function ofDatabase(name: string, url: string): Promise<[string, string][]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const hashes: [string, string][] = [];
    for (const table of await tablesOf(client)) {
      if (BOOKKEEPING.includes(table)) continue;
      const { rows } = await client.query<{ hash: string | null }>(
        `SELECT md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) AS hash FROM "${table}" t`,
      );
      hashes.push([`${name}.${table}`, rows[0]?.hash ?? '']);
    }
    return hashes;
  } finally {
    await client.end();
  }
}

/** Names of a database's tables. */
export async function tablesOf(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename`,
  );
  return rows.map(({ name }) => name);
}
