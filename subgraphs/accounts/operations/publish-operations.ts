import { Fault } from '../../../platform/errors';
import { changeRegistry, type RegistryServices } from './registry';

/** Operations the registry holds, at most: each gateway keeps them all. */
const MOST_OPERATIONS = 20_000;

/** One operation of a manifest that has been found good. */
export interface CheckedOperation {
  id: string;
  /** SHA-256 of `body`, in hexadecimal. */
  hash: string;
  body: string;
  name: string;
  type: 'query' | 'mutation' | 'subscription';
  /** What it may cost with its variables at their defaults. */
  cost: number;
}

/**
 * Publishes operations for an application, which it makes if it is new. What stands there already stays, what was retired
 * comes back; none is taken away. Gives the number of those that were not there. Throws Fault CONFLICT, nothing done, if an id
 * stands for another text (`details.ids`) or the registry would be too large.
 */
export async function publishOperations(
  services: RegistryServices,
  client: string,
  operations: readonly CheckedOperation[],
): Promise<number> {
  return changeRegistry(services, { action: 'publishOperations', target: client }, async (tx, version, now) => {
    const column = <K extends keyof CheckedOperation>(key: K): CheckedOperation[K][] =>
      operations.map((one) => one[key]);
    const ids = column('id');
    const hashes = column('hash');
    const taken = await tx.query<{ id: string }[]>(
      `SELECT DISTINCT p.id FROM unnest($1::text[], $2::text[]) AS given (id, hash)
       JOIN published_operation p ON p.id = given.id WHERE p.hash <> given.hash ORDER BY 1 LIMIT 100`,
      [ids, hashes],
    );
    if (taken.length > 0)
      throw new Fault('CONFLICT', 'An id stands for another text already.', { ids: taken.map(({ id }) => id) });
    await tx.query(`INSERT INTO operation_client (name, created_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, [
      client,
      now,
    ]);
    await tx.query(
      `INSERT INTO operation (hash, body, name, type, cost, version)
       SELECT DISTINCT ON (hash) given.*, $6::integer
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[]) AS given (hash, body, name, type, cost)
       ON CONFLICT (hash) DO UPDATE SET cost = excluded.cost, version = excluded.version`,
      [hashes, column('body'), column('name'), column('type'), column('cost'), version],
    );
    const [{ added }] = await tx.query<[{ added: number }]>(
      `WITH added AS (
         INSERT INTO published_operation (client, id, hash, published_at)
         SELECT $1, id, hash, $4 FROM unnest($2::text[], $3::text[]) AS given (id, hash)
         ON CONFLICT (client, id) DO UPDATE SET retired_at = NULL, published_at = excluded.published_at
           WHERE published_operation.retired_at IS NOT NULL
         RETURNING 1)
       SELECT count(*)::integer AS added FROM added`,
      [client, ids, hashes, now],
    );
    const [{ total }] = await tx.query<[{ total: number }]>('SELECT count(*)::integer AS total FROM operation');
    if (total > MOST_OPERATIONS)
      throw new Fault('CONFLICT', `The registry holds ${MOST_OPERATIONS.toLocaleString('en')} operations at most.`);
    return added;
  });
}
