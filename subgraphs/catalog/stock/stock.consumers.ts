/** What the catalog does when it hears of orders. */
import { Fault } from '../../../platform/errors';
import { defineConsumer } from '../../../platform/outbox';
import { orderConfirmed } from '../../orders/messages';
import type { Services } from '../../../platform/subgraph';
import { lockLevels, moveStock } from './ledger';
import { findReservation, linesOf, setState } from './reservation';

/** A confirmed order's units leave the stock: they are sold. Cancelled in the meantime: they went back already. */
export const sellConfirmed = defineConsumer<typeof orderConfirmed, Services>({
  queue: 'catalog.sell-confirmed',
  events: [orderConfirmed],
  apply: async (tx, { payload: { orderId } }) => {
    const reservation = await findReservation(tx, orderId);
    if (reservation?.state === 'SOLD' || reservation?.state === 'RELEASED') return;
    // No units held for a confirmed order: somebody must look, so it ends among the dead letters.
    if (!reservation || reservation.state === 'EMPTY') throw new Fault('CONFLICT', 'A confirmed order holds no stock.');
    const lines = await linesOf(tx, [orderId]);
    const levels = await lockLevels(tx, lines.map(({ variantId }) => variantId)); // prettier-ignore
    await moveStock(tx, 'sell', lines, levels, { actor: 'service:orders' });
    await setState(tx, [orderId], 'SOLD');
  },
});
