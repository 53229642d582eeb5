import type { EntityManager } from 'typeorm';
import { auditRecorded } from '../../platform/audit';
import type { UserPrincipal } from '../../platform/auth/principal';
import { addToOutbox } from '../../platform/outbox';

/** What a user did, as the audit log keeps it: ids only. */
export interface AuditEntry {
  actor: UserPrincipal;
  /** The use case, e.g. `updateUserRole`. */
  action: string;
  /** Public id of what it was done to. */
  target: string;
  time: Date;
  requestId: string;
}

/** Adds the entry to the outbox of the transaction; accounts' own consumer collects it with those of the others. */
export async function recordAudit(tx: EntityManager, entry: AuditEntry): Promise<void> {
  const { actor, action, target, time, requestId } = entry;
  await addToOutbox(tx, auditRecorded, {
    aggregateId: actor.id,
    aggregateVersion: 0,
    cause: requestId,
    time,
    payload: { actorKind: 'user', actorId: actor.id, action, target, time: time.toISOString(), requestId },
  });
}
