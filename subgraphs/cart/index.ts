/** The cart: carts of guests and users, what they cost, promotions, and the price quote of checkout. */
import { CreateMessaging1700000000000, MESSAGING_ENTITIES } from '../../platform/outbox';
import { defineSubgraph, type Services, type Subgraph } from '../../platform/subgraph';
import { cartCommands } from './cart.commands';
import { cartConsumers } from './cart.consumers';
import { CartLineRow, CartRow, QuoteRow } from './cart.entity';
import { cartJobs } from './cart.jobs';
import { CartMutationsResolver } from './cart-mutations.resolver';
import { CartResolver } from './cart.resolver';
import { CreateCart1700000100000 } from './migrations/1700000100000-create-cart';
import { CreatePromotions1700000200000 } from './migrations/1700000200000-create-promotions';
import { IndexCartOwners1783650000020 } from './migrations/1783650000020-index-cart-owners';
import { SaveLines1783740000000 } from './migrations/1783740000000-save-lines';
import { ForgetSpentAddresses1783800000010 } from './migrations/1783800000010-forget-spent-addresses';
import { CreateErasures1783800000011 } from './migrations/1783800000011-create-erasures';
import { PromotionRow } from './promotions/promotion.entity';
import { PromotionResolver } from './promotions/promotion.resolver';
import { resolveUser, UserResolver } from './user.resolver';

/** Table of contents. */
export const cart: Subgraph = defineSubgraph<Services>({
  name: 'cart',
  entities: [CartRow, CartLineRow, QuoteRow, PromotionRow, ...MESSAGING_ENTITIES],
  migrations: [
    CreateMessaging1700000000000,
    CreateCart1700000100000,
    CreatePromotions1700000200000,
    IndexCartOwners1783650000020,
    SaveLines1783740000000,
    ForgetSpentAddresses1783800000010,
    CreateErasures1783800000011,
  ],
  resolvers: [CartResolver, CartMutationsResolver, PromotionResolver, UserResolver],
  references: { User: resolveUser },
  commands: cartCommands,
  consumers: cartConsumers,
  jobs: cartJobs,
  extend: (services) => services,
});
