/** What a product list is limited to: checked arguments, and the SQL conditions they stand for. */
import { z } from 'zod';
import { decimalIn, text, validateArguments } from '../../../platform/graph/validate';
import type { CategoryTree } from '../category-tree';
import { tagOf } from '../product.rules';
import type { ProductListArgs } from './product-list.inputs';
import { queryWords, tsQuerySql, tsQueryText } from './search-text';

/** Length of a search query in UTF-16 code units. Anything else may stand in it. */
export const searchQueryText = z.string().max(200, 'Must have at most 200 characters.');

/** Checked conditions. */
export interface Criteria {
  /** Null: no query. Empty: a query in which nothing can be found. */
  words: string[] | null;
  /** Sets of categories; the product must be in one of each set. */
  categorySets: string[][];
  minPrice: bigint | null;
  maxPrice: bigint | null;
  available: boolean | null;
  attributes: { name: string; values: string[] }[];
}

const argumentsIn = (currency: string) =>
  z.object({
    query: searchQueryText.nullish(),
    filter: z
      .object({
        category: text(200).nullish(),
        minPrice: decimalIn(currency).nullish(),
        maxPrice: decimalIn(currency).nullish(),
        availableForSale: z.boolean().nullish(),
        attributes: z
          .array(
            z.object({
              name: text(200),
              values: z
                .array(text(200))
                .min(1, 'Must have at least one value.')
                .max(50, 'Must have at most 50 values.'),
            }),
          )
          .max(10, 'Must have at most 10 attributes.')
          .nullish(),
      })
      .nullish(),
  });

/** Checks a list's arguments; throws Fault VALIDATION_ERROR. `within`: only this category and what is below it. */
export function readCriteria(
  args: Pick<ProductListArgs, 'query' | 'filter'>,
  currency: string,
  tree: CategoryTree,
  within: string | null,
): Criteria {
  const { query, filter } = validateArguments(argumentsIn(currency), args);
  const categorySets: string[][] = [];
  if (within !== null) categorySets.push(tree.withDescendants(within));
  if (filter?.category != null) {
    const category = tree.findSlug(filter.category);
    // An unknown category is an empty one.
    categorySets.push(category ? tree.withDescendants(category.id) : []);
  }
  const attributes = new Map<string, string[]>();
  for (const { name, values } of filter?.attributes ?? []) {
    attributes.set(name, [...(attributes.get(name) ?? []), ...values]);
  }
  return {
    words: query == null || query.trim() === '' ? null : queryWords(query),
    categorySets,
    minPrice: filter?.minPrice ?? null,
    maxPrice: filter?.maxPrice ?? null,
    available: filter?.availableForSale ?? null,
    attributes: [...attributes].map(([name, values]) => ({ name, values })),
  };
}

/** SQL of a statement being put together; `parameters` are its `$1`, `$2`, …. */
export class SqlParameters {
  readonly values: unknown[] = [];

  /** Adds a value; gives its place as SQL of that type. */
  add(value: unknown, type: string): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }
}

/** The condition that products named `p` meet the criteria, the attributes called `except` left aside. */
export function conditionSql(criteria: Criteria, parameters: SqlParameters, except?: string): string {
  const conditions = ['p.archived_at IS NULL'];
  const query = matchSql(criteria, parameters);
  if (query !== null) conditions.push(`p.search @@ ${query}`);
  if (criteria.words?.length === 0) conditions.push('false');
  for (const ids of criteria.categorySets) conditions.push(`p.category_id = ANY(${parameters.add(ids, 'uuid[]')})`);
  conditions.push(...priceConditions(criteria, parameters));
  if (criteria.available !== null) conditions.push(criteria.available ? 'p.available' : 'NOT p.available');
  for (const { name, values } of criteria.attributes) {
    if (name === except) continue;
    const tags = values.map((value) => tagOf(name, value));
    conditions.push(`p.tags && ${parameters.add(tags, 'text[]')}`);
  }
  return conditions.join(' AND ');
}

/** SQL of the text search query; null if there is none. */
export function matchSql(criteria: Criteria, parameters: SqlParameters): string | null {
  if (criteria.words === null || criteria.words.length === 0) return null;
  return tsQuerySql(parameters.add(tsQueryText(criteria.words), 'text'));
}

/**
 * Some variant costs between the limits. The range on the product row decides nearly always; only a gap needs a look. The plain
 * comparisons say again what `&&` says: from them the planner knows how few products a narrow range leaves.
 */
function priceConditions({ minPrice, maxPrice }: Criteria, parameters: SqlParameters): string[] {
  if (minPrice === null && maxPrice === null) return [];
  // Upside down nothing lies between, and PostgreSQL refuses such a range.
  if (minPrice !== null && maxPrice !== null && minPrice > maxPrice) return ['false'];
  const min = minPrice === null ? null : parameters.add(minPrice.toString(), 'bigint');
  const max = maxPrice === null ? null : parameters.add(maxPrice.toString(), 'bigint');
  const conditions = [
    `int8range(p.min_price, p.max_price, '[]') && int8range(${min ?? 'NULL'}, ${max ?? 'NULL'}, '[]')`,
  ];
  if (min !== null) conditions.push(`p.max_price >= ${min}`);
  if (max !== null) conditions.push(`p.min_price <= ${max}`);
  if (min !== null && max !== null) {
    // bool_or, because the planner may turn EXISTS into one pass over all prices of the shop.
    conditions.push(`(p.min_price >= ${min} OR p.max_price <= ${max} OR (
      SELECT bool_or(price.amount BETWEEN ${min} AND ${max})
      FROM variant v JOIN variant_price price ON price.variant_id = v.id WHERE v.product_id = p.id))`);
  }
  return conditions;
}
