/** Accepting a return: the units are the shop's again. Money and stock follow, by commands that go on until they are answered. */
import { z } from 'zod';
import type { EntityManager } from 'typeorm';
import { requireStaff } from '../../../platform/auth/guard';
import type { Principal, UserPrincipal } from '../../../platform/auth/principal';
import { idempotently } from '../../../platform/db/idempotency';
import { UserFault } from '../../../platform/errors';
import { idempotencyKeyText, idOf, moneyIn, validateInput } from '../../../platform/graph/validate';
import { formatMinor } from '../../../platform/money';
import { actorOf } from '../order-access';
import { recordChange, transition } from '../record-event';
import type { OrdersServices } from '../services';
import { auditStaff } from '../staff-audit';
import { FIRST_DELAY_SECONDS, giveBack } from './give-back';
import type { AcceptReturnInput } from './return.inputs';
import { moveUnits, openReturn, type OpenReturn } from './return-store';
import { costOf } from './returns.rules';

/** How long the caller waits until money and stock are back, in milliseconds; the rest is done after the answer. */
const GIVE_BACK_MS = 1_000;

const schemaIn = (currency: string) =>
  z.object({
    returnId: idOf('ret'),
    restock: z.boolean(),
    amount: moneyIn(currency).nullish(),
    idempotencyKey: idempotencyKeyText,
  });

/**
 * Gives the return's uuid. Staff only. UserFault NOT_FOUND, CONFLICT when it is decided already, VALIDATION_ERROR for more money
 * than is left of the order's total.
 */
export async function acceptReturn(
  services: OrdersServices,
  principal: Principal,
  input: AcceptReturnInput,
  requestId: string,
): Promise<string> {
  const staff = requireStaff(principal);
  const { idempotencyKey, ...decision } = validateInput(schemaIn(services.config.currency), input);
  const key = { actor: `user:${staff.id}`, mutation: 'acceptReturn', key: idempotencyKey, input: decision };
  const returnId = await idempotently(services.db, key, async (tx) => {
    await accept(tx, services, { staff, requestId, ...decision });
    return decision.returnId;
  });
  services.eventLog.wake();
  await giveBack(services, [returnId], GIVE_BACK_MS);
  return returnId;
}

interface Decision {
  staff: UserPrincipal;
  requestId: string;
  returnId: string;
  restock: boolean;
  /** Minor units; absent: what the units have cost. */
  amount?: bigint | null;
}

async function accept(tx: EntityManager, services: OrdersServices, decision: Decision): Promise<void> {
  const { staff, requestId, returnId, restock } = decision;
  const open = await openReturn(tx, returnId);
  const { order, lines } = open;
  const amount = await amountOf(tx, open, decision.amount);
  const at = services.clock.now();
  await moveUnits(tx, lines, { requested: -1, returned: 1 });
  await tx.query(
    `UPDATE order_return SET status = 'ACCEPTED', decided_at = $2, request_id = $3, restock = $4, refund_amount = $5,
       refund_status = CASE WHEN $5::bigint IS NOT NULL THEN 'PENDING' END, due_at = now() + make_interval(secs => $6)
     WHERE id = $1`,
    [returnId, at, requestId, restock, amount === 0n ? null : amount, FIRST_DELAY_SECONDS],
  );
  const change = { actor: actorOf(staff), at, cause: requestId };
  if (await isAllReturned(tx, order.id)) await transition(tx, services.sealer, order, 'RETURNED', change);
  else await recordChange(tx, services.sealer, order, 'RETURN_CHANGED', change);
  await auditStaff(tx, staff, { action: 'acceptReturn', orderId: order.id, at, requestId });
}

/** What is given back: never more than is left of the total, as far as orders knows; payments has the last word. */
async function amountOf(tx: EntityManager, { order, lines }: OpenReturn, asked?: bigint | null): Promise<bigint> {
  const [given] = await tx.query<{ sum: string }[]>(
    `SELECT coalesce(sum(refund_amount), 0) AS sum FROM order_return WHERE order_id = $1 AND refund_status <> 'FAILED'`,
    [order.id],
  );
  const left = order.total - BigInt(given?.sum ?? 0);
  const cost = costOf(lines, order.taxIncluded);
  if (asked == null) return cost < left ? cost : left;
  if (asked <= left) return asked;
  const maximum = formatMinor(left, order.currencyCode);
  throw UserFault.of('VALIDATION_ERROR', `Must be at most ${maximum}.`, ['amount', 'amount'], { maximum });
}

async function isAllReturned(tx: EntityManager, orderId: string): Promise<boolean> {
  const [row] = await tx.query<{ all: boolean }[]>(
    'SELECT bool_and(returned_quantity = quantity) AS all FROM order_line WHERE order_id = $1',
    [orderId],
  );
  return row?.all === true;
}
