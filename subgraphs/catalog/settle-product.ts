/** What every change of a product ends with. */
import type { EntityManager } from 'typeorm';
import { UserFault } from '../../platform/errors';
import { addToOutbox } from '../../platform/outbox';
import type { Services } from '../../platform/subgraph';
import { indexProducts } from './index-products';
import { productChanged } from './messages';

/**
 * Locks a product for a change. UserFault NOT_FOUND or, if it is archived, CONFLICT, naming the input's `field`. Locks of the
 * catalog are taken in this order: reservation, stock levels by variant id, products by id.
 */
export async function lockProduct(tx: EntityManager, id: string, field: string): Promise<void> {
  // NO KEY: a plain FOR UPDATE would wait for whoever inserts a variant or reads it by foreign key.
  const [row] = await tx.query<{ archived: boolean }[]>(
    'SELECT archived_at IS NOT NULL AS archived FROM product WHERE id = $1 FOR NO KEY UPDATE',
    [id],
  );
  if (!row) throw UserFault.of('NOT_FOUND', 'There is no such product.', [field]);
  if (row.archived) throw UserFault.of('CONFLICT', 'The product is archived.', [field]);
}

/**
 * Brings what is derived on the product row up to date (prices, availability, search text) and tells others of the change.
 * The row must be locked or new.
 */
export async function settleProduct(
  tx: EntityManager,
  services: Services,
  productId: string,
  cause: string,
): Promise<void> {
  await indexProducts(tx, [productId]);
  const [settled] = await tx.query<{ version: number; variant_ids: string[] }[]>(
    `WITH known AS (
       SELECT min(price.amount) AS low, max(price.amount) AS high, coalesce(bool_or(s.on_hand > s.reserved), false) AS available,
              array_agg(v.id ORDER BY v.position) AS variant_ids
       FROM variant v
       JOIN variant_price price ON price.variant_id = v.id AND price.currency = $2
       JOIN stock_level s ON s.variant_id = v.id
       WHERE v.product_id = $1
     ), settled AS (
       UPDATE product SET min_price = known.low, max_price = known.high, available = known.available, version = version + 1
       FROM known WHERE product.id = $1 RETURNING product.version, known.variant_ids
     )
     SELECT version, variant_ids FROM settled`,
    [productId, services.config.currency],
  );
  if (!settled) throw new Error('a product to settle is not there');
  await addToOutbox(tx, productChanged, {
    aggregateId: productId,
    aggregateVersion: settled.version,
    payload: { productId, variantIds: settled.variant_ids },
    cause,
    time: services.clock.now(),
  });
}
