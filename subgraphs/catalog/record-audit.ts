import type { EntityManager } from 'typeorm';
import { auditRecorded } from '../../platform/audit';
import type { UserPrincipal } from '../../platform/auth/principal';
import { addToOutbox } from '../../platform/outbox';
import type { Services } from '../../platform/subgraph';

/** Adds to the outbox who did what; `target` is a public id. Everything an admin does to catalogue and stock is recorded. */
export async function recordAudit(
  tx: EntityManager,
  services: Services,
  record: { actor: UserPrincipal; action: string; targetUuid: string; target: string; requestId: string },
): Promise<void> {
  const time = services.clock.now();
  const { actor, action, target, requestId } = record;
  await addToOutbox(tx, auditRecorded, {
    aggregateId: record.targetUuid,
    aggregateVersion: 0,
    payload: { actorKind: actor.kind, actorId: actor.id, action, target, time: time.toISOString(), requestId },
    cause: requestId,
    time,
  });
}
