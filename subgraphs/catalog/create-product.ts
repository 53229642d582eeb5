import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { recordAudit } from '../../platform/audit';
import { requireAdmin } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { UserFault, type UserErrorValue } from '../../platform/errors';
import { freeText, idOf, nameText, validateInput } from '../../platform/graph/validate';
import { newUuid, toId } from '../../platform/ids';
import type { Services } from '../../platform/subgraph';
import { insertVariants, newVariantIn, type NewVariant } from './insert-variants';
import { ProductEntity } from './product.entity';
import { attributeList, MAX_VARIANTS, nameKey, slugText, tagsOf } from './product.rules';
import { settleProduct } from './settle-product';
import { refusingDuplicates, slugFor } from './slugs';

const createInput = (currency: string) =>
  z.object({
    name: nameText,
    slug: slugText.nullish(),
    description: freeText.nullish(),
    categoryId: idOf('cat').nullish(),
    attributes: attributeList.nullish(),
    variants: z
      .array(newVariantIn(currency))
      .min(1, 'Must have at least one entry.')
      .max(MAX_VARIANTS, `Must have at most ${MAX_VARIANTS} entries.`),
  });

/** Adds a product with its variants, prices and first stock; it is in every list at once. Gives its uuid. Admins only. */
export async function createProduct(
  services: Services,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<string> {
  const admin = requireAdmin(principal);
  const given = validateInput(createInput(services.config.currency), input);
  const work = services.db.transaction(async (tx) => {
    if (given.categoryId != null) await requireCategory(tx, given.categoryId);
    await refuseTakenSkus(tx, given.variants);
    const id = newUuid();
    const attributes = given.attributes ?? [];
    await tx.insert(ProductEntity, {
      id,
      slug: given.slug ?? (await slugFor(tx, 'product', given.name)),
      name: given.name,
      nameKey: nameKey(given.name),
      description: given.description ?? null,
      categoryId: given.categoryId ?? null,
      attributes,
      tags: tagsOf(attributes),
      images: [],
      archivedAt: null,
      createdAt: services.clock.now(),
    });
    await insertVariants(tx, services, given.variants, { productId: id, position: 0, actor: `user:${admin.id}` });
    await settleProduct(tx, services, id, requestId);
    const target = toId('prod', id);
    await recordAudit(tx, services, { actor: admin, action: 'createProduct', targetUuid: id, target, requestId });
    return id;
  });
  return refusingDuplicates(work, ['variants']);
}

/** UserFault NOT_FOUND on `categoryId` if there is none of that uuid. */
export async function requireCategory(tx: EntityManager, id: string): Promise<void> {
  const found = await tx.query<object[]>('SELECT 1 AS one FROM category WHERE id = $1', [id]);
  if (found.length === 0) throw UserFault.of('NOT_FOUND', 'There is no such category.', ['categoryId']);
}

/** Says which of the new article numbers are taken, or come twice in the input. */
async function refuseTakenSkus(tx: EntityManager, variants: readonly NewVariant[]): Promise<void> {
  const skus = variants.map(({ sku }) => sku);
  const rows = await tx.query<{ sku: string }[]>('SELECT sku FROM variant WHERE sku = ANY($1::text[])', [skus]);
  const taken = new Set(rows.map(({ sku }) => sku));
  const errors = skus.flatMap((sku, index): UserErrorValue[] => {
    const field = ['variants', String(index), 'sku'];
    if (taken.has(sku)) return [{ code: 'CONFLICT', message: 'This article number is taken.', field }];
    if (skus.indexOf(sku) === index) return [];
    return [{ code: 'VALIDATION_ERROR', message: 'Must not come twice.', field }];
  });
  if (errors.length > 0) throw new UserFault(errors);
}
