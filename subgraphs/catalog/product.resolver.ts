/** Reading products. */
import { Arg, Args, Ctx, Directive, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { Fault } from '../../platform/errors';
import type { Connection } from '../../platform/graph/connection';
import { fromId } from '../../platform/ids';
import type { GraphContext } from '../../platform/subgraph';
import { productById, variantsOfProduct } from './catalog.loaders';
import { loadCategoryTree } from './category-tree';
import { Category } from './category.type';
import { Product, PRODUCT_COLUMNS, ProductConnection, type ProductRow } from './product.type';
import { isSlug } from './product.rules';
import { Facet } from './search/facet.type';
import { connectProducts, type ProductListConnection } from './search/connect-products';
import { ProductListArgs } from './search/product-list.inputs';
import { ProductVariant } from './variant.type';

const NEITHER = 'Give either id or slug.';

@Resolver(() => Product)
export class ProductResolver {
  @Directive('@tag(name: "partner")')
  @Query(() => Product, {
    nullable: true,
    description: 'A product, by id or by slug. null: there is none, or it is archived.',
  })
  async product(
    @Arg('id', () => ID, { nullable: true, description: 'Its id.' }) id: string | null | undefined,
    @Arg('slug', () => String, { nullable: true, description: 'Its slug.' }) slug: string | null | undefined,
    @Ctx() context: GraphContext,
  ): Promise<Product | null> {
    if ((id == null) === (slug == null)) throw new Fault('VALIDATION_ERROR', NEITHER, { field: ['id'] });
    const product = slug == null ? await findById(id, context) : await findBySlug(slug, context);
    return product?.archived ? null : product;
  }

  @Directive('@tag(name: "partner")')
  @Query(() => ProductConnection, { nullable: true, description: 'Products: browse, search, filter, sort.' })
  products(@Args() args: ProductListArgs, @Ctx() { services }: GraphContext): Promise<Connection<Product>> {
    return connectProducts(services, args);
  }

  @FieldResolver(() => Category, { nullable: true, description: 'The category it stands in.' })
  async category(@Root() product: Product, @Ctx() { services }: GraphContext): Promise<Category | null> {
    if (product.categoryUuid === null) return null;
    const node = (await loadCategoryTree(services)).find(product.categoryUuid);
    return node && Category.of(node);
  }

  @FieldResolver(() => [ProductVariant], { description: 'What of it can be put into a cart; at most 100.' })
  variants(@Root() product: Product, @Ctx() context: GraphContext): Promise<ProductVariant[]> {
    // So that `variants { product }` does not read it again.
    productById(context).prime(product.uuid, product);
    return variantsOfProduct(context).load(product.uuid);
  }
}

/** Adds the facets to product connections. */
@Resolver(() => ProductConnection)
export class ProductConnectionResolver {
  @FieldResolver(() => [Facet], {
    description:
      'Attributes of the products in the list with counts, to filter by; counted only when selected; at most 20.',
  })
  facets(@Root() connection: ProductListConnection): Promise<Facet[]> {
    return connection.countFacets();
  }
}

async function findById(id: unknown, context: GraphContext): Promise<Product | null> {
  const uuid = fromId('prod', id);
  return uuid === null ? null : productById(context).load(uuid);
}

async function findBySlug(slug: string, { services }: GraphContext): Promise<Product | null> {
  if (!isSlug(slug)) return null;
  const [row] = await services.db.rows<ProductRow>(`SELECT ${PRODUCT_COLUMNS} FROM product p WHERE p.slug = $1`, [
    slug,
  ]);
  return row ? Product.of(row, services.config) : null;
}
