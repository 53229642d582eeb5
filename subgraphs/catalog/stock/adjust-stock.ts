import { z } from 'zod';
import { recordAudit } from '../../../platform/audit';
import { requireAdmin } from '../../../platform/auth/guard';
import type { Principal } from '../../../platform/auth/principal';
import { idempotently } from '../../../platform/db/idempotency';
import { UserFault } from '../../../platform/errors';
import { freeText, idempotencyKeyText, idOf, validateInput, wholeNumber } from '../../../platform/graph/validate';
import { toId } from '../../../platform/ids';
import type { Services } from '../../../platform/subgraph';
import { lockLevels, moveStock, type LockedLevel } from './ledger';

/** Units of a variant on hand at most; the column has the same bound. */
const MAX_ON_HAND = 1_000_000_000;

const adjustInput = z.object({
  variantId: idOf('var'),
  delta: wholeNumber(-1_000_000, 1_000_000).refine((delta) => delta !== 0, 'Must not be 0.'),
  reason: freeText.refine((reason) => reason.trim() !== '', 'Must not be blank.'),
  idempotencyKey: idempotencyKeyText,
});

/** Adds to or takes from the units on hand, never below what is reserved; gives the variant's uuid. Admins only. */
export async function adjustStock(
  services: Services,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<string> {
  const admin = requireAdmin(principal);
  const { idempotencyKey, ...asked } = validateInput(adjustInput, input);
  const { variantId, delta, reason } = asked;
  const actor = `user:${admin.id}`;
  const key = { actor, mutation: 'adjustStock', key: idempotencyKey, input: asked };
  return idempotently(services.db, key, async (tx) => {
    const levels = await lockLevels(tx, [variantId]);
    refuseImpossible(levels.get(variantId), delta);
    await moveStock(tx, 'adjust', [{ variantId, quantity: delta }], levels, { actor, reason });
    const target = toId('var', variantId);
    await recordAudit(tx, services, { actor: admin, action: 'adjustStock', targetUuid: variantId, target, requestId });
    return variantId;
  });
}

function refuseImpossible(level: LockedLevel | undefined, delta: number): void {
  if (!level) throw UserFault.of('NOT_FOUND', 'There is no such variant.', ['variantId']);
  const available = level.onHand - level.reserved;
  if (available + delta < 0) {
    const message = 'There are not as many units that nobody has reserved.';
    throw new UserFault([
      { code: 'INSUFFICIENT_INVENTORY', message, field: ['delta'], sku: level.sku, available, details: { available } },
    ]);
  }
  if (level.onHand + delta > MAX_ON_HAND) {
    throw UserFault.of('CONFLICT', 'That is more than a stock level can hold.', ['delta'], { maximum: MAX_ON_HAND });
  }
}
