import { z } from 'zod';
import { recordAudit } from '../../platform/audit';
import { requireAdmin } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { freeText, idOf, nameText, validateInput } from '../../platform/graph/validate';
import { toId } from '../../platform/ids';
import type { Services } from '../../platform/subgraph';
import { requireCategory } from './create-product';
import { ProductEntity } from './product.entity';
import { attributeList, nameKey, slugText, tagsOf } from './product.rules';
import { lockProduct, settleProduct } from './settle-product';
import { refusingDuplicates } from './slugs';

const updateInput = z.object({
  productId: idOf('prod'),
  name: nameText.nullish(),
  slug: slugText.nullish(),
  description: freeText.nullish(),
  categoryId: idOf('cat').nullish(),
  attributes: attributeList.nullish(),
});

/** Changes what is given of a product; null clears description and category, and leaves the rest. Gives its uuid. Admins only. */
export async function updateProduct(
  services: Services,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<string> {
  const admin = requireAdmin(principal);
  const { productId, name, slug, description, categoryId, attributes } = validateInput(updateInput, input);
  const changes = {
    ...(name != null && { name, nameKey: nameKey(name) }),
    ...(slug != null && { slug }),
    ...(description !== undefined && { description }),
    ...(categoryId !== undefined && { categoryId }),
    ...(attributes != null && { attributes, tags: tagsOf(attributes) }),
  };
  const work = services.db.transaction(async (tx) => {
    await lockProduct(tx, productId, 'productId');
    if (categoryId != null) await requireCategory(tx, categoryId);
    if (Object.keys(changes).length === 0) return productId;
    await tx.update(ProductEntity, { id: productId }, changes);
    await settleProduct(tx, services, productId, requestId);
    const target = toId('prod', productId);
    await recordAudit(tx, services, {
      actor: admin,
      action: 'updateProduct',
      targetUuid: productId,
      target,
      requestId,
    });
    return productId;
  });
  return refusingDuplicates(work);
}
