/** What the cart does when others tell of something. */
import { asBackground } from '../../platform/db/statement-scope';
import { withLogScope } from '../../platform/log';
import type { QueueConsumer, Services } from '../../platform/subgraph';
import { productChanged } from '../catalog/messages';
import { eraseUserCarts, exportCart } from './personal-data/personal-data.consumers';
import { returnPromotionUses } from './promotions/promotions.consumers';
import { repriceCarts } from './reprice-carts';

/**
 * Keeps carts at the catalog's prices. Without an inbox row: it would make one transaction of thousands of carts, and the same event
 * again finds every line at a newer price version.
 */
const repriceOnChange: QueueConsumer<Services> = {
  queue: 'cart.product-changed',
  events: [productChanged.name],
  handler: (services) => (envelope) =>
    asBackground(() =>
      withLogScope({ requestId: envelope.cause }, async () => {
        const { payload } = productChanged.decode(envelope);
        const principal = { kind: 'service', name: services.subgraph } as const;
        await repriceCarts(services, payload.variantIds, { principal, requestId: envelope.cause });
        return 'done';
      }),
    ),
};

/** Queues of the cart. */
export const cartConsumers = [repriceOnChange, returnPromotionUses, exportCart, eraseUserCarts];
