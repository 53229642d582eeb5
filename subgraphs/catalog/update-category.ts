import { z } from 'zod';
import { recordAudit } from '../../platform/audit';
import { requireAdmin } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { UserFault } from '../../platform/errors';
import { idOf, nameText, validateInput } from '../../platform/graph/validate';
import { toId } from '../../platform/ids';
import type { Services } from '../../platform/subgraph';
import { CategoryEntity } from './category.entity';
import { forgetCategoryTree, lockCategories, type CategoryTree } from './category-tree';
import { requestReindex } from './index-products';
import { slugText } from './product.rules';
import { refusingDuplicates } from './slugs';

const updateInput = z.object({
  categoryId: idOf('cat'),
  name: nameText.nullish(),
  slug: slugText.nullish(),
  parentId: idOf('cat').nullish(),
});

/** Changes what is given of a category; parentId null makes it a root. Gives its uuid. Admins only. */
export async function updateCategory(
  services: Services,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<string> {
  const admin = requireAdmin(principal);
  const { categoryId, name, slug, parentId } = validateInput(updateInput, input);
  const changes = {
    ...(name != null && { name }),
    ...(slug != null && { slug }),
    ...(parentId !== undefined && { parentId }),
  };
  const work = services.db.transaction(async (tx) => {
    const tree = await lockCategories(tx);
    if (!tree.find(categoryId)) throw UserFault.of('NOT_FOUND', 'There is no such category.', ['categoryId']);
    if (parentId != null) refuseImpossibleParent(tree, categoryId, parentId);
    if (Object.keys(changes).length === 0) return;
    await tx.update(CategoryEntity, { id: categoryId }, changes);
    // Products are found by the names of their categories.
    if (name != null || parentId !== undefined) await requestReindex(tx, tree.withDescendants(categoryId));
    const record = { actor: admin, targetUuid: categoryId, target: toId('cat', categoryId), requestId };
    await recordAudit(tx, services, { ...record, action: 'updateCategory' });
  });
  await refusingDuplicates(work);
  await forgetCategoryTree(services);
  return categoryId;
}

function refuseImpossibleParent(tree: CategoryTree, categoryId: string, parentId: string): void {
  if (!tree.find(parentId)) throw UserFault.of('NOT_FOUND', 'There is no such category.', ['parentId']);
  if (tree.withDescendants(categoryId).includes(parentId)) {
    throw UserFault.of('CONFLICT', 'A category cannot be below itself.', ['parentId']);
  }
}
