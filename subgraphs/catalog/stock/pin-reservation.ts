import type { z } from 'zod';
import type { Services } from '../../../platform/subgraph';
import type { pinReservation as contract } from '../messages';
import { findReservation, setState } from './reservation';

/**
 * Pins a reservation that stands, so that it no longer expires. `expired` when its time is over, also if the units have not been
 * taken back yet: whether an order has to reserve again must not depend on when the sweeper ran.
 */
export async function pinReservation(
  services: Services,
  { orderId }: z.output<typeof contract.input>,
): Promise<z.output<typeof contract.output>> {
  return services.db.transaction(async (tx) => {
    // The lock settles the race with the sweeper: whoever gets it second sees what the first one did.
    const reservation = await findReservation(tx, orderId);
    if (reservation?.state === 'PINNED' || reservation?.state === 'SOLD') return { outcome: 'pinned' };
    if (reservation?.state !== 'RESERVED' || reservation.due) return { outcome: 'expired' };
    await setState(tx, [orderId], 'PINNED');
    return { outcome: 'pinned' };
  });
}
