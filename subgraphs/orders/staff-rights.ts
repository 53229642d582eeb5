/**
 * Whether members of staff still are: the role in a token may be a quarter of an hour old, and streams are open for longer.
 * accounts is asked for all sessions at once; while it cannot be reached, what the token says stands.
 */
import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import { STAFF_ROLES, type UserPrincipal } from '../../platform/auth/principal';
import { Fault } from '../../platform/errors';
import { newUuid } from '../../platform/ids';
import type { Services } from '../../platform/subgraph';
import { MOST_SESSIONS_READ, readSessions, RIGHTS_CHANNEL } from '../accounts/messages';

/** How often those who are watched are asked about, in milliseconds. With the two below it bounds the time until a loss is noticed. */
const CHECK_MS = 2_000;
/** How long an answer is believed, in milliseconds. */
const BELIEVED_MS = 1_500;
/** How long accounts may take, in milliseconds. */
const DEADLINE_MS = 1_000;
/** Sessions of whom an answer is remembered, at most. */
const REMEMBERED = 10_000;

const rightsMessage = z.object({ userId: z.uuid() });

/** See the head of this file. */
export interface StaffRights {
  /** Null while they are staff, else why they are not: Fault FORBIDDEN, or UNAUTHENTICATED if the session has ended. Never rejects. */
  lostBy(principal: UserPrincipal): Promise<Fault | null>;
  /** Calls `lost` when that has become known, within 5 s of the loss, until closed. */
  watch(principal: UserPrincipal, lost: (fault: Fault) => void): { close(): void };
}

/** Makes them for this process. */
export function createStaffRights({
  commands,
  pubsub,
  log,
}: Pick<Services, 'commands' | 'pubsub' | 'log'>): StaffRights {
  const watched = new Set<() => void>();
  const known = new LRUCache<string, { userId: string; lost: Promise<Fault | null> }>({
    max: REMEMBERED,
    ttl: BELIEVED_MS,
  });
  let listening = false;
  let timer: NodeJS.Timeout | undefined;

  const loader = new DataLoader<string, 'FORBIDDEN' | 'UNAUTHENTICATED' | null>(
    async (sessionIds) => {
      const meta = { principal: { kind: 'service' as const, name: 'orders' }, requestId: newUuid() };
      const input = { sessionIds: [...sessionIds] };
      const { sessions } = await commands.send(readSessions, input, { ...meta, deadlineMs: DEADLINE_MS });
      const byId = new Map(sessions.map((session) => [session.sessionId, session]));
      return sessionIds.map((id) => {
        const session = byId.get(id);
        if (!session?.active) return 'UNAUTHENTICATED';
        return STAFF_ROLES.has(session.role) ? null : 'FORBIDDEN';
      });
    },
    { cache: false, maxBatchSize: MOST_SESSIONS_READ },
  );

  const lostBy = ({ id: userId, sessionId }: UserPrincipal): Promise<Fault | null> => {
    const answer = known.get(sessionId);
    if (answer) return answer.lost;
    const lost = loader.load(sessionId).then(
      (code) => code && new Fault(code),
      (error: unknown) => {
        log.warn({ err: error }, 'roles could not be looked up');
        return null;
      },
    );
    known.set(sessionId, { userId, lost });
    return lost;
  };

  const checkAll = (): void => watched.forEach((check) => check());
  const changed = (message: unknown): void => {
    const { success, data } = rightsMessage.safeParse(message);
    for (const [sessionId, { userId }] of known) if (!success || userId === data.userId) known.delete(sessionId);
    checkAll();
  };

  return {
    lostBy,
    watch(principal, lost) {
      const check = (): void => void lostBy(principal).then((fault) => fault && lost(fault));
      watched.add(check);
      timer ??= setInterval(checkAll, CHECK_MS).unref();
      if (!listening) void pubsub.subscribe(RIGHTS_CHANNEL, changed, () => changed(null));
      listening = true;
      return {
        close: () => {
          watched.delete(check);
          if (watched.size > 0) return;
          clearInterval(timer);
          timer = undefined;
        },
      };
    },
  };
}
