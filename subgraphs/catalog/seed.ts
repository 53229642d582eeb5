/** Fills the demonstration shop. */
import type { EntityManager } from 'typeorm';
import type { Services } from '../../platform/subgraph';
import { forgetCategoryTree } from './category-tree';
import { DEMO_CATEGORIES, demoProduct, demoProductId, type DemoProduct } from './demo/demo-product';
import { nameKey, tagsOf } from './product.rules';
import { searchTexts, searchVectorSql } from './search/search-text';

/** Products of one transaction. */
const BATCH = 1_000;
/** Two that seed at once take turns; any number, the same everywhere. */
const SEED_LOCK = 8_140_663;

/**
 * Makes the first `products` of the demonstration products (up to 1,000,000) with their categories, prices and stock, those that are
 * missing; gives how many there are then. The same number makes the same shop, ids included. What a stopped run has made stays,
 * and the next one goes on from there. `onProgress` is told the number done so far.
 */
export async function seedCatalog(
  services: Services,
  options: { products: number; onProgress?: (done: number) => void },
): Promise<number> {
  const { products, onProgress } = options;
  const starts = Array.from({ length: Math.ceil(products / BATCH) }, (_, n) => n * BATCH);
  const done = await batchesDone(services, starts, products);
  if (done.size < starts.length) {
    await services.db.transaction(insertCategories);
    await forgetCategoryTree(services);
  }
  for (const start of starts) {
    const end = Math.min(products, start + BATCH);
    if (!done.has(start)) await services.db.transaction((tx) => insertBatch(tx, services, start, end));
    onProgress?.(end);
  }
  if (done.size < starts.length) await settle(services);
  return products;
}

/** Makes what has come quick to read: searches would go through all that waits for the text index, and the planner guess. */
async function settle(services: Services): Promise<void> {
  await services.db.transaction(async (tx) => {
    await tx.query(`SET LOCAL statement_timeout = '10min'`);
    await tx.query(`SELECT gin_clean_pending_list('product_search'), gin_clean_pending_list('product_tags')`);
    await tx.query('ANALYZE product, variant, variant_price, stock_level');
  });
}

/** Starts of the batches whose last product is there: a batch is one transaction. */
async function batchesDone(services: Services, starts: readonly number[], products: number): Promise<Set<number>> {
  const lastIds = starts.map((start) => demoProductId(Math.min(products, start + BATCH) - 1));
  const rows = await services.db.rows<{ id: string }>('SELECT id FROM product WHERE id = ANY($1::uuid[])', [lastIds]);
  const found = new Set(rows.map(({ id }) => id));
  return new Set(starts.filter((_, n) => found.has(lastIds[n] ?? '')));
}

async function insertCategories(tx: EntityManager): Promise<void> {
  await tx.query(
    `INSERT INTO category (id, slug, name, parent_id)
     SELECT id, slug, name, "parentId" FROM jsonb_to_recordset($1::jsonb) AS row (id uuid, slug text, name text, "parentId" uuid)
     ON CONFLICT (id) DO NOTHING`,
    [JSON.stringify(DEMO_CATEGORIES)],
  );
}

async function insertBatch(tx: EntityManager, services: Services, start: number, end: number): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1)', [SEED_LOCK]);
  // The text index takes in what waits for it in few large portions instead of many small ones.
  await tx.query(`SET LOCAL gin_pending_list_limit = '128MB'`);
  const wanted = Array.from({ length: end - start }, (_, n) => demoProductId(start + n));
  const rows = await tx.query<{ id: string }[]>('SELECT id FROM product WHERE id = ANY($1::uuid[])', [wanted]);
  const present = new Set(rows.map(({ id }) => id));
  const missing = wanted.flatMap((id, n) => (present.has(id) ? [] : [demoProduct(start + n)]));
  await insertProducts(tx, missing);
  await insertVariants(tx, services.config.currency, missing);
}

async function insertProducts(tx: EntityManager, products: readonly DemoProduct[]): Promise<void> {
  const rows = products.map(({ variants, categories, ...product }) => {
    const amounts = variants.map(({ amount }) => amount);
    const [a, b, c] = searchTexts({ ...product, categories, skus: variants.map(({ sku }) => sku) });
    return {
      ...product,
      nameKey: nameKey(product.name),
      tags: tagsOf(product.attributes),
      minPrice: Math.min(...amounts),
      maxPrice: Math.max(...amounts),
      available: variants.some(({ onHand }) => onHand > 0),
      a,
      b,
      c,
    };
  });
  await tx.query(
    `INSERT INTO product (id, slug, name, name_key, description, category_id, attributes, tags, images, min_price, max_price,
                          available, created_at, search)
     SELECT id, slug, name, "nameKey", description, "categoryId", attributes, tags, images, "minPrice", "maxPrice",
            available, "createdAt", ${searchVectorSql('a', 'b', 'c')}
     FROM jsonb_to_recordset($1::jsonb) AS row (
       id uuid, slug text, name text, "nameKey" text, description text, "categoryId" uuid, attributes jsonb, tags text[],
       images jsonb, "minPrice" bigint, "maxPrice" bigint, available boolean, "createdAt" timestamptz, a text, b text, c text)`,
    [JSON.stringify(rows)],
  );
}

async function insertVariants(tx: EntityManager, currency: string, products: readonly DemoProduct[]): Promise<void> {
  const rows = products.flatMap((product) =>
    product.variants.map((variant, position) => ({ ...variant, position, productId: product.id })),
  );
  await tx.query(
    `WITH row AS MATERIALIZED (
       SELECT * FROM jsonb_to_recordset($1::jsonb) AS row (
         id uuid, "productId" uuid, sku text, name text, options jsonb, image jsonb, position integer, amount bigint,
         "compareAt" bigint, "onHand" integer)
     ), variants AS (
       INSERT INTO variant (id, product_id, sku, name, options, image, position)
       SELECT id, "productId", sku, name, options, image, position FROM row
     ), prices AS (
       INSERT INTO variant_price (variant_id, currency, amount, compare_at) SELECT id, $2, amount, "compareAt" FROM row
     ), levels AS (
       INSERT INTO stock_level (variant_id, on_hand) SELECT id, "onHand" FROM row
     )
     INSERT INTO stock_movement (variant_id, kind, quantity, actor)
     SELECT id, 'initial', "onHand", 'system' FROM row WHERE "onHand" > 0`,
    [JSON.stringify(rows), currency],
  );
}
