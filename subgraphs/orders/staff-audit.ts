import type { EntityManager } from 'typeorm';
import { auditRecorded } from '../../platform/audit';
import type { UserPrincipal } from '../../platform/auth/principal';
import { toId } from '../../platform/ids';
import { addToOutbox } from '../../platform/outbox';

/** Notes for the audit log, in the transaction of the act, that a member of staff did something to an order. */
export async function auditStaff(
  tx: EntityManager,
  staff: UserPrincipal,
  entry: { action: string; orderId: string; at: Date; requestId: string },
): Promise<void> {
  const { action, orderId, at, requestId } = entry;
  const payload = {
    actorKind: 'user' as const,
    actorId: staff.id,
    action,
    target: toId('ord', orderId),
    time: at.toISOString(),
    requestId,
  };
  await addToOutbox(tx, auditRecorded, {
    aggregateId: orderId,
    aggregateVersion: 0,
    cause: requestId,
    time: at,
    payload,
  });
}
