import type { EntityManager } from 'typeorm';
import { isUniqueViolation } from '../../../platform/db/database';
import { Fault } from '../../../platform/errors';
import { changeRegistry, type RegistryServices } from './registry';

/** Switches safelist mode of an application on or off. Throws Fault NOT_FOUND. */
export async function setSafelist(services: RegistryServices, client: string, on: boolean): Promise<void> {
  const action = on ? 'switchSafelistOn' : 'switchSafelistOff';
  await changeRegistry(services, { action, target: client }, (tx) =>
    change(tx, 'UPDATE operation_client SET safelist = $2 WHERE name = $1', client, on),
  );
}

/**
 * Says which API client (uuid) the application is, by which its requests are known; null: none. Throws Fault NOT_FOUND, or
 * CONFLICT if that is another application's.
 */
export async function linkApiClient(
  services: RegistryServices,
  client: string,
  apiClientId: string | null,
): Promise<void> {
  try {
    await changeRegistry(services, { action: 'linkApiClient', target: client }, (tx) =>
      change(tx, 'UPDATE operation_client SET api_client_id = $2 WHERE name = $1', client, apiClientId),
    );
  } catch (error) {
    if (!isUniqueViolation(error, 'operation_client_api_client')) throw error;
    throw new Fault('CONFLICT', 'Another application is linked to this API client.');
  }
}

/** Whether the application is an API client's, as far as it is known. */
export async function isLinked({ db }: RegistryServices, client: string): Promise<boolean> {
  const rows = await db.rows('SELECT FROM operation_client WHERE name = $1 AND api_client_id IS NOT NULL', [client]);
  return rows.length > 0;
}

async function change(tx: EntityManager, update: string, client: string, value: unknown): Promise<void> {
  const rows = await tx.query<unknown[]>(`WITH changed AS (${update} RETURNING name) SELECT name FROM changed`, [
    client,
    value,
  ]);
  if (rows.length === 0) throw new Fault('NOT_FOUND', 'There is no application of this name: publish something first.');
}
