/** The registry: the five subgraphs, and which queues their consumers read. */
import type { QueueBinding } from '../platform/bus/bus';
import type { SubgraphName } from '../platform/config';
import type { Subgraph } from '../platform/subgraph';
import { accounts } from './accounts';
import { cart } from './cart';
import { catalog } from './catalog';
import { orders } from './orders';
import { payments } from './payments';

/** All subgraphs by name. */
export const SUBGRAPH_DEFINITIONS: Readonly<Record<SubgraphName, Subgraph>> = {
  accounts,
  catalog,
  cart,
  orders,
  payments,
};

/** Every queue and the events it takes. Every process declares them all, so that nothing published before a consumer starts is lost. */
export function consumerBindings(): QueueBinding[] {
  return Object.values(SUBGRAPH_DEFINITIONS).flatMap((subgraph) => subgraph.queues);
}
