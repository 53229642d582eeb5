import { recordAudit } from '../../../platform/audit';
import { requireAdmin } from '../../../platform/auth/guard';
import type { CommandMeta } from '../../../platform/commands/command';
import { UserFault } from '../../../platform/errors';
import { idOf, validateInput } from '../../../platform/graph/validate';
import { toId } from '../../../platform/ids';
import type { Services } from '../../../platform/subgraph';
import { PromotionRow, type PromotionValues } from './promotion.entity';
import { refuseBadTerms, termsInput, withTerms } from './promotion-terms';

const updateInput = (currency: string) => termsInput(currency).extend({ promotionId: idOf('promo') });

/**
 * Changes what is given of a promotion. Carts notice when they are next changed or ordered. Throws UserFault VALIDATION_ERROR,
 * NOT_FOUND; Faults unless the caller is an admin.
 */
export async function updatePromotion(services: Services, meta: CommandMeta, input: unknown): Promise<PromotionValues> {
  const actor = requireAdmin(meta.principal);
  const { promotionId: id, ...terms } = validateInput(updateInput(services.config.currency), input);
  return services.db.transaction(async (tx) => {
    // Locked: no use is claimed meanwhile, so a new limit is compared with what is used.
    const row = await tx.findOne(PromotionRow, { where: { id }, lock: { mode: 'pessimistic_write' } });
    if (!row) throw UserFault.of('NOT_FOUND', 'There is no such promotion.', ['promotionId']);
    const changed = withTerms(row, terms);
    refuseBadTerms(changed);
    await tx.update(PromotionRow, { id }, changed);
    const record = { actor, targetUuid: id, target: toId('promo', id), requestId: meta.requestId };
    await recordAudit(tx, services, { ...record, action: 'updatePromotion' });
    return changed;
  });
}
