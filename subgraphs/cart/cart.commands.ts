/** What the cart does for others. Each command is idempotent by itself: claims are rows by order, merges by cart. */
import { handle } from '../../platform/commands/command';
import type { Services } from '../../platform/subgraph';
import { releaseCartFor, spendCartFor } from './end-claim';
import { mergeGuestCartFor } from './merge-cart';
import { mergeGuestCart, quoteCart, releaseCart, spendCart } from './messages';
import { quoteCartFor } from './quote-cart';

/** Handlers of messages.ts. */
export const cartCommands = [
  handle(quoteCart, (services: Services, input, meta) => quoteCartFor(services, input, meta)),
  handle(releaseCart, async (services: Services, { orderId }) => {
    await releaseCartFor(services, orderId);
    return {};
  }),
  handle(spendCart, async (services: Services, { orderId }) => {
    await spendCartFor(services, orderId);
    return {};
  }),
  handle(mergeGuestCart, async (services: Services, { userId, cartToken }) => ({
    merged: await mergeGuestCartFor(services, userId, cartToken),
  })),
];
