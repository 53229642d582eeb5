/** Reading categories; all from the tree. */
import { Arg, Args, Ctx, Directive, FieldResolver, ID, Query, Resolver, Root } from 'type-graphql';
import { Fault } from '../../platform/errors';
import type { Connection } from '../../platform/graph/connection';
import { fromId } from '../../platform/ids';
import type { GraphContext } from '../../platform/subgraph';
import { loadCategoryTree } from './category-tree';
import { Category } from './category.type';
import { ProductConnection, type Product } from './product.type';
import { connectProducts } from './search/connect-products';
import { ProductListArgs } from './search/product-list.inputs';

@Resolver(() => Category)
export class CategoryResolver {
  @Directive('@tag(name: "partner")')
  @Query(() => Category, { nullable: true, description: 'A category, by id or by slug.' })
  async category(
    @Arg('id', () => ID, { nullable: true, description: 'Its id.' }) id: string | null | undefined,
    @Arg('slug', () => String, { nullable: true, description: 'Its slug.' }) slug: string | null | undefined,
    @Ctx() { services }: GraphContext,
  ): Promise<Category | null> {
    if ((id == null) === (slug == null)) {
      throw new Fault('VALIDATION_ERROR', 'Give either id or slug.', { field: ['id'] });
    }
    const tree = await loadCategoryTree(services);
    const uuid = fromId('cat', id);
    const node = slug != null ? tree.findSlug(slug) : uuid === null ? null : tree.find(uuid);
    return node && Category.of(node);
  }

  @Directive('@tag(name: "partner")')
  @Query(() => [Category], { nullable: true, description: 'The roots of the category tree, by name.' })
  async categories(@Ctx() { services }: GraphContext): Promise<Category[]> {
    return (await loadCategoryTree(services)).children(null).map((node) => Category.of(node));
  }

  @FieldResolver(() => Category, { nullable: true, description: 'The category it lies in; null for a root.' })
  async parent(@Root() category: Category, @Ctx() { services }: GraphContext): Promise<Category | null> {
    if (category.parentUuid === null) return null;
    const node = (await loadCategoryTree(services)).find(category.parentUuid);
    return node && Category.of(node);
  }

  @FieldResolver(() => [Category], { description: 'The categories that lie in it, by name.' })
  async children(@Root() category: Category, @Ctx() { services }: GraphContext): Promise<Category[]> {
    return (await loadCategoryTree(services)).children(category.uuid).map((node) => Category.of(node));
  }

  @FieldResolver(() => ProductConnection, {
    nullable: true,
    description: 'Products in it and below it: browse, search, filter, sort.',
  })
  products(
    @Root() category: Category,
    @Args() args: ProductListArgs,
    @Ctx() { services }: GraphContext,
  ): Promise<Connection<Product>> {
    return connectProducts(services, args, category.uuid);
  }
}
