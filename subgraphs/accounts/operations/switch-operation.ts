import { changeRegistry, hashOf, type RegistryServices } from './registry';

/**
 * Switches an operation, by id or hash, off for everybody, whatever way its text comes, or on again. Throws Fault NOT_FOUND.
 */
export async function switchOperation(services: RegistryServices, id: string, on: boolean): Promise<void> {
  const action = on ? 'reviveOperation' : 'killOperation';
  await changeRegistry(services, { action, target: id }, async (tx, version, now) => {
    await tx.query('UPDATE operation SET killed_at = $2, version = $3 WHERE hash = $1', [
      await hashOf(tx, id),
      on ? null : now,
      version,
    ]);
  });
}

/** Sets how often an operation may run in a minute, each API client by itself and all others together; null: as often as they like. Throws Fault NOT_FOUND. */
export async function setOperationBudget(
  services: RegistryServices,
  id: string,
  perMinute: number | null,
): Promise<void> {
  await changeRegistry(services, { action: 'setOperationBudget', target: id }, async (tx, version) => {
    await tx.query('UPDATE operation SET budget_per_minute = $2, version = $3 WHERE hash = $1', [
      await hashOf(tx, id),
      perMinute,
      version,
    ]);
  });
}
