/** Facet counts of a product list. */
import { MAX_TOTAL_COUNT } from '../../../platform/graph/connection';
import type { Services } from '../../../platform/subgraph';
import { partsOfTag } from '../product.rules';
import { conditionSql, SqlParameters, type Criteria } from './criteria';
import type { Facet } from './facet.type';

/** Facets, and values of each, that are given. */
const MAX_FACETS = 20;
const MAX_VALUES = 50;

/**
 * Facets of all products that meet the criteria, one statement. An attribute that is filtered by is counted over the products
 * that meet all other criteria: each such count is a list of its own, so each is bounded by itself.
 */
export async function countFacets(services: Services, criteria: Criteria): Promise<Facet[]> {
  const parameters = new SqlParameters();
  const filtered = criteria.attributes.map(({ name }) => name);
  const others = parameters.add(filtered, 'text[]');
  const counts = [
    countSql(conditionSql(criteria, parameters), `split_part(tag, chr(31), 1) <> ALL(${others})`),
    ...filtered.map((name) =>
      countSql(
        conditionSql(criteria, parameters, name),
        `split_part(tag, chr(31), 1) = ${parameters.add(name, 'text')}`,
      ),
    ),
  ];
  const rows = await services.db.staleRows<{ tag: string; count: number }>(
    counts.join(' UNION ALL '),
    parameters.values,
  );
  return facetsOf(rows);
}

function countSql(condition: string, ofTag: string): string {
  return `SELECT tag, count(*)::int AS count FROM (
      SELECT p.tags FROM product p WHERE ${condition} ORDER BY p.created_at DESC, p.id DESC LIMIT ${MAX_TOTAL_COUNT}
    ) counted CROSS JOIN unnest(counted.tags) AS tag
    WHERE ${ofTag} GROUP BY tag`;
}

/** Groups counts by attribute: the most frequent attributes and values first, equals by name. */
export function facetsOf(rows: readonly { tag: string; count: number }[]): Facet[] {
  const byName = new Map<string, Facet & { total: number }>();
  for (const { tag, count } of rows) {
    const { name, value } = partsOfTag(tag);
    const facet = byName.get(name) ?? { name, values: [], total: 0 };
    facet.values.push({ value, label: value, count });
    facet.total += count;
    byName.set(name, facet);
  }
  return [...byName.values()]
    .sort((a, b) => b.total - a.total || compare(a.name, b.name))
    .slice(0, MAX_FACETS)
    .map(({ name, values }) => ({
      name,
      values: values.sort((a, b) => b.count - a.count || compare(a.value, b.value)).slice(0, MAX_VALUES),
    }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
