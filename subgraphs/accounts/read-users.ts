import type { Role } from '../../platform/auth/principal';
import { handleForServices } from '../../platform/commands/command';
import { readUsers } from './messages';
import type { AccountsServices } from './services';

/** What other subgraphs ask that do something for users who are not there. */
export const readUsersHandler = handleForServices(readUsers, async ({ db }: AccountsServices, { userIds }) => {
  const users = await db.rows<{ userId: string; role: Role; suspended: boolean }>(
    'SELECT id AS "userId", role, suspended_at IS NOT NULL AS suspended FROM account WHERE id = ANY ($1)',
    [userIds],
  );
  return { users };
});
