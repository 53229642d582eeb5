/** Batched reads, once for each operation. They also find what is archived: orders and carts still refer to it. */
import { defineLoader, type GraphContext } from '../../platform/subgraph';
import { Product, PRODUCT_COLUMNS, type ProductRow } from './product.type';
import { ProductVariant, VARIANT_SQL, type VariantRow } from './variant.type';

/** Products by uuid. */
export const productById = defineLoader(async (ids: readonly string[], { services }: GraphContext) => {
  const rows = await services.db.rows<ProductRow>(
    `SELECT ${PRODUCT_COLUMNS} FROM product p WHERE p.id = ANY($1::uuid[])`,
    [ids],
  );
  const found = new Map(rows.map((row) => [row.id, Product.of(row, services.config)]));
  return ids.map((id) => found.get(id) ?? null);
});

/** Variants by uuid. */
export const variantById = defineLoader(async (ids: readonly string[], { services }: GraphContext) => {
  const rows = await services.db.rows<VariantRow>(`${VARIANT_SQL} WHERE v.id = ANY($2::uuid[])`, [
    services.config.currency,
    ids,
  ]);
  const found = new Map(rows.map((row) => [row.id, ProductVariant.of(row, services.config)]));
  return ids.map((id) => found.get(id) ?? null);
});

/** Variants of products, in their order. */
export const variantsOfProduct = defineLoader(async (ids: readonly string[], { services }: GraphContext) => {
  const rows = await services.db.rows<VariantRow>(
    `${VARIANT_SQL} WHERE v.product_id = ANY($2::uuid[]) ORDER BY v.product_id, v.position`,
    [services.config.currency, ids],
  );
  const found = new Map(ids.map((id): [string, ProductVariant[]] => [id, []]));
  for (const row of rows) found.get(row.product_id)?.push(ProductVariant.of(row, services.config));
  return ids.map((id) => found.get(id) ?? []);
});

/** After a mutation: what the operation has loaded before may be out of date. */
export function forgetLoaded(context: GraphContext): void {
  productById(context).clearAll();
  variantById(context).clearAll();
  variantsOfProduct(context).clearAll();
}
