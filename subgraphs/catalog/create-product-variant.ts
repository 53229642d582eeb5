import type { EntityManager } from 'typeorm';
import { recordAudit } from '../../platform/audit';
import { requireAdmin } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { UserFault } from '../../platform/errors';
import { idOf, validateInput } from '../../platform/graph/validate';
import { toId } from '../../platform/ids';
import type { Services } from '../../platform/subgraph';
import { insertVariants, newVariantIn } from './insert-variants';
import { MAX_VARIANTS } from './product.rules';
import { lockProduct, settleProduct } from './settle-product';
import { refusingDuplicates } from './slugs';

/** Adds a variant to a product, behind those it has; gives its uuid. Admins only. */
export async function createProductVariant(
  services: Services,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<string> {
  const admin = requireAdmin(principal);
  const schema = newVariantIn(services.config.currency).extend({ productId: idOf('prod') });
  const { productId, ...variant } = validateInput(schema, input);
  const work = services.db.transaction(async (tx) => {
    await lockProduct(tx, productId, 'productId');
    const position = await nextPosition(tx, productId);
    const place = { productId, position, actor: `user:${admin.id}` };
    const [id = ''] = await insertVariants(tx, services, [variant], place);
    await settleProduct(tx, services, productId, requestId);
    const target = toId('var', id);
    await recordAudit(tx, services, {
      actor: admin,
      action: 'createProductVariant',
      targetUuid: id,
      target,
      requestId,
    });
    return id;
  });
  return refusingDuplicates(work);
}

async function nextPosition(tx: EntityManager, productId: string): Promise<number> {
  const [row] = await tx.query<{ count: number; next: number }[]>(
    'SELECT count(*)::int AS count, coalesce(max(position) + 1, 0) AS next FROM variant WHERE product_id = $1',
    [productId],
  );
  if (row && row.count < MAX_VARIANTS) return row.next;
  throw UserFault.of('CONFLICT', 'The product has as many variants as it can have.', ['productId'], {
    maximum: MAX_VARIANTS,
  });
}
