import { defineLoader } from '../../../platform/subgraph';
import type { AccountsServices } from '../services';
import { MAX_SESSIONS } from '../session.rules';

/** A session that is not over. Ids are uuids. */
export interface ActiveSessionRow {
  id: string;
  userId: string;
  createdAt: Date;
  lastUsedAt: Date;
  expiresAt: Date;
}

/** Sessions of users by uuid that are not over, the last used first, 100 at most. The caller checks who may see them. */
export const activeSessionsByUser = defineLoader<AccountsServices, string, ActiveSessionRow[]>(
  async (userIds, { services }) => {
    const rows = await services.db.rows<ActiveSessionRow>(
      `SELECT s.id, s.account_id AS "userId", s.created_at AS "createdAt", s.last_used_at AS "lastUsedAt",
              s.expires_at AS "expiresAt"
       FROM unnest($1::uuid[]) AS wanted (id) CROSS JOIN LATERAL (
         SELECT * FROM session WHERE account_id = wanted.id AND ended_at IS NULL AND expires_at > $2
         ORDER BY last_used_at DESC, id DESC LIMIT ${MAX_SESSIONS}
       ) AS s ORDER BY s.last_used_at DESC, s.id DESC`,
      [userIds, services.clock.now()],
    );
    const byUser = new Map<string, ActiveSessionRow[]>(userIds.map((userId) => [userId, []]));
    for (const row of rows) byUser.get(row.userId)?.push(row);
    return userIds.map((userId) => byUser.get(userId) ?? []);
  },
);
