import type { EntityManager } from 'typeorm';
import type { z } from 'zod';
import { Fault } from '../../../platform/errors';
import { toId } from '../../../platform/ids';
import type { Services } from '../../../platform/subgraph';
import type { reserveStock as contract } from '../messages';
import { lockLevels, moveStock, type LockedLevel, type StockLine } from './ledger';
import { lockReservation, reservationOutcomes } from './reservation';

type Input = z.output<typeof contract.input>;
type Output = z.output<typeof contract.output>;

/**
 * Reserves all lines or none. The state of the order's reservation makes it idempotent: what stands is answered again, what
 * has expired is made anew. Fault CONFLICT for an order that was released.
 */
export async function reserveStock(services: Services, input: Input): Promise<Output> {
  const { orderId } = input;
  const lines = mergeLines(input);
  const output = await services.db.transaction(async (tx): Promise<Output> => {
    const reservation = await lockReservation(tx, orderId, 'EMPTY');
    if (reservation.state === 'RELEASED') throw new Fault('CONFLICT', 'The order was released.');
    // Its term counts no more: told of it, an order that has not heard of its pinning would reserve for ever.
    if (reservation.state === 'PINNED' || reservation.state === 'SOLD') return { outcome: 'reserved', expiresAt: null };
    if (reservation.state === 'RESERVED') {
      if (!reservation.due && reservation.expiresAt) return { outcome: 'reserved', expiresAt: reservation.expiresAt };
      // Its time is over but nobody has taken the units back yet: they are still the order's.
      return { outcome: 'reserved', expiresAt: await startTerm(tx, services, orderId) };
    }
    const levels = await lockLevels(tx, lines.map(({ variantId }) => variantId)); // prettier-ignore
    const short = lines.filter((line) => availableOf(levels.get(line.variantId)) < line.quantity);
    if (short.length > 0) return { outcome: 'short', lines: short.map((line) => shortLine(line, levels)) };
    await moveStock(tx, 'reserve', lines, levels, { actor: 'service:orders' });
    return { outcome: 'reserved', expiresAt: await startTerm(tx, services, orderId, lines) };
  });
  reservationOutcomes.inc({ outcome: output.outcome });
  return output;
}

/** Lets the reservation stand for the configured time from now, with the lines if they are given; gives the end. */
async function startTerm(
  tx: EntityManager,
  services: Services,
  orderId: string,
  lines?: readonly StockLine[],
): Promise<Date> {
  const [row] = await tx.query<{ expires_at: Date }[]>(
    `WITH line AS (
       SELECT variant_id, quantity FROM unnest($3::uuid[], $4::integer[]) AS line (variant_id, quantity)
     ), old AS (
       DELETE FROM reservation_line WHERE order_id = $1 AND $3 IS NOT NULL AND variant_id <> ALL($3)
     ), written AS (
       INSERT INTO reservation_line (order_id, variant_id, quantity) SELECT $1, variant_id, quantity FROM line
       ON CONFLICT (order_id, variant_id) DO UPDATE SET quantity = excluded.quantity
     ), reserved AS (
       UPDATE reservation SET state = 'RESERVED', expires_at = clock_timestamp() + make_interval(mins => $2)
       WHERE order_id = $1 RETURNING expires_at
     ) SELECT expires_at FROM reserved`,
    [
      orderId,
      services.config.reservationMinutes,
      lines?.map(({ variantId }) => variantId),
      lines?.map(({ quantity }) => quantity),
    ],
  );
  if (!row) throw new Error('a reservation row vanished');
  return row.expires_at;
}

/** One line for each variant. */
function mergeLines({ orderId, lines }: Input): (StockLine & { orderId: string })[] {
  const quantities = new Map<string, number>();
  for (const { variantId, quantity } of lines) quantities.set(variantId, (quantities.get(variantId) ?? 0) + quantity);
  return [...quantities].map(([variantId, quantity]) => ({ orderId, variantId, quantity }));
}

/** What can be ordered of a level now; nothing of what is archived or unknown. */
function availableOf(level: LockedLevel | undefined): number {
  return level && !level.archived ? level.onHand - level.reserved : 0;
}

function shortLine({ variantId }: StockLine, levels: ReadonlyMap<string, LockedLevel>) {
  const level = levels.get(variantId);
  return { variantId, sku: level?.sku ?? toId('var', variantId), available: availableOf(level) };
}
