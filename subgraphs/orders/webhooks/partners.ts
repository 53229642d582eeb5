/** Who is a partner now. Webhooks go to nobody else, and wait while accounts cannot say: nothing is lost by that. */
import { LRUCache } from 'lru-cache';
import { newUuid } from '../../../platform/ids';
import type { Services } from '../../../platform/subgraph';
import { MOST_USERS_READ, readUsers } from '../../accounts/messages';

/** How long an answer is believed, in milliseconds. */
const BELIEVED_MS = 2_000;
/** How long accounts may take, in milliseconds. */
const DEADLINE_MS = 1_000;
/** Users of whom an answer is remembered, at most. */
const REMEMBERED = 10_000;

/** See the head of this file. */
export interface Partners {
  /** Those of the users who are partners and not suspended. Of very many some are left for the next time. Rejects when accounts cannot say. */
  among(userIds: readonly string[]): Promise<string[]>;
}

/** Makes them for this process. */
export function createPartners({ commands, clock }: Pick<Services, 'commands' | 'clock'>): Partners {
  const known = new LRUCache<string, boolean>({
    ...{ max: REMEMBERED, ttl: BELIEVED_MS, ttlResolution: 0 },
    perf: { now: () => clock.now().getTime() },
  });
  return {
    async among(all) {
      const userIds = all.filter((id) => !known.has(id)).slice(0, MOST_USERS_READ);
      if (userIds.length > 0) {
        const meta = { principal: { kind: 'service' as const, name: 'orders' }, requestId: newUuid() };
        const { users } = await commands.send(readUsers, { userIds }, { ...meta, deadlineMs: DEADLINE_MS });
        for (const id of userIds) known.set(id, false);
        for (const { userId, role, suspended } of users) known.set(userId, role === 'PARTNER' && !suspended);
      }
      return all.filter((id) => known.get(id) === true);
    },
  };
}
