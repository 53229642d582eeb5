import { z } from 'zod';
import { requireAdmin } from '../../../platform/auth/guard';
import type { Principal } from '../../../platform/auth/principal';
import {
  keysetSql,
  MAX_TOTAL_COUNT,
  pageOf,
  parsePage,
  type KeyColumn,
  type PageArgs,
  type PageResult,
} from '../../../platform/graph/connection';
import { momentText, text, validateArguments } from '../../../platform/graph/validate';
import { fromId } from '../../../platform/ids';
import type { AccountsServices } from '../services';

const argumentsSchema = z.object({
  actorId: text(200).nullish(),
  action: text(100).nullish(),
  from: momentText.nullish(),
  to: momentText.nullish(),
});

const NEWEST_FIRST: readonly KeyColumn[] = [
  { sql: 'time', descending: true, type: 'timestamptz' },
  { sql: 'id', descending: true, type: 'uuid' },
];

/** An entry as it stands in the log. */
export interface AuditRow {
  id: string;
  actorKind: 'anonymous' | 'guest' | 'user' | 'client' | 'service';
  /** uuid, or a service's name. */
  actorId: string | null;
  action: string;
  target: string | null;
  time: Date;
  requestId: string;
  hash: string;
}

/** What to list. */
export interface AuditFilter {
  actorId?: string | null;
  action?: string | null;
  from?: string | null;
  to?: string | null;
}

/**
 * The audit log, the newest first. Faults FORBIDDEN and UNAUTHENTICATED unless the caller is an admin, VALIDATION_ERROR for
 * bad arguments.
 */
export async function listAuditLog(
  { db }: AccountsServices,
  principal: Principal,
  args: PageArgs & AuditFilter,
): Promise<{ page: PageResult<AuditRow>; count: () => Promise<number> }> {
  requireAdmin(principal);
  const filter = validateArguments(argumentsSchema, args);
  const page = parsePage(args, ['auditLog', filter], NEWEST_FIRST.length);
  const parameters: unknown[] = [];
  const conditions = conditionsOf(filter, parameters);
  const counted = [...parameters];
  const { where, orderAndLimit } = keysetSql(page, NEWEST_FIRST, parameters);
  const rows = await db.rows<AuditRow>(
    `SELECT id, actor_kind AS "actorKind", actor_id AS "actorId", action, target, time, request_id AS "requestId", hash
     FROM audit_log WHERE ${conditions} AND ${where} ${orderAndLimit}`,
    parameters,
  );
  return {
    page: pageOf(
      page,
      rows,
      (row) => row,
      ({ id, time }) => [time.toISOString(), id],
    ),
    count: async () => {
      const sql = `SELECT count(*)::integer AS count
                   FROM (SELECT 1 FROM audit_log WHERE ${conditions} LIMIT ${MAX_TOTAL_COUNT}) AS counted`;
      const [row] = await db.rows<{ count: number }>(sql, counted);
      return row?.count ?? 0;
    },
  };
}

function conditionsOf({ actorId, action, from, to }: z.output<typeof argumentsSchema>, parameters: unknown[]): string {
  const conditions = ['true'];
  const add = (sql: string, value: unknown): void => {
    parameters.push(value);
    conditions.push(`${sql} $${parameters.length}`);
  };
  // What is no id is the name of a service, or of nobody.
  if (actorId != null) {
    const uuid = fromId('user', actorId) ?? fromId('api', actorId) ?? fromId('cart', actorId);
    add('actor_id =', uuid ?? actorId);
  }
  if (action != null) add('action =', action);
  if (from != null) add('time >=', from);
  if (to != null) add('time <', to);
  return conditions.join(' AND ');
}
