/** Answers of the catalog's mutations. */
import { Directive, Field, ObjectType } from 'type-graphql';
import { Payload } from '../../platform/graph/user-errors';
import { Category } from './category.type';
import { Product } from './product.type';
import { ProductVariant } from './variant.type';

const staff = '@tag(name: "staff")';
const answer = (mutation: string) => ({ description: `Answer of ${mutation}.` });
const product = { nullable: true, description: 'The product; null if nothing happened.' };
const productVariant = { nullable: true, description: 'The variant; null if nothing happened.' };
const category = { nullable: true, description: 'The category; null if nothing happened.' };

@Directive(staff)
@ObjectType(answer('createProduct'))
export class CreateProductPayload extends Payload {
  @Field(() => Product, product)
  product!: Product | null;
}

@Directive(staff)
@ObjectType(answer('updateProduct'))
export class UpdateProductPayload extends Payload {
  @Field(() => Product, product)
  product!: Product | null;
}

@Directive(staff)
@ObjectType(answer('archiveProduct'))
export class ArchiveProductPayload extends Payload {
  @Field(() => Product, product)
  product!: Product | null;
}

@Directive(staff)
@ObjectType(answer('createProductVariant'))
export class CreateProductVariantPayload extends Payload {
  @Field(() => ProductVariant, productVariant)
  productVariant!: ProductVariant | null;
}

@Directive(staff)
@ObjectType(answer('updateProductVariant'))
export class UpdateProductVariantPayload extends Payload {
  @Field(() => ProductVariant, productVariant)
  productVariant!: ProductVariant | null;
}

@Directive(staff)
@ObjectType(answer('adjustStock'))
export class AdjustStockPayload extends Payload {
  @Field(() => ProductVariant, productVariant)
  productVariant!: ProductVariant | null;
}

@Directive(staff)
@ObjectType(answer('createCategory'))
export class CreateCategoryPayload extends Payload {
  @Field(() => Category, category)
  category!: Category | null;
}

@Directive(staff)
@ObjectType(answer('updateCategory'))
export class UpdateCategoryPayload extends Payload {
  @Field(() => Category, category)
  category!: Category | null;
}
