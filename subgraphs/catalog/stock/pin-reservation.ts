import type { z } from 'zod';
import type { Services } from '../../../platform/subgraph';
import type { pinReservation as contract } from '../messages';
import type { ReservationState } from './reservation';

/**
 * Pins a reservation that stands, so that it no longer expires. `expired` when its time is over, also if the units have not been
 * taken back yet: whether an order has to reserve again must not depend on when the sweeper ran.
 */
export async function pinReservation(
  { db }: Services,
  { orderId }: z.output<typeof contract.input>,
): Promise<z.output<typeof contract.output>> {
  // Conditional, so it settles the race with the sweeper by itself: whoever gets the row second sees what the first one did.
  const [pinned] = await db.rows<object[]>(
    `UPDATE reservation SET state = 'PINNED'
     WHERE order_id = $1 AND state = 'RESERVED' AND expires_at > clock_timestamp() RETURNING 1`,
    [orderId],
  );
  if (pinned && pinned.length > 0) return { outcome: 'pinned' };
  const [reservation] = await db.rows<{ state: ReservationState }>(
    'SELECT state FROM reservation WHERE order_id = $1',
    [orderId],
  );
  // Pinned by an earlier sending of the same command, as the order may be sold by now.
  return { outcome: reservation?.state === 'PINNED' || reservation?.state === 'SOLD' ? 'pinned' : 'expired' };
}
