import type { EntityManager } from 'typeorm';
import type { Job, Services } from '../../../platform/subgraph';
import { lockLevels, moveStock } from './ledger';
import { linesOf, reservationOutcomes, setState } from './reservation';

/** Reservations of one transaction. */
const BATCH = 100;

/** Gives back the units of reservations whose time is over by the database's clock; gives their number. */
export async function expireReservations({ db }: Services): Promise<number> {
  for (let total = 0; ;) {
    const expired = await db.transaction(expireBatch);
    total += expired;
    reservationOutcomes.inc({ outcome: 'expired' }, expired);
    if (expired < BATCH) return total;
  }
}

/** Every few seconds; several processes share the work. */
export const expiryJob: Job<Services> = {
  name: 'catalog.expire-reservations',
  everyMs: 5_000,
  run: async (services) => {
    const expired = await expireReservations(services);
    if (expired > 0) services.log.info({ expired }, 'reservations expired');
  },
};

async function expireBatch(tx: EntityManager): Promise<number> {
  // SKIP LOCKED: one that is being pinned or released at this moment is not ours.
  const due = await tx.query<{ order_id: string }[]>(
    `SELECT order_id FROM reservation WHERE state = 'RESERVED' AND expires_at <= clock_timestamp()
     ORDER BY expires_at LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`,
  );
  if (due.length === 0) return 0;
  const orderIds = due.map(({ order_id }) => order_id);
  const lines = await linesOf(tx, orderIds);
  const levels = await lockLevels(tx, lines.map(({ variantId }) => variantId)); // prettier-ignore
  await moveStock(tx, 'expire', lines, levels, { actor: 'system' });
  await setState(tx, orderIds, 'EMPTY');
  return due.length;
}
