/** Cancelling an order before anything has shipped. The status decides; what the order holds is given back after it. */
import { z } from 'zod';
import { isStaff, type Principal } from '../../platform/auth/principal';
import { idempotently } from '../../platform/db/idempotency';
import { Fault } from '../../platform/errors';
import { freeText, idempotencyKeyText, idOf, tokenText, validateInput } from '../../platform/graph/validate';
import { CANCELLABLE_HOURS, cancellableUntil, mayBeCancelled } from './cancellation.rules';
import { recall } from './checkout/checkout-store';
import type { Checkout } from './checkout/checkout.entity';
import { letGo, runCheckout } from './checkout/run-checkout';
import { unattended } from './checkout/sweep-checkouts';
import { accessOf, actorOf, maySee, ownerOfKey } from './order-access';
import type { CancelOrderInput } from './order.inputs';
import { lockOrder, type OrderRow } from './read-orders';
import { refuseTransition, transition } from './record-event';
import { conflict, noSuchOrder } from './refusals';
import type { OrdersServices } from './services';
import { auditStaff } from './staff-audit';

/** How long the caller waits until money and stock are given back, in milliseconds; the rest is done after the answer. */
const UNDO_MS = 1_000;

const schema = z.object({
  orderId: idOf('ord'),
  token: tokenText.nullish(),
  reason: freeText.nullish(),
  idempotencyKey: idempotencyKeyText,
});

/** Gives the order's uuid. UserFault NOT_FOUND, or CONFLICT when it is too late. */
export async function cancelOrder(
  services: OrdersServices,
  principal: Principal,
  input: CancelOrderInput,
  requestId: string,
): Promise<string> {
  const { token, idempotencyKey, ...rest } = validateInput(schema, input);
  const access = accessOf(principal, token);
  const key = { actor: ownerOfKey(access), mutation: 'cancelOrder', key: idempotencyKey, input: rest };
  const after: { recalled: Checkout | null } = { recalled: null };
  const orderId = await idempotently(services.db, key, async (tx) => {
    const order = await lockOrder(tx, rest.orderId);
    if (!order || !maySee(order, access)) throw noSuchOrder();
    const at = services.clock.now();
    assertCancellable(order, principal, at);
    const change = { actor: actorOf(principal), at, cause: requestId, reason: rest.reason };
    await transition(tx, services.sealer, order, 'CANCELLED', change);
    after.recalled = await recall(tx, order.id);
    if (isStaff(principal))
      await auditStaff(tx, principal, { action: 'cancelOrder', orderId: order.id, at, requestId });
    return order.id;
  });
  services.eventLog.wake();
  if (after.recalled) await giveBack(services, after.recalled);
  return orderId;
}

function assertCancellable(order: OrderRow, principal: Principal, now: Date): void {
  // A partner sees its clients' orders but does not cancel them.
  if (principal.kind === 'client' || (principal.kind === 'user' && principal.role === 'PARTNER'))
    throw new Fault('FORBIDDEN');
  if (order.shipped) throw conflict('A part of the order has been shipped.', ['orderId']);
  if (!mayBeCancelled(order)) throw refuseTransition(order.status, 'CANCELLED');
  if (order.capturing) throw conflict('The order is being shipped. Try again in a moment.', ['orderId'], true);
  if (!isStaff(principal) && !cancellableUntil(order, now)) {
    throw conflict(`An order can be cancelled within ${CANCELLABLE_HOURS} hours of placing it.`, ['orderId']);
  }
}

/** The order is CANCELLED whatever happens here: what fails now is done by the sweeper. */
async function giveBack(services: OrdersServices, checkout: Checkout): Promise<void> {
  const run = unattended(services, checkout, UNDO_MS);
  try {
    await runCheckout(run);
    await letGo(run);
  } catch (error) {
    services.log.warn({ err: error, orderId: checkout.orderId }, 'a cancelled order is given back later');
  }
}
