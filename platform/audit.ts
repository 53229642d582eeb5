/** Audit: every sensitive use case adds one of these to its outbox, in its transaction. Ids only. */
import { z } from 'zod';
import { defineEvent } from './bus/event';

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
