/** Keeps the search text of products up to date. */
import type { EntityManager } from 'typeorm';
import type { Job, Services } from '../../platform/subgraph';
import type { NamedValue } from './product.entity';
import { searchTexts, searchVectorSql } from './search/search-text';

/** Products of one step of re-indexing a category. */
const STEP = 500;

interface SourceRow {
  id: string;
  name: string;
  description: string | null;
  attributes: NamedValue[];
  categories: string[] | null;
  skus: string[] | null;
}

const SOURCE_SQL = `
  SELECT p.id, p.name, p.description, p.attributes,
         (WITH RECURSIVE up AS (
            SELECT name, parent_id FROM category WHERE id = p.category_id
            UNION ALL SELECT c.name, c.parent_id FROM category c JOIN up ON c.id = up.parent_id
          ) SELECT array_agg(name) FROM up) AS categories,
         (SELECT array_agg(v.sku ORDER BY v.position) FROM variant v WHERE v.product_id = p.id) AS skus
  FROM product p WHERE p.id = ANY($1::uuid[])`;

/** Writes the search text of products anew, from what the transaction sees. Two statements for any number. */
export async function indexProducts(tx: EntityManager, ids: readonly string[]): Promise<void> {
  const rows = await tx.query<SourceRow[]>(SOURCE_SQL, [ids]);
  const texts = rows.map((row) => searchTexts({ ...row, categories: row.categories ?? [], skus: row.skus ?? [] }));
  await tx.query(
    `UPDATE product p SET search = ${searchVectorSql('text.a', 'text.b', 'text.c')}
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS text (id, a, b, c) WHERE p.id = text.id`,
    [rows.map(({ id }) => id), texts.map(([a]) => a), texts.map(([, b]) => b), texts.map(([, , c]) => c)],
  );
}

/** Notes that the products (not the archived ones: nobody can find them) of these categories have to be indexed again, because a category's name or place changed. */
export async function requestReindex(tx: EntityManager, categoryIds: readonly string[]): Promise<void> {
  await tx.query(
    `INSERT INTO category_reindex (category_id) SELECT unnest($1::uuid[])
     ON CONFLICT (category_id) DO UPDATE SET after_id = DEFAULT`,
    [categoryIds],
  );
}

/** Does what {@link requestReindex} asked for, in steps, so that no transaction is long however large the category. */
export const reindexJob: Job<Services> = {
  name: 'catalog.reindex',
  everyMs: 5_000,
  run: async ({ db }) => {
    while (await db.transaction(reindexStep));
  },
};

/** One step; false when nothing is left, or another process is at it. */
async function reindexStep(tx: EntityManager): Promise<boolean> {
  const [work] = await tx.query<{ category_id: string; after_id: string }[]>(
    'SELECT category_id, after_id FROM category_reindex ORDER BY category_id LIMIT 1 FOR UPDATE SKIP LOCKED',
  );
  if (!work) return false;
  const rows = await tx.query<{ id: string }[]>(
    `SELECT id FROM product WHERE category_id = $1 AND id > $2 AND archived_at IS NULL
     ORDER BY id LIMIT ${STEP} FOR NO KEY UPDATE`,
    [work.category_id, work.after_id],
  );
  const last = rows.at(-1);
  if (last) await indexProducts(tx, rows.map(({ id }) => id)); // prettier-ignore
  if (last && rows.length === STEP) {
    await tx.query('UPDATE category_reindex SET after_id = $2 WHERE category_id = $1', [work.category_id, last.id]);
  } else {
    await tx.query('DELETE FROM category_reindex WHERE category_id = $1', [work.category_id]);
  }
  return true;
}
