import { defineLoader, type GraphContext } from '../../../platform/subgraph';
import { Product, PRODUCT_COLUMNS, type ProductRow } from '../product.type';

/** Products that a user is recommended at most. */
export const MOST_RECOMMENDED = 20;

/** Products somebody bought that count, the last ones: with {@link BOUGHT_WITH} it bounds the work. */
const LAST_BOUGHT = 20;
/** What was bought with each of them that counts, most often first. */
const BOUGHT_WITH = 50;

/**
 * Products for users, by uuid: what was bought together with what they bought, by the number of orders, then best-sellers;
 * {@link MOST_RECOMMENDED} at most, nothing that they bought or that is archived. The caller checks who may see them.
 */
export const recommendedFor = defineLoader(async (userIds: readonly string[], { services }: GraphContext) => {
  const rows = await services.db.staleRows<ProductRow & { user_id: string }>(
    `SELECT asked.id AS user_id, shown.* FROM unnest($1::uuid[]) AS asked (id) CROSS JOIN LATERAL (
       WITH bought AS MATERIALIZED (
         SELECT product_id, min(nth) AS nth
         FROM (
           SELECT product_ids, row_number() OVER (ORDER BY order_id DESC) AS nth FROM purchase WHERE user_id = asked.id
         ) AS newest CROSS JOIN unnest(product_ids) AS product_id
         GROUP BY product_id
       ), fitting AS MATERIALIZED (
         SELECT pair.other_id AS id, sum(pair.orders) AS orders
         FROM (SELECT product_id FROM bought ORDER BY nth, product_id LIMIT ${LAST_BOUGHT}) AS counted
         CROSS JOIN LATERAL (
           SELECT other_id, orders FROM bought_together WHERE product_id = counted.product_id
           ORDER BY orders DESC, other_id DESC LIMIT ${BOUGHT_WITH}
         ) AS pair
         WHERE pair.other_id NOT IN (SELECT product_id FROM bought)
         GROUP BY pair.other_id
       )
       (SELECT ${PRODUCT_COLUMNS}, fitting.orders, 0 AS sold FROM fitting JOIN product p USING (id)
        WHERE p.archived_at IS NULL ORDER BY fitting.orders DESC, p.id DESC LIMIT ${MOST_RECOMMENDED})
       UNION ALL
       (SELECT ${PRODUCT_COLUMNS}, 0, p.sold FROM product p
        WHERE p.archived_at IS NULL AND p.id NOT IN (SELECT product_id FROM bought UNION ALL SELECT id FROM fitting)
        ORDER BY p.sold DESC, p.id DESC LIMIT ${MOST_RECOMMENDED})
       ORDER BY orders DESC, sold DESC, id DESC LIMIT ${MOST_RECOMMENDED}
     ) AS shown ORDER BY shown.orders DESC, shown.sold DESC, shown.id DESC`,
    [userIds],
  );
  return userIds.map((id) => rows.filter((row) => row.user_id === id).map((row) => Product.of(row, services.config)));
});
