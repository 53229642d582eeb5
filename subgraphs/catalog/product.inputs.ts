/** Inputs about products and variants. */
import { Directive, Field, ID, InputType, Int } from 'type-graphql';
import { MoneyInput } from '../../platform/graph/values';

@Directive('@tag(name: "staff")')
@InputType({ description: 'A property of a product.' })
export class AttributeInput {
  @Field(() => String, { description: 'What the property is, e.g. `material`; at most 200 characters.' })
  name!: string;

  @Field(() => String, { description: 'Its value, e.g. `Linen`; at most 200 characters.' })
  value!: string;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'What sets a variant apart from its siblings.' })
export class SelectedOptionInput {
  @Field(() => String, { description: 'What is chosen, e.g. `Size`; at most 200 characters, once in a variant.' })
  name!: string;

  @Field(() => String, { description: 'What it is for this variant, e.g. `M`; at most 200 characters.' })
  value!: string;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'A variant of a new product.' })
export class CreateVariantInput {
  @Field(() => String, { description: 'Article number, unique in the shop; at most 100 characters.' })
  sku!: string;

  @Field(() => String, { description: 'What it is called beside its siblings; at most 200 characters.' })
  name!: string;

  @Field(() => MoneyInput, { description: 'What one costs.' })
  price!: MoneyInput;

  @Field(() => MoneyInput, { nullable: true, description: 'A former price to show struck through.' })
  compareAtPrice?: MoneyInput | null;

  @Field(() => Int, { defaultValue: 0, description: 'Units in stock at the start, at most 1,000,000.' })
  onHand!: number;

  @Field(() => [SelectedOptionInput], { nullable: true, description: 'What sets it apart; at most 10.' })
  options?: SelectedOptionInput[] | null;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'A new product.' })
export class CreateProductInput {
  @Field(() => String, { description: 'What it is called; at most 200 characters.' })
  name!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'Readable name for the address of its page: lower-case letters, digits, "-". Made from the name if absent.',
  })
  slug?: string | null;

  @Field(() => String, { nullable: true, description: 'Plain text; at most 2,000 characters.' })
  description?: string | null;

  @Field(() => ID, { nullable: true, description: 'The category it stands in.' })
  categoryId?: string | null;

  @Field(() => [AttributeInput], { nullable: true, description: 'Its properties; at most 50.' })
  attributes?: AttributeInput[] | null;

  @Field(() => [CreateVariantInput], { description: 'Its variants; 1 to 100.' })
  variants!: CreateVariantInput[];
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'Changes of a product; what is absent stays.' })
export class UpdateProductInput {
  @Field(() => ID, { description: 'The product.' })
  productId!: string;

  @Field(() => String, { nullable: true, description: 'What it is called; at most 200 characters.' })
  name?: string | null;

  @Field(() => String, { nullable: true, description: 'Readable name for the address of its page; unique.' })
  slug?: string | null;

  @Field(() => String, { nullable: true, description: 'Plain text; at most 2,000 characters. null removes it.' })
  description?: string | null;

  @Field(() => ID, { nullable: true, description: 'The category it stands in. null: in none.' })
  categoryId?: string | null;

  @Field(() => [AttributeInput], { nullable: true, description: 'All its properties from now on; at most 50.' })
  attributes?: AttributeInput[] | null;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'The product to take out of the shop.' })
export class ArchiveProductInput {
  @Field(() => ID, { description: 'The product.' })
  productId!: string;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'A new variant of a product.' })
export class CreateProductVariantInput extends CreateVariantInput {
  @Field(() => ID, { description: 'The product it belongs to.' })
  productId!: string;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'Changes of a variant; what is absent stays.' })
export class UpdateProductVariantInput {
  @Field(() => ID, { description: 'The variant.' })
  variantId!: string;

  @Field(() => String, { nullable: true, description: 'Article number, unique in the shop; at most 100 characters.' })
  sku?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'What it is called beside its siblings; at most 200 characters.',
  })
  name?: string | null;

  @Field(() => MoneyInput, { nullable: true, description: 'What one costs from now on.' })
  price?: MoneyInput | null;

  @Field(() => MoneyInput, { nullable: true, description: 'A former price to show struck through. null removes it.' })
  compareAtPrice?: MoneyInput | null;

  @Field(() => [SelectedOptionInput], {
    nullable: true,
    description: 'All that sets it apart from now on; at most 10.',
  })
  options?: SelectedOptionInput[] | null;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'A correction of the units on hand.' })
export class AdjustStockInput {
  @Field(() => ID, { description: 'The variant.' })
  variantId!: string;

  @Field(() => Int, {
    description:
      'Units to add, or to take if negative; not 0, at most 1,000,000 either way, never below what is reserved.',
  })
  delta!: number;

  @Field(() => String, { description: 'Why, for the ledger; at most 2,000 characters.' })
  reason!: string;

  @Field(() => String, {
    description: 'A key of your own, 1 to 255 characters: the same key again within 24 hours adjusts nothing twice.',
  })
  idempotencyKey!: string;
}
