import type { Role } from '../../platform/auth/principal';
import { handleForServices } from '../../platform/commands/command';
import { KEY_STANDS } from './api-clients/api-client.rows';
import { readSessions } from './messages';
import type { AccountsServices } from './services';

/** What the gateway and other subgraphs ask who keep something open for somebody. One statement. */
export const readSessionsHandler = handleForServices(
  readSessions,
  async ({ db, clock }: AccountsServices, { sessionIds }) => {
    const sessions = await db.rows<{
      sessionId: string;
      userId: string;
      role: Role;
      active: boolean;
    }>(
      `SELECT s.id AS "sessionId", s.account_id AS "userId", a.role, s.ended_at IS NULL AS active
       FROM session s JOIN account a ON a.id = s.account_id WHERE s.id = ANY ($1)
       UNION ALL
       SELECT k.id, c.owner_id, a.role, ${KEY_STANDS}
       FROM api_key k JOIN api_client c ON c.id = k.client_id JOIN account a ON a.id = c.owner_id WHERE k.id = ANY ($1)`,
      [sessionIds, clock.now()],
    );
    return { sessions };
  },
);
