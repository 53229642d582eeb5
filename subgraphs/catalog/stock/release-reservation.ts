import type { z } from 'zod';
import type { Services } from '../../../platform/subgraph';
import type { releaseReservation as contract } from '../messages';
import { lockLevels, moveStock } from './ledger';
import { linesOf, lockReservation, setState } from './reservation';

/**
 * Gives back what an order holds, or has sold before it was cancelled, and remembers that the order is dead: also one that has
 * not reserved yet, so that a reserve that arrives late finds it so.
 */
export async function releaseReservation(
  services: Services,
  { orderId }: z.output<typeof contract.input>,
): Promise<z.output<typeof contract.output>> {
  return services.db.transaction(async (tx) => {
    const { state } = await lockReservation(tx, orderId, 'RELEASED');
    if (state === 'RELEASED') return {};
    if (state !== 'EMPTY') {
      const lines = await linesOf(tx, [orderId]);
      const levels = await lockLevels(tx, lines.map(({ variantId }) => variantId)); // prettier-ignore
      await moveStock(tx, state === 'SOLD' ? 'restock' : 'release', lines, levels, { actor: 'service:orders' });
    }
    await setState(tx, [orderId], 'RELEASED');
    return {};
  });
}
