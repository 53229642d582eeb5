/** What promotions do about the events of others. */
import { defineConsumer } from '../../../platform/outbox';
import type { Services } from '../../../platform/subgraph';
import { orderStatusChanged } from '../../orders/messages';
import { giveBackUses } from './claim-uses';

/**
 * A cancelled order gives its uses back. An order holds them before it exists and is quoted once, so no news of it can come too early;
 * nothing follows CANCELLED, so none can come too late.
 */
export const returnPromotionUses = defineConsumer<typeof orderStatusChanged, Services>({
  queue: 'cart.return-promotion-uses',
  events: [orderStatusChanged],
  apply: async (tx, { payload: { orderId, status } }) => {
    if (status === 'CANCELLED') await giveBackUses(tx, orderId);
  },
});
