/** Asking for a return. Nothing is given back yet: the shop decides when it has looked at the units, or has not. */
import { z } from 'zod';
import type { EntityManager } from 'typeorm';
import { requireScope } from '../../../platform/auth/guard';
import { isStaff, type Principal } from '../../../platform/auth/principal';
import { idempotently } from '../../../platform/db/idempotency';
import { UserFault } from '../../../platform/errors';
import { freeText, idempotencyKeyText, idOf, tokenText, validateInput } from '../../../platform/graph/validate';
import { newUuid } from '../../../platform/ids';
import { checkUnits, unitsInput, type LineQuantity } from '../line-units';
import { accessOf, actorOf, maySee, ownerOfKey } from '../order-access';
import { mayBecome } from '../order-status.rules';
import { lockOrder, type OrderRow } from '../read-orders';
import { recordChange, refuseTransition } from '../record-event';
import { conflict, noSuchOrder } from '../refusals';
import type { OrdersServices } from '../services';
import { auditStaff } from '../staff-audit';
import type { RequestReturnInput } from './return.inputs';
import { insertReturn } from './return-store';
import { MAX_RETURNS, RETURN_DAYS, returnableUnits, returnableUntil } from './returns.rules';

const schema = z.object({
  orderId: idOf('ord'),
  token: tokenText.nullish(),
  lines: unitsInput,
  reason: freeText.nullish(),
  idempotencyKey: idempotencyKeyText,
});

/**
 * Gives the return's uuid. For whoever sees the order; Fault FORBIDDEN for an API client that may not write. UserFault NOT_FOUND, VALIDATION_ERROR for more than can be returned,
 * CONFLICT unless the order is SHIPPED or DELIVERED, and for its buyer when it is too late.
 */
export async function requestReturn(
  services: OrdersServices,
  principal: Principal,
  input: RequestReturnInput,
  requestId: string,
): Promise<string> {
  requireScope(principal, 'orders:write');
  const { token, idempotencyKey, ...asked } = validateInput(schema, input);
  const access = accessOf(principal, token);
  const key = { actor: ownerOfKey(access), mutation: 'requestReturn', key: idempotencyKey, input: asked };
  const returnId = await idempotently(services.db, key, async (tx) => {
    const order = await lockOrder(tx, asked.orderId);
    if (!order || !maySee(order, access)) throw noSuchOrder();
    const at = services.clock.now();
    await assertReturnable(tx, order, principal, at);
    const units = await unitsOf(tx, order.id, asked.lines);
    const id = newUuid();
    const sealedReason = asked.reason ? services.sealer.seal(asked.reason) : null;
    await insertReturn(tx, { id, orderId: order.id, sealedReason, at, units });
    const change = { actor: actorOf(principal), at, cause: requestId, reason: asked.reason };
    await recordChange(tx, services.sealer, order, 'RETURN_CHANGED', change);
    if (isStaff(principal))
      await auditStaff(tx, principal, { action: 'requestReturn', orderId: order.id, at, requestId });
    return id;
  });
  services.eventLog.wake();
  return returnId;
}

async function assertReturnable(tx: EntityManager, order: OrderRow, principal: Principal, now: Date): Promise<void> {
  if (!mayBecome(order.status, 'RETURNED')) throw refuseTransition(order.status, 'RETURNED');
  const parcels = await tx.query<{ shippedAt: Date; deliveredAt: Date | null }[]>(
    'SELECT shipped_at AS "shippedAt", delivered_at AS "deliveredAt" FROM shipment WHERE order_id = $1',
    [order.id],
  );
  if (!isStaff(principal) && !returnableUntil({ status: order.status, parcels }, now)) {
    throw conflict(`An order can be returned within ${RETURN_DAYS} days of its arrival.`, ['orderId']);
  }
  const [made] = await tx.query<{ count: number }[]>(
    'SELECT count(*)::integer AS count FROM order_return WHERE order_id = $1',
    [order.id],
  );
  if ((made?.count ?? 0) < MAX_RETURNS) return;
  throw UserFault.of('CONFLICT', `An order can have at most ${MAX_RETURNS} returns.`, ['orderId'], {
    ...{ maximum: MAX_RETURNS, retryable: false },
  });
}

/** The units asked for, or all that there are. */
async function unitsOf(tx: EntityManager, orderId: string, asked: LineQuantity[] | null): Promise<LineQuantity[]> {
  const lines = returnableUnits(
    await tx.query(
      `SELECT id, shipped_quantity AS "shippedQuantity", requested_quantity AS "requestedQuantity",
              returned_quantity AS "returnedQuantity"
       FROM order_line WHERE order_id = $1 ORDER BY position`,
      [orderId],
    ),
  );
  const atMost = new Map(lines.map(({ lineId, quantity }) => [lineId, quantity]));
  const units = asked ?? lines.filter(({ quantity }) => quantity > 0);
  if (units.length === 0) throw conflict('Nothing of this order is left to return.', ['orderId']);
  checkUnits(units, atMost, 'More than can still be returned.');
  return units;
}
