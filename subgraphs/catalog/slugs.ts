/** Slugs and article numbers are unique; here is what happens when one is taken. */
import type { EntityManager } from 'typeorm';
import { isUniqueViolation } from '../../platform/db/database';
import { UserFault } from '../../platform/errors';
import { newUuid } from '../../platform/ids';
import { slugify } from './product.rules';

/** A free slug made from a name: "red-shirt", or "red-shirt-4f2a9c" if that is taken. */
export async function slugFor(tx: EntityManager, table: 'product' | 'category', name: string): Promise<string> {
  const base = slugify(name) || table;
  // Until the commit: of two who create the same name at once the second sees the first one's slug.
  await tx.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`${table}:${base}`]);
  const taken = await tx.query<object[]>(`SELECT 1 AS one FROM ${table} WHERE slug = $1`, [base]);
  // The end of a version 7 uuid is random.
  return taken.length === 0 ? base : `${base}-${newUuid().slice(-6)}`;
}

/** Runs a transaction; a slug or article number that is taken becomes UserFault CONFLICT. */
export async function refusingDuplicates<T>(work: Promise<T>, skuField: string[] = ['sku']): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isUniqueViolation(error, 'product_slug') || isUniqueViolation(error, 'category_slug')) {
      throw UserFault.of('CONFLICT', 'This slug is taken.', ['slug']);
    }
    if (isUniqueViolation(error, 'variant_sku')) {
      throw UserFault.of('CONFLICT', 'This article number is taken.', skuField);
    }
    throw error;
  }
}
