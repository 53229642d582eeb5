import { requireUser } from '../../../platform/auth/guard';
import type { Principal } from '../../../platform/auth/principal';
import { Fault } from '../../../platform/errors';
import {
  keysetSql,
  MAX_TOTAL_COUNT,
  pageOf,
  parsePage,
  type KeyColumn,
  type PageArgs,
  type PageResult,
} from '../../../platform/graph/connection';
import type { AccountsServices } from '../services';
import { CLIENT_COLUMNS, type ApiClientRow } from './api-client.rows';

const NEWEST_FIRST: readonly KeyColumn[] = [{ sql: 'c.id', descending: true, type: 'uuid' }];

/** A page of API clients, and how many there are in all (10,000 at most). */
export interface ListedClients {
  page: PageResult<ApiClientRow>;
  count: () => Promise<number>;
}

/** A partner's own, for admins everybody's; revoked ones too, the newest first. Faults FORBIDDEN, UNAUTHENTICATED, VALIDATION_ERROR. */
export async function listApiClients(
  { db }: AccountsServices,
  principal: Principal,
  args: PageArgs,
): Promise<ListedClients> {
  const user = requireUser(principal);
  if (user.role !== 'PARTNER' && user.role !== 'ADMIN') throw new Fault('FORBIDDEN');
  const ownerId = user.role === 'ADMIN' ? null : user.id;
  const page = parsePage(args, ['apiClients', ownerId], NEWEST_FIRST.length);
  const parameters: unknown[] = ownerId === null ? [] : [ownerId];
  const whose = ownerId === null ? 'true' : 'c.owner_id = $1';
  const counted = [...parameters];
  const { where, orderAndLimit } = keysetSql(page, NEWEST_FIRST, parameters);
  const rows = await db.rows<ApiClientRow>(
    `SELECT ${CLIENT_COLUMNS} FROM api_client c WHERE ${whose} AND ${where} ${orderAndLimit}`,
    parameters,
  );
  return {
    page: pageOf(
      page,
      rows,
      (row) => row,
      ({ id }) => [id],
    ),
    count: async () => {
      const sql = `SELECT 1 FROM api_client c WHERE ${whose} LIMIT ${MAX_TOTAL_COUNT}`;
      const [row] = await db.rows<{ count: number }>(`SELECT count(*)::int AS count FROM (${sql}) AS counted`, counted);
      return row?.count ?? 0;
    },
  };
}
