/** What recommendations hear of orders. */
import { defineConsumer } from '../../../platform/outbox';
import type { QueueConsumer, Services } from '../../../platform/subgraph';
import { orderConfirmed, orderStatusChanged } from '../../orders/messages';
import { countBasket, uncountBasket } from './count-basket';
import { dropPurchase, keepPurchase } from './purchases';

const counting = defineConsumer<typeof orderConfirmed | typeof orderStatusChanged, Services>({
  queue: 'catalog.recommendation-feed',
  events: [orderConfirmed, orderStatusChanged],
  async apply(tx, { payload }) {
    if ('lines' in payload) {
      const { orderId, ownerKind, ownerId: userId } = payload;
      const productIds = [...new Set(payload.lines.map(({ productId }) => productId))];
      const counted = await countBasket(tx, orderId, productIds);
      // Guests and API clients are nobody to recommend something to.
      if (counted && ownerKind === 'user') await keepPurchase(tx, { orderId, userId, productIds });
    } else if (payload.status === 'CANCELLED') {
      await uncountBasket(tx, payload.orderId);
      await dropPurchase(tx, payload.orderId);
    }
  },
});

/** Counts confirmed orders and takes cancelled ones out. */
export const recommendationFeed: QueueConsumer<Services> = {
  ...counting,
  handler: (services) => {
    const count = counting.handler(services);
    return async (event) => {
      // Most news of an order's status is none to us, and every note in the inbox is a commit.
      const isNews = event.name === orderStatusChanged.name;
      return isNews && orderStatusChanged.decode(event).payload.status !== 'CANCELLED' ? 'done' : count(event);
    };
  },
};
