/** What all changes of the registry of operations have in common. */
import type { EntityManager } from 'typeorm';
import { auditRecorded } from '../../../platform/audit';
import { Fault } from '../../../platform/errors';
import { newUuid } from '../../../platform/ids';
import { addToOutbox } from '../../../platform/outbox';
import type { Services } from '../../../platform/subgraph';
import { OPERATIONS_CHANNEL } from '../messages';

/** What changes and lists of the registry work with; an operator's command has no more of a shop. */
export type RegistryServices = Pick<Services, 'db' | 'clock' | 'pubsub'>;

/** One change, as it stands in the audit log. */
interface RegistryChange {
  /** Verb and noun: `publishOperations`. */
  action: string;
  /** Application, id or hash, cut to 100 characters in the log. */
  target: string;
}

/**
 * Runs `work` in a transaction, with the registry's new version, records it as done by an operator, and wakes the gateways.
 * Changes wait for each other, so that versions become visible in their order and readers miss none.
 */
export async function changeRegistry<T>(
  { db, clock, pubsub }: RegistryServices,
  change: RegistryChange,
  work: (tx: EntityManager, version: number, now: Date) => Promise<T>,
): Promise<T> {
  const requestId = newUuid();
  const now = clock.now();
  const result = await db.transaction(async (tx) => {
    const [{ version }] = await tx.query<[{ version: number }]>(
      `WITH raised AS (UPDATE operation_registry SET version = version + 1 RETURNING version) SELECT version FROM raised`,
    );
    const done = await work(tx, version, now);
    await addToOutbox(tx, auditRecorded, {
      aggregateId: newUuid(),
      aggregateVersion: 0,
      cause: requestId,
      time: now,
      payload: {
        actorKind: 'service',
        actorId: 'operator',
        action: change.action,
        target: change.target.slice(0, 100),
        time: now.toISOString(),
        requestId,
      },
    });
    return done;
  });
  await pubsub.publish(OPERATIONS_CHANNEL, {});
  return result;
}

/** The hash of the operation with this id or hash. Throws Fault NOT_FOUND. */
export async function hashOf(tx: EntityManager, id: string): Promise<string> {
  const [row] = await tx.query<{ hash: string }[]>(
    `SELECT hash FROM operation WHERE hash = $1 UNION ALL SELECT hash FROM published_operation WHERE id = $1 LIMIT 1`,
    [id],
  );
  if (!row) throw new Fault('NOT_FOUND', 'No registered operation has this id.');
  return row.hash;
}
