import { z } from 'zod';
import { recordAudit } from '../../platform/audit';
import { requireUser } from '../../platform/auth/guard';
import { UserFault } from '../../platform/errors';
import { idOf, validateInput } from '../../platform/graph/validate';
import { toId } from '../../platform/ids';
import type { GraphContext } from '../../platform/subgraph';
import { forgetCard } from './forget-cards';
import { METHOD_COLUMNS, type PaymentMethodRow } from './payment-method.rows';
import type { PaymentServices } from './payment.services';

const inputSchema = z.object({ id: idOf('pm') });

/**
 * Deletes one of the caller's saved cards and gives it as it was: from now on nothing can be paid with it. The provider forgets
 * it now, or, if it is down, later. UserFault NOT_FOUND when it is not the caller's; Fault UNAUTHENTICATED for nobody.
 */
export async function deletePaymentMethod(
  { services, principal, requestId }: GraphContext<PaymentServices>,
  rawInput: unknown,
): Promise<PaymentMethodRow> {
  const user = requireUser(principal);
  const { id } = validateInput(inputSchema, rawInput);
  const deleted = await services.db.transaction(async (tx) => {
    const now = services.clock.now();
    const [[method]]: [PaymentMethodRow[], number] = await tx.query(
      `UPDATE payment_method SET deleted_at = $3 WHERE id = $1 AND owner_kind = 'user' AND owner_id = $2 AND deleted_at IS NULL
       RETURNING ${METHOD_COLUMNS}`,
      [id, user.id, now],
    );
    if (!method) throw UserFault.of('NOT_FOUND', 'There is no such payment method.', ['id']);
    const target = toId('pm', id);
    await recordAudit(tx, services, { actor: user, action: 'deletePaymentMethod', targetUuid: id, target, requestId });
    return method;
  });
  await forgetCard(services, id);
  return deleted;
}
