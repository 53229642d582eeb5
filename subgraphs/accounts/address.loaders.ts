import { defineLoader } from '../../platform/subgraph';
import { storedAddress, type KeptAddress } from './address.rules';
import type { AccountsServices } from './services';

/** All addresses of users by uuid, the default first, then the oldest. The caller checks who may see them. */
export const addressesByUser = defineLoader<AccountsServices, string, KeptAddress[]>(async (userIds, context) => {
  const { db, sealer } = context.services;
  const rows = await db.rows<{ id: string; userId: string; sealed: string; isDefault: boolean }>(
    `SELECT id, account_id AS "userId", address AS sealed, is_default AS "isDefault"
     FROM address WHERE account_id = ANY($1) ORDER BY account_id, is_default DESC, id`,
    [userIds],
  );
  const byUser = new Map<string, KeptAddress[]>(userIds.map((userId) => [userId, []]));
  for (const { id, userId, sealed, isDefault } of rows) {
    byUser.get(userId)?.push({ id, address: sealer.openJson(sealed, storedAddress), isDefault });
  }
  return userIds.map((userId) => byUser.get(userId) ?? []);
});
