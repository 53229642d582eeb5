import { Fault } from '../../../platform/errors';
import { changeRegistry, hashOf, type RegistryServices } from './registry';

/**
 * Takes an operation, by any of its ids or its hash, from an application, or from all of them. Its text stays, for lists and
 * for being published again. Throws Fault NOT_FOUND if there is nothing to take.
 */
export async function retireOperation(services: RegistryServices, id: string, client: string | null): Promise<void> {
  await changeRegistry(services, { action: 'retireOperation', target: id }, async (tx, version, now) => {
    const hash = await hashOf(tx, id);
    const [{ retired }] = await tx.query<[{ retired: number }]>(
      `WITH retired AS (
         UPDATE published_operation SET retired_at = $3
         WHERE hash = $1 AND retired_at IS NULL AND ($2::text IS NULL OR client = $2) RETURNING 1)
       SELECT count(*)::integer AS retired FROM retired`,
      [hash, client, now],
    );
    if (retired === 0) throw new Fault('NOT_FOUND', 'No application has this operation now.');
    await tx.query('UPDATE operation SET version = $2 WHERE hash = $1', [hash, version]);
  });
}
