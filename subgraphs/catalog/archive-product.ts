import { z } from 'zod';
import { recordAudit } from '../../platform/audit';
import { requireAdmin } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { UserFault } from '../../platform/errors';
import { idOf, validateInput } from '../../platform/graph/validate';
import { toId } from '../../platform/ids';
import type { Services } from '../../platform/subgraph';
import { ProductEntity } from './product.entity';
import { settleProduct } from './settle-product';

const archiveInput = z.object({ productId: idOf('prod') });

/**
 * Takes a product out of the shop for good: in no list, not to be bought. It is never deleted, for orders refer to it. Archiving
 * what is archived changes nothing. Gives its uuid. Admins only.
 */
export async function archiveProduct(
  services: Services,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<string> {
  const admin = requireAdmin(principal);
  const { productId } = validateInput(archiveInput, input);
  return services.db.transaction(async (tx) => {
    const [row] = await tx.query<{ archived: boolean }[]>(
      'SELECT archived_at IS NOT NULL AS archived FROM product WHERE id = $1 FOR NO KEY UPDATE',
      [productId],
    );
    if (!row) throw UserFault.of('NOT_FOUND', 'There is no such product.', ['productId']);
    if (row.archived) return productId;
    await tx.update(ProductEntity, { id: productId }, { archivedAt: services.clock.now() });
    await settleProduct(tx, services, productId, requestId);
    const target = toId('prod', productId);
    await recordAudit(tx, services, {
      actor: admin,
      action: 'archiveProduct',
      targetUuid: productId,
      target,
      requestId,
    });
    return productId;
  });
}
