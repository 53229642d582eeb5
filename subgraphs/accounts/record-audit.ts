import type { EntityManager } from 'typeorm';
import { auditRecorded } from '../../platform/audit';
import type { ClientPrincipal, UserPrincipal } from '../../platform/auth/principal';
import { newUuid } from '../../platform/ids';
import { addToOutbox } from '../../platform/outbox';

/** What a user or API client did, as the audit log keeps it: ids only. */
export interface AuditEntry {
  /** Who did it, also if known by a token from a mail alone; null: anybody. */
  actor: Pick<UserPrincipal, 'id'> | ClientPrincipal | null;
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
    aggregateId: actor?.id ?? newUuid(),
    aggregateVersion: 0,
    cause: requestId,
    time,
    payload: {
      actorKind: actor ? ('kind' in actor ? actor.kind : 'user') : 'anonymous',
      actorId: actor?.id ?? null,
      action,
      target,
      time: time.toISOString(),
      requestId,
    },
  });
}
