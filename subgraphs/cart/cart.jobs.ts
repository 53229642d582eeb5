/** What the cart does by itself. */
import type { Job, Services } from '../../platform/subgraph';
import { pruneCarts } from './prune-carts';

const HOUR_MS = 60 * 60 * 1_000;

/** Jobs of the cart. */
export const cartJobs: Job<Services>[] = [
  {
    name: 'prune-carts',
    everyMs: HOUR_MS,
    run: async (services) => {
      await pruneCarts(services);
    },
  },
];
