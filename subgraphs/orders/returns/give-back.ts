/**
 * What an accepted return owes: money to its buyer, units to the stock. Both are asked for by commands that are idempotent by the
 * return's id, so two workers at once do no harm, and an answer that was lost is asked for again.
 */
import type { z } from 'zod';
import type { Command } from '../../../platform/commands/command';
import { restockReturn } from '../../catalog/messages';
import { refundReturn } from '../../payments/messages';
import { SYSTEM } from '../order-access';
import { lockOrder } from '../read-orders';
import { recordChange } from '../record-event';
import type { OrdersServices } from '../services';

/** How long the first attempt keeps others away, in seconds: longer than its commands may take. Then twice as long each time. */
export const FIRST_DELAY_SECONDS = 10;
const LONGEST_DELAY_SECONDS = 60;
/** Returns taken up at once. */
const BATCH = 20;
/** How long a command of the job may take, in milliseconds. */
const COMMAND_MS = 3_000;

/** An accepted return that owes something. */
interface Owing {
  id: string;
  orderId: string;
  requestId: string;
  /** Minor units that are still to be given back; null: none. */
  amount: string | null;
  /** Whether its units are still to go back to the stock. */
  restock: boolean;
  lines: { variantId: string; quantity: number }[];
}

/** Takes up what is due, until nothing is. A job; several processes share the work. Nothing is ever given up. */
export async function sweepReturns(services: OrdersServices): Promise<void> {
  for (;;) {
    const [due] = await services.db.manager.query<[{ id: string }[], number]>(
      `UPDATE order_return SET attempts = attempts + 1,
         due_at = now() + make_interval(secs => least($2, $3 * power(2, 1 + least(attempts, 10))))
       WHERE id IN (SELECT id FROM order_return WHERE owes AND due_at <= now()
                    ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      [BATCH, LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS],
    );
    await giveBack(
      services,
      due.map(({ id }) => id),
      COMMAND_MS,
    );
    if (due.length < BATCH) return;
  }
}

/** Tries to give back what the returns owe. Whoever gives no answer is asked again later. */
export async function giveBack(services: OrdersServices, returnIds: string[], withinMs: number): Promise<void> {
  const owing = await services.db.rows<Owing>(
    `SELECT r.id, r.order_id AS "orderId", r.request_id AS "requestId",
            CASE WHEN r.refund_status = 'PENDING' THEN r.refund_amount END AS amount,
            r.restock AND r.restocked_at IS NULL AS restock,
            (SELECT json_agg(json_build_object('variantId', l.variant_id, 'quantity', u.quantity) ORDER BY l.position)
             FROM return_line u JOIN order_line l ON l.id = u.line_id WHERE u.return_id = r.id) AS lines
     FROM order_return r WHERE r.id = ANY($1::uuid[]) AND r.owes`,
    [returnIds],
  );
  const work = owing.flatMap((each) => [refund(services, each, withinMs), restock(services, each, withinMs)]);
  for (const result of await Promise.allSettled(work)) {
    if (result.status === 'rejected')
      services.log.warn({ err: result.reason as unknown }, 'a return is given back later');
  }
}

async function refund(services: OrdersServices, owing: Owing, withinMs: number): Promise<void> {
  const { id: returnId, orderId, amount, requestId } = owing;
  if (amount === null) return;
  const answer = await send(services, refundReturn, { orderId, returnId, amount: BigInt(amount) }, requestId, withinMs);
  if (answer.outcome === 'pending') return;
  const status = answer.outcome === 'refunded' ? 'SUCCEEDED' : 'FAILED';
  await services.db.transaction(async (tx) => {
    const order = await lockOrder(tx, orderId);
    const [changed] = await tx.query<[unknown[], number]>(
      `UPDATE order_return SET refund_status = $2 WHERE id = $1 AND refund_status = 'PENDING' RETURNING 1`,
      [returnId, status],
    );
    if (!order || changed.length === 0 || status === 'SUCCEEDED') return;
    const change = { actor: SYSTEM, at: services.clock.now(), cause: requestId, reason: 'The refund failed.' };
    await recordChange(tx, services.sealer, order, 'RETURN_CHANGED', change);
  });
  services.eventLog.wake();
}

async function restock(services: OrdersServices, owing: Owing, withinMs: number): Promise<void> {
  const { id: returnId, orderId, lines, requestId } = owing;
  if (!owing.restock) return;
  const answer = await send(services, restockReturn, { orderId, returnId, lines }, requestId, withinMs);
  if (answer.outcome === 'pending') return;
  await services.db.rows('UPDATE order_return SET restocked_at = $2 WHERE id = $1 AND restocked_at IS NULL', [
    returnId,
    services.clock.now(),
  ]);
}

function send<Input extends z.ZodType, Output extends z.ZodType>(
  { commands }: OrdersServices,
  command: Command<Input, Output>,
  input: z.output<Input>,
  requestId: string,
  deadlineMs: number,
): Promise<z.output<Output>> {
  return commands.send(command, input, { principal: { kind: 'service', name: 'orders' }, requestId, deadlineMs });
}
