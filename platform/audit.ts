/** Audit: every sensitive use case adds one of these to its outbox, in its transaction. Ids only. */
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import type { UserPrincipal } from './auth/principal';
import { defineEvent } from './bus/event';
import { addToOutbox } from './outbox';
import type { Services } from './subgraph';

/** Who did what to what, when, in which request. Collected by accounts. */
export const auditRecorded = defineEvent({
  name: 'audit.recorded',
  version: 1,
  payload: z.object({
    actorKind: z.enum(['anonymous', 'guest', 'user', 'client', 'service']),
    actorId: z.string().nullable(),
    /** Verb and noun of the use case: `login`, `adjustStock`, `createRefund`. */
    action: z.string().max(100),
    /** Public id of what it was done to, or null. */
    target: z.string().max(100).nullable(),
    time: z.iso.datetime(),
    requestId: z.string().max(100),
  }),
});

/** Adds to the outbox who did what; `target` is a public id. In the transaction of what was done. */
export async function recordAudit(
  tx: EntityManager,
  { clock }: Pick<Services, 'clock'>,
  record: { actor: UserPrincipal; action: string; targetUuid: string; target: string; requestId: string },
): Promise<void> {
  const time = clock.now();
  const { actor, action, target, requestId } = record;
  await addToOutbox(tx, auditRecorded, {
    aggregateId: record.targetUuid,
    aggregateVersion: 0,
    payload: { actorKind: actor.kind, actorId: actor.id, action, target, time: time.toISOString(), requestId },
    cause: requestId,
    time,
  });
}
