/** Pages of products. */
import {
  keysetSql,
  MAX_TOTAL_COUNT,
  pageOf,
  parsePage,
  type KeyColumn,
  type KeyPart,
  type PageResult,
} from '../../../platform/graph/connection';
import type { Services } from '../../../platform/subgraph';
import { loadCategoryTree } from '../category-tree';
import { Product, PRODUCT_COLUMNS, type ProductRow } from '../product.type';
import { conditionSql, matchSql, readCriteria, SqlParameters, type Criteria } from './criteria';
import type { ProductListArgs, ProductSort } from './product-list.inputs';

/** Matches that RELEVANCE ranks: ranking reads every match, so a word that stands in half the shop needs a bound. */
const RANKED_MATCHES = 5_000;

/** A list of products: its page, and what can be asked of the whole list. */
export interface ProductList {
  page: PageResult<Product>;
  criteria: Criteria;
}

interface SortedRow extends ProductRow {
  name_key: string;
  sold: string;
  score: number;
}

interface Sorting {
  columns: readonly [KeyColumn, KeyColumn];
  key(row: SortedRow): KeyPart;
}

// Both columns of a sort run the same way, so that the row comparison of a keyset page is an index range.
const by = (sql: string, type: string, descending: boolean, key: (row: SortedRow) => KeyPart): Sorting => ({
  columns: [
    { sql, type, descending },
    { sql: 'p.id', type: 'uuid', descending },
  ],
  key,
});

const SORTINGS: Record<ProductSort, Sorting> = {
  RELEVANCE: by('p.score', 'integer', true, (row) => row.score),
  NEWEST: by('p.created_at', 'timestamptz', true, (row) => row.created_at.toISOString()),
  PRICE_ASC: by('p.min_price', 'bigint', false, (row) => row.min_price),
  PRICE_DESC: by('p.min_price', 'bigint', true, (row) => row.min_price),
  NAME_ASC: by('p.name_key', 'text', false, (row) => row.name_key),
  BEST_SELLING: by('p.sold', 'bigint', true, (row) => row.sold),
};

/** A page of products; `within`: uuid of a category it is limited to. Throws Fault VALIDATION_ERROR. One statement. */
export async function listProducts(
  services: Services,
  args: ProductListArgs,
  within: string | null = null,
): Promise<ProductList> {
  const { currency } = services.config;
  const criteria = readCriteria(args, currency, await loadCategoryTree(services), within);
  const sort = sortOf(args.sort, criteria);
  const sorting = SORTINGS[sort];
  const page = parsePage(args, ['products', within, args.query ?? null, args.filter ?? null, sort], 2);
  const parameters = new SqlParameters();
  const source = sort === 'RELEVANCE' ? rankedSql(criteria, parameters) : null;
  const condition = source === null ? conditionSql(criteria, parameters) : 'true';
  const { where, orderAndLimit } = keysetSql(page, sorting.columns, parameters.values);
  const rows = await services.db.staleRows<SortedRow>(
    source === null
      ? `SELECT ${PRODUCT_COLUMNS}, p.name_key, p.sold FROM product p WHERE ${condition} AND ${where} ${orderAndLimit}`
      : // The page is cut before the rows are fetched whole.
        `SELECT ${PRODUCT_COLUMNS}, hit.score
         FROM (SELECT p.id, p.score FROM (${source}) p WHERE ${where} ${orderAndLimit}) hit
         JOIN product p USING (id)
         ORDER BY hit.score ${page.backward ? 'ASC' : 'DESC'}, hit.id ${page.backward ? 'ASC' : 'DESC'}`,
    parameters.values,
  );
  const node = (row: SortedRow): Product => Product.of(row, services.config);
  return { page: pageOf(page, rows, node, (row) => [sorting.key(row), row.id]), criteria };
}

/** How many products there are in all, 10,000 at most. One statement. */
export async function countProducts(services: Services, criteria: Criteria): Promise<number> {
  const parameters = new SqlParameters();
  const condition = conditionSql(criteria, parameters);
  const [row] = await services.db.staleRows<{ count: number }>(
    `SELECT count(*)::int AS count FROM (SELECT 1 FROM product p WHERE ${condition} LIMIT ${MAX_TOTAL_COUNT}) counted`,
    parameters.values,
  );
  return row?.count ?? 0;
}

/** Without words to find there is no relevance. */
function sortOf(sort: ProductSort | null | undefined, criteria: Criteria): ProductSort {
  const searching = criteria.words !== null && criteria.words.length > 0;
  if (sort == null) return searching ? 'RELEVANCE' : 'NEWEST';
  return sort === 'RELEVANCE' && !searching ? 'NEWEST' : sort;
}

/** Ids and scores of the matches that are ranked. The score is whole, so that a cursor holds it exactly. */
function rankedSql(criteria: Criteria, parameters: SqlParameters): string {
  const condition = conditionSql(criteria, parameters);
  const query = matchSql(criteria, parameters) ?? `''::tsquery`;
  return `SELECT p.id, (ts_rank(p.search, ${query}) * 1000000)::int AS score FROM product p
    WHERE ${condition} ORDER BY p.sold DESC, p.id DESC LIMIT ${RANKED_MATCHES}`;
}
