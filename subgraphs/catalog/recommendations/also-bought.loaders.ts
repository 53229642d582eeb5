import { defineLoader, type GraphContext } from '../../../platform/subgraph';
import { Product, PRODUCT_COLUMNS, type ProductRow } from '../product.type';

/** Products that one statement gives for one product at most. */
export const MOST_ALSO_BOUGHT = 20;

/** What was bought together with products, by uuid: most often first, {@link MOST_ALSO_BOUGHT} of each, none that is archived. */
export const alsoBoughtWith = defineLoader(async (ids: readonly string[], { services }: GraphContext) => {
  const rows = await services.db.staleRows<ProductRow & { bought: string }>(
    `SELECT asked.id AS bought, other.* FROM unnest($1::uuid[]) AS asked (id) CROSS JOIN LATERAL (
       SELECT ${PRODUCT_COLUMNS}, t.orders FROM bought_together t JOIN product p ON p.id = t.other_id
       WHERE t.product_id = asked.id AND p.archived_at IS NULL
       ORDER BY t.orders DESC, t.other_id DESC LIMIT ${MOST_ALSO_BOUGHT}
     ) AS other ORDER BY asked.id, other.orders DESC, other.id DESC`,
    [ids],
  );
  const found = new Map(ids.map((id): [string, Product[]] => [id, []]));
  for (const row of rows) found.get(row.bought)?.push(Product.of(row, services.config));
  return ids.map((id) => found.get(id) ?? []);
});
