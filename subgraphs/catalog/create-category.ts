import { z } from 'zod';
import { recordAudit } from '../../platform/audit';
import { requireAdmin } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { UserFault } from '../../platform/errors';
import { idOf, nameText, validateInput } from '../../platform/graph/validate';
import { newUuid, toId } from '../../platform/ids';
import type { Services } from '../../platform/subgraph';
import { CategoryEntity } from './category.entity';
import { forgetCategoryTree, lockCategories, MAX_CATEGORIES } from './category-tree';
import { slugText } from './product.rules';
import { refusingDuplicates, slugFor } from './slugs';

const createInput = z.object({ name: nameText, slug: slugText.nullish(), parentId: idOf('cat').nullish() });

/** Adds a category; gives its uuid. Admins only. */
export async function createCategory(
  services: Services,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<string> {
  const admin = requireAdmin(principal);
  const { name, slug, parentId } = validateInput(createInput, input);
  const work = services.db.transaction(async (tx) => {
    const tree = await lockCategories(tx);
    if (parentId != null && !tree.find(parentId)) {
      throw UserFault.of('NOT_FOUND', 'There is no such category.', ['parentId']);
    }
    if (tree.size >= MAX_CATEGORIES) {
      throw UserFault.of('CONFLICT', 'The shop has as many categories as it can have.', ['name'], {
        maximum: MAX_CATEGORIES,
      });
    }
    const id = newUuid();
    await tx.insert(CategoryEntity, {
      id,
      slug: slug ?? (await slugFor(tx, 'category', name)),
      name,
      parentId: parentId ?? null,
      createdAt: services.clock.now(),
    });
    const target = toId('cat', id);
    await recordAudit(tx, services, { actor: admin, action: 'createCategory', targetUuid: id, target, requestId });
    return id;
  });
  const id = await refusingDuplicates(work);
  await forgetCategoryTree(services);
  return id;
}
