/** What the cart does by itself. */
import { eraseLaterJob } from '../../platform/erasures';
import type { Job, Services } from '../../platform/subgraph';
import { eraseCarts } from './personal-data/erase-carts';
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
  eraseLaterJob('cart.erase', eraseCarts),
];
