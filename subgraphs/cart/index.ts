/** The cart: carts of guests and users, what they cost, and the price quote of checkout. */
import { CreateMessaging1700000000000 } from '../../platform/outbox/outbox-migration';
import { defineSubgraph, type Services, type Subgraph } from '../../platform/subgraph';
import { cartCommands } from './cart.commands';
import { cartConsumers } from './cart.consumers';
import { CartLineRow, CartRow, QuoteRow } from './cart.entity';
import { cartJobs } from './cart.jobs';
import { CartMutationsResolver } from './cart-mutations.resolver';
import { CartResolver } from './cart.resolver';
import { CreateCart1700000100000 } from './migrations/1700000100000-create-cart';
import { resolveUser, UserResolver } from './user.resolver';

/** Table of contents. */
export const cart: Subgraph = defineSubgraph<Services>({
  name: 'cart',
  entities: [CartRow, CartLineRow, QuoteRow],
  migrations: [CreateMessaging1700000000000, CreateCart1700000100000],
  resolvers: [CartResolver, CartMutationsResolver, UserResolver],
  references: { User: resolveUser },
  commands: cartCommands,
  consumers: cartConsumers,
  jobs: cartJobs,
  extend: (services) => services,
});
