/** Mutations of catalogue and stock, for admins. */
import { Arg, Ctx, Directive, Mutation, Resolver } from 'type-graphql';
import { payload } from '../../platform/graph/user-errors';
import type { GraphContext } from '../../platform/subgraph';
import { archiveProduct } from './archive-product';
import { forgetLoaded, productById, variantById } from './catalog.loaders';
import { CreateCategoryInput, UpdateCategoryInput } from './category.inputs';
import { loadCategoryTree } from './category-tree';
import { Category } from './category.type';
import { createCategory } from './create-category';
import { createProduct } from './create-product';
import { createProductVariant } from './create-product-variant';
import * as payloads from './payloads';
import * as inputs from './product.inputs';
import type { Product } from './product.type';
import { adjustStock } from './stock/adjust-stock';
import { updateCategory } from './update-category';
import { updateProduct } from './update-product';
import { updateProductVariant } from './update-product-variant';
import type { ProductVariant } from './variant.type';

/** A use case here: gives the uuid of what it changed. */
type UseCase = (
  services: GraphContext['services'],
  principal: GraphContext['principal'],
  input: unknown,
  requestId: string,
) => Promise<string>;

const staff = '@tag(name: "staff")';
const input = { description: 'What to do.' };

@Resolver()
export class ManageCatalogResolver {
  @Directive(staff)
  @Mutation(() => payloads.CreateProductPayload, {
    nullable: true,
    description: 'Adds a product with its variants; it is in every list at once. Admins.',
  })
  createProduct(
    @Arg('input', () => inputs.CreateProductInput, input) input: inputs.CreateProductInput,
    @Ctx() context: GraphContext,
  ) {
    return payload('product', () => changedProduct(createProduct, input, context));
  }

  @Directive(staff)
  @Mutation(() => payloads.UpdateProductPayload, { nullable: true, description: 'Changes a product. Admins.' })
  updateProduct(
    @Arg('input', () => inputs.UpdateProductInput, input) input: inputs.UpdateProductInput,
    @Ctx() context: GraphContext,
  ) {
    return payload('product', () => changedProduct(updateProduct, input, context));
  }

  @Directive(staff)
  @Mutation(() => payloads.ArchiveProductPayload, {
    nullable: true,
    description: 'Takes a product out of the shop for good; orders that refer to it still show it. Admins.',
  })
  archiveProduct(
    @Arg('input', () => inputs.ArchiveProductInput, input) input: inputs.ArchiveProductInput,
    @Ctx() context: GraphContext,
  ) {
    return payload('product', () => changedProduct(archiveProduct, input, context));
  }

  @Directive(staff)
  @Mutation(() => payloads.CreateProductVariantPayload, {
    nullable: true,
    description: 'Adds a variant to a product. Admins.',
  })
  createProductVariant(
    @Arg('input', () => inputs.CreateProductVariantInput, input) input: inputs.CreateProductVariantInput,
    @Ctx() context: GraphContext,
  ) {
    return payload('productVariant', () => changedVariant(createProductVariant, input, context));
  }

  @Directive(staff)
  @Mutation(() => payloads.UpdateProductVariantPayload, {
    nullable: true,
    description: 'Changes a variant, its price for instance. Admins.',
  })
  updateProductVariant(
    @Arg('input', () => inputs.UpdateProductVariantInput, input) input: inputs.UpdateProductVariantInput,
    @Ctx() context: GraphContext,
  ) {
    return payload('productVariant', () => changedVariant(updateProductVariant, input, context));
  }

  @Directive(staff)
  @Mutation(() => payloads.AdjustStockPayload, {
    nullable: true,
    description: 'Corrects the units on hand of a variant; every correction is kept in the ledger. Admins.',
  })
  adjustStock(
    @Arg('input', () => inputs.AdjustStockInput, input) input: inputs.AdjustStockInput,
    @Ctx() context: GraphContext,
  ) {
    return payload('productVariant', () => changedVariant(adjustStock, input, context));
  }

  @Directive(staff)
  @Mutation(() => payloads.CreateCategoryPayload, { nullable: true, description: 'Adds a category. Admins.' })
  createCategory(
    @Arg('input', () => CreateCategoryInput, input) input: CreateCategoryInput,
    @Ctx() context: GraphContext,
  ) {
    return payload('category', () => changedCategory(createCategory, input, context));
  }

  @Directive(staff)
  @Mutation(() => payloads.UpdateCategoryPayload, {
    nullable: true,
    description: 'Changes or moves a category. Admins.',
  })
  updateCategory(
    @Arg('input', () => UpdateCategoryInput, input) input: UpdateCategoryInput,
    @Ctx() context: GraphContext,
  ) {
    return payload('category', () => changedCategory(updateCategory, input, context));
  }
}

async function run(useCase: UseCase, input: object, context: GraphContext): Promise<string> {
  const uuid = await useCase(context.services, context.principal, input, context.requestId);
  forgetLoaded(context);
  return uuid;
}

async function changedProduct(useCase: UseCase, input: object, context: GraphContext): Promise<Product | null> {
  return productById(context).load(await run(useCase, input, context));
}

async function changedVariant(useCase: UseCase, input: object, context: GraphContext): Promise<ProductVariant | null> {
  return variantById(context).load(await run(useCase, input, context));
}

async function changedCategory(useCase: UseCase, input: object, context: GraphContext): Promise<Category | null> {
  const uuid = await run(useCase, input, context);
  const node = (await loadCategoryTree(context.services)).find(uuid);
  return node && Category.of(node);
}
