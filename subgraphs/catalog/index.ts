/** The catalog: products, variants, categories, search, and stock. */
import { handle } from '../../platform/commands/command';
import { fromId } from '../../platform/ids';
import { pruneKeys } from '../../platform/db/idempotency';
import { CreateMessaging1700000000000, MESSAGING_ENTITIES } from '../../platform/outbox';
import { defineSubgraph, type Services, type Subgraph } from '../../platform/subgraph';
import { productById, variantById } from './catalog.loaders';
import { CategoryEntity } from './category.entity';
import { CategoryResolver } from './category.resolver';
import { reindexJob } from './index-products';
import { ManageCatalogResolver } from './manage-catalog.resolver';
import * as messages from './messages';
import { CreateIdempotency1763700000000 } from './migrations/1763700000000-create-idempotency';
import { CreateCatalog1763700000001 } from './migrations/1763700000001-create-catalog';
import { CreateStock1763700000002 } from './migrations/1763700000002-create-stock';
import { CreateRestockedReturn1763700000025 } from './migrations/1763700000025-create-restocked-return';
import { CreateRecommendations1763700002800 } from './migrations/1763700002800-create-recommendations';
import { CreatePurchases1783800000000 } from './migrations/1783800000000-create-purchases';
import { eraseUserPurchases, exportPurchases } from './personal-data/personal-data.consumers';
import { priceVariants } from './price-variants';
import { ProductEntity } from './product.entity';
import { ProductConnectionResolver, ProductResolver } from './product.resolver';
import { AlsoBoughtResolver } from './recommendations/also-bought.resolver';
import { recommendationFeed } from './recommendations/recommendations.consumers';
import { RecommendedProductsResolver } from './recommendations/recommended-products.resolver';
import { SearchResolver } from './search.resolver';
import { expiryJob } from './stock/expire-reservations';
import { stockCommands } from './stock/stock.commands';
import { sellConfirmed } from './stock/stock.consumers';
import { VariantEntity, VariantPriceEntity } from './variant.entity';
import { VariantResolver } from './variant.resolver';

/** The catalog's table of contents. */
export const catalog: Subgraph = defineSubgraph<Services>({
  name: 'catalog',
  entities: [ProductEntity, VariantEntity, VariantPriceEntity, CategoryEntity, ...MESSAGING_ENTITIES],
  migrations: [
    CreateMessaging1700000000000,
    CreateIdempotency1763700000000,
    CreateCatalog1763700000001,
    CreateStock1763700000002,
    CreateRestockedReturn1763700000025,
    CreateRecommendations1763700002800,
    CreatePurchases1783800000000,
  ],
  resolvers: [
    ProductResolver,
    ProductConnectionResolver,
    VariantResolver,
    CategoryResolver,
    SearchResolver,
    AlsoBoughtResolver,
    RecommendedProductsResolver,
    ManageCatalogResolver,
  ],
  references: {
    User: async (id) => (fromId('user', id) === null ? null : { id }),
    Product: async (id, context) => {
      const uuid = fromId('prod', id);
      return uuid === null ? null : productById(context).load(uuid);
    },
    ProductVariant: async (id, context) => {
      const uuid = fromId('var', id);
      return uuid === null ? null : variantById(context).load(uuid);
    },
  },
  commands: [handle(messages.priceVariants, priceVariants), ...stockCommands],
  consumers: [sellConfirmed, recommendationFeed, exportPurchases, eraseUserPurchases],
  jobs: [expiryJob, reindexJob, { name: 'catalog.prune-keys', everyMs: 60 * 60_000, run: ({ db }) => pruneKeys(db) }],
  extend: (services) => services,
});
