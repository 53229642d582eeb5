import { z } from 'zod';
import { requireStaff } from '../../../platform/auth/guard';
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
import { text, validateArguments } from '../../../platform/graph/validate';
import { fromId } from '../../../platform/ids';
import type { Services } from '../../../platform/subgraph';
import type { PromotionValues } from './promotion.entity';
import { PROMOTION, toPromotion, type RawPromotion } from './promotion.rows';

const argumentsSchema = z.object({ query: text(200).nullish(), active: z.boolean().nullish() });

/** Ids are made in the order of time. */
const NEWEST_FIRST: readonly KeyColumn[] = [{ sql: 'p.id', descending: true, type: 'uuid' }];

/** Promotions, the newest first: all, or the one whose code or id `query` is; `active` narrows. Staff only. */
export async function listPromotions(
  services: Services,
  principal: Principal,
  args: PageArgs & { query?: string | null; active?: boolean | null },
): Promise<{ page: PageResult<PromotionValues>; count: () => Promise<number> }> {
  requireStaff(principal);
  const { query = null, active = null } = validateArguments(argumentsSchema, args);
  const page = parsePage(args, ['promotions', query, active], NEWEST_FIRST.length);
  const filters: [sql: string, value: unknown][] = [];
  const id = query === null ? null : fromId('promo', query);
  if (id !== null) filters.push(['p.id =', id]);
  else if (query !== null) filters.push(['code =', query.toUpperCase()]);
  if (active !== null) filters.push(['active =', active]);
  const parameters = filters.map(([, value]) => value);
  const conditions = ['true', ...filters.map(([sql], index) => `${sql} $${index + 1}`)].join(' AND ');
  const counted = [...parameters];
  const { where, orderAndLimit } = keysetSql(page, NEWEST_FIRST, parameters);
  const rows = await services.db.rows<RawPromotion>(
    `SELECT ${PROMOTION} FROM promotion p WHERE ${conditions} AND ${where} ${orderAndLimit}`,
    parameters,
  );
  return {
    page: pageOf(page, rows, toPromotion, ({ id }) => [id]),
    count: async () => {
      const [row] = await services.db.rows<{ count: number }>(
        `SELECT count(*)::integer AS count FROM (SELECT 1 FROM promotion p WHERE ${conditions} LIMIT ${MAX_TOTAL_COUNT}) AS found`,
        counted,
      );
      return row?.count ?? 0;
    },
  };
}
