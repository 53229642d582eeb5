import type { z } from 'zod';
import { toId } from '../../../platform/ids';
import type { Services } from '../../../platform/subgraph';
import type { restockReturn as contract } from '../messages';
import { lockLevels, moveStock } from './ledger';
import { findReservation } from './reservation';

/** Puts returned units back, once for each return. The lock on the order's reservation makes the same return wait for itself. */
export async function restockReturn(
  services: Services,
  { orderId, returnId, lines }: z.output<typeof contract.input>,
): Promise<z.output<typeof contract.output>> {
  return services.db.transaction(async (tx) => {
    // Units that were not sold yet would be counted on hand twice, for as long as the message of their sale takes.
    if ((await findReservation(tx, orderId))?.state !== 'SOLD') return { outcome: 'pending' };
    const fresh: unknown[] = await tx.query(
      'INSERT INTO restocked_return (return_id, order_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1',
      [returnId, orderId],
    );
    if (fresh.length === 0) return { outcome: 'restocked' };
    const levels = await lockLevels(tx, lines.map(({ variantId }) => variantId)); // prettier-ignore
    const by = { actor: 'service:orders', reason: toId('ret', returnId) };
    await moveStock(tx, 'restock', lines.map((line) => ({ ...line, orderId })), levels, by); // prettier-ignore
    return { outcome: 'restocked' };
  });
}
