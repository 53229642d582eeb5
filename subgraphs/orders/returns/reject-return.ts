/** Rejecting a return: its units stay with the buyer, and can be asked for again. */
import { z } from 'zod';
import { requireStaff } from '../../../platform/auth/guard';
import type { Principal } from '../../../platform/auth/principal';
import { freeText, idOf, validateInput } from '../../../platform/graph/validate';
import { actorOf } from '../order-access';
import { recordChange } from '../record-event';
import type { OrdersServices } from '../services';
import { auditStaff } from '../staff-audit';
import type { RejectReturnInput } from './return.inputs';
import { moveUnits, openReturn } from './return-store';

const schema = z.object({ returnId: idOf('ret'), reason: freeText.nullish() });

/** Gives the return's uuid. Staff only. UserFault NOT_FOUND, or CONFLICT when it is decided already. */
export async function rejectReturn(
  services: OrdersServices,
  principal: Principal,
  input: RejectReturnInput,
  requestId: string,
): Promise<string> {
  const staff = requireStaff(principal);
  const { returnId, reason } = validateInput(schema, input);
  await services.db.transaction(async (tx) => {
    const { order, lines } = await openReturn(tx, returnId);
    const at = services.clock.now();
    await moveUnits(tx, lines, { requested: -1, returned: 0 });
    await tx.query(
      `UPDATE order_return SET status = 'REJECTED', decided_at = $2, rejection_reason = $3 WHERE id = $1`,
      [returnId, at, reason ? services.sealer.seal(reason) : null],
    );
    const change = { actor: actorOf(staff), at, cause: requestId, reason };
    await recordChange(tx, services.sealer, order, 'RETURN_CHANGED', change);
    await auditStaff(tx, staff, { action: 'rejectReturn', orderId: order.id, at, requestId });
  });
  services.eventLog.wake();
  return returnId;
}
