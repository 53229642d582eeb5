import type { z } from 'zod';
import type { Services } from '../../platform/subgraph';
import type { priceVariants as contract } from './messages';
import { imageOf } from './shop';
import type { StoredImage } from './product.entity';

interface SnapshotRow {
  variant_id: string;
  product_id: string;
  sku: string;
  product_name: string;
  variant_name: string;
  image: StoredImage | null;
  amount: string;
  archived: boolean;
}

/** Names, pictures and prices of variants as carts and orders keep them. One statement. */
export async function priceVariants(
  services: Services,
  { variantIds, currencyCode }: z.output<typeof contract.input>,
): Promise<z.output<typeof contract.output>> {
  const rows = await services.db.rows<SnapshotRow>(
    `SELECT v.id AS variant_id, p.id AS product_id, v.sku, p.name AS product_name, v.name AS variant_name,
            coalesce(v.image, p.images -> 0) AS image, price.amount, p.archived_at IS NOT NULL AS archived
     FROM variant v
     JOIN product p ON p.id = v.product_id
     JOIN variant_price price ON price.variant_id = v.id AND price.currency = $2
     WHERE v.id = ANY($1::uuid[])`,
    [variantIds, currencyCode],
  );
  const variants = rows.map((row) => {
    const image = row.image && imageOf(row.image, services.config);
    return {
      variantId: row.variant_id,
      productId: row.product_id,
      sku: row.sku,
      productName: row.product_name,
      variantName: row.variant_name,
      image: image && {
        url: image.url,
        altText: image.altText ?? null,
        width: image.width ?? null,
        height: image.height ?? null,
      },
      unitPrice: BigInt(row.amount),
      purchasable: !row.archived,
    };
  });
  return { variants };
}
