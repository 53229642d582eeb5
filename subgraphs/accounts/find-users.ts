import { z } from 'zod';
import { requireAdmin, requireStaff } from '../../platform/auth/guard';
import { ROLES, type Principal } from '../../platform/auth/principal';
import {
  keysetSql,
  MAX_TOTAL_COUNT,
  pageOf,
  parsePage,
  type KeyColumn,
  type PageArgs,
  type PageResult,
} from '../../platform/graph/connection';
import { emailText, text, validateArguments } from '../../platform/graph/validate';
import { fromId } from '../../platform/ids';
import { emailIndex } from './account.rules';
import type { AccountsServices } from './services';
import { USER_STATUSES } from './user.type';

const argumentsSchema = z.object({
  query: text(254).nullish(),
  role: z.enum(ROLES).nullish(),
  status: z.enum(USER_STATUSES).nullish(),
});

const NEWEST_FIRST: readonly KeyColumn[] = [
  { sql: 'created_at', descending: true, type: 'timestamptz' },
  { sql: 'id', descending: true, type: 'uuid' },
];

/** A page of users' uuids, and how many there are in all (10,000 at most). */
export interface FoundUsers {
  page: PageResult<string>;
  count: () => Promise<number>;
}

/**
 * Users, the newest first: all, or the one whose e-mail address or id `query` is; `role` and `status` narrow. Faults FORBIDDEN and
 * UNAUTHENTICATED unless the caller is staff (an admin, for `role`), VALIDATION_ERROR for bad arguments.
 */
export async function findUsers(
  services: AccountsServices,
  principal: Principal,
  args: PageArgs & { query?: string | null; role?: string | null; status?: string | null },
): Promise<FoundUsers> {
  requireStaff(principal);
  const { query = null, role = null, status = null } = validateArguments(argumentsSchema, args);
  // Who sees no role must not find it out by asking for all of them in turn.
  if (role !== null) requireAdmin(principal);
  const page = parsePage(args, ['users', query, role, status], NEWEST_FIRST.length);
  const parameters: unknown[] = [];
  const conditions = filters(services, { query, role, status }, parameters);
  const counted = {
    sql: `SELECT 1 FROM account WHERE ${conditions} LIMIT ${MAX_TOTAL_COUNT}`,
    parameters: [...parameters],
  };
  const { where, orderAndLimit } = keysetSql(page, NEWEST_FIRST, parameters);
  const rows = await services.db.rows<{ id: string; createdAt: Date }>(
    `SELECT id, created_at AS "createdAt" FROM account WHERE ${conditions} AND ${where} ${orderAndLimit}`,
    parameters,
  );
  return {
    page: pageOf(
      page,
      rows,
      ({ id }) => id,
      ({ id, createdAt }) => [createdAt.toISOString(), id],
    ),
    count: async () => {
      const sql = `SELECT count(*)::integer AS count FROM (${counted.sql}) AS counted`;
      const [row] = await services.db.rows<{ count: number }>(sql, counted.parameters);
      return row?.count ?? 0;
    },
  };
}

function filters(
  services: AccountsServices,
  { query, role, status }: Record<'query' | 'role' | 'status', string | null>,
  parameters: unknown[],
): string {
  const conditions = ['true'];
  const add = (sql: string, value: unknown): void => {
    parameters.push(value);
    conditions.push(`${sql} = $${parameters.length}`);
  };
  if (role !== null) add('role', role);
  if (status !== null) conditions.push(`suspended_at IS ${status === 'SUSPENDED' ? 'NOT NULL' : 'NULL'}`);
  if (query !== null) {
    const id = fromId('user', query);
    if (id !== null) add('id', id);
    else if (emailText.safeParse(query).success) add('email_index', emailIndex(services.sealer, query));
    // Neither an id nor an address: nobody has it.
    else conditions.push('false');
  }
  return conditions.join(' AND ');
}
