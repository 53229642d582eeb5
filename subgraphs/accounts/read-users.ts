import type { z } from 'zod';
import { handleForServices } from '../../platform/commands/command';
import { readUsers } from './messages';
import type { AccountsServices } from './services';

/** What other subgraphs ask that do something for users who are not there, or show who did something. */
export const readUsersHandler = handleForServices(readUsers, async ({ db }: AccountsServices, { userIds }) => {
  const users = await db.rows<z.output<typeof readUsers.output>['users'][number]>(
    `SELECT id AS "userId", role, suspended_at IS NOT NULL AS suspended, first_name AS "sealedFirstName",
            last_name AS "sealedLastName"
     FROM account WHERE id = ANY ($1)`,
    [userIds],
  );
  return { users };
});
