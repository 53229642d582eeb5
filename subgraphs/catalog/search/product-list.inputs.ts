/** Arguments of product lists. */
import { ArgsType, Directive, Field, InputType, registerEnumType } from 'type-graphql';
import { PageArgs } from '../../../platform/graph/connection';
import { Decimal } from '../../../platform/graph/scalars';

/** Orders of a product list. */
export const PRODUCT_SORTS = {
  RELEVANCE: 'RELEVANCE',
  NEWEST: 'NEWEST',
  PRICE_ASC: 'PRICE_ASC',
  PRICE_DESC: 'PRICE_DESC',
  NAME_ASC: 'NAME_ASC',
  BEST_SELLING: 'BEST_SELLING',
} as const;
/** One of {@link PRODUCT_SORTS}. */
export type ProductSort = keyof typeof PRODUCT_SORTS;

registerEnumType(PRODUCT_SORTS, {
  name: 'ProductSort',
  description: 'Order of a product list. Default: RELEVANCE with a query, else NEWEST.',
  valuesConfig: {
    RELEVANCE: {
      description: 'Best match first; the 5,000 best-selling matches are ranked. Without a query the same as NEWEST.',
    },
    NEWEST: { description: 'Latest first.' },
    PRICE_ASC: { description: 'By the price of the cheapest variant, lowest first.' },
    PRICE_DESC: { description: 'By the price of the cheapest variant, highest first.' },
    NAME_ASC: { description: 'By name, without regard to case, accents and punctuation.' },
    BEST_SELLING: { description: 'By units sold, most first.' },
  },
});

/** Filter by one attribute. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'Products with one of these values of an attribute.' })
export class AttributeFilter {
  @Field(() => String, { description: 'Name of the attribute, as in Attribute and Facet.' })
  name!: string;

  @Field(() => [String], { description: 'One of these values, as in Attribute and FacetValue; 1 to 50.' })
  values!: string[];
}

/** Filter of a product list. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'Which products; all conditions that are given must hold.' })
export class ProductFilter {
  @Field(() => String, { nullable: true, description: 'Slug of a category; those below it are included.' })
  category?: string | null;

  @Field(() => Decimal, {
    nullable: true,
    description: "Some variant's price lies at or above this (and at or below maxPrice), in the shop's currency.",
  })
  minPrice?: string | null;

  @Field(() => Decimal, {
    nullable: true,
    description: "Some variant's price lies at or below this (and at or above minPrice), in the shop's currency.",
  })
  maxPrice?: string | null;

  @Field(() => Boolean, { nullable: true, description: 'true: can be bought now; false: sold out.' })
  availableForSale?: boolean | null;

  @Field(() => [AttributeFilter], {
    nullable: true,
    description: 'Attributes that must all match, at most 10; the values of one are alternatives.',
  })
  attributes?: AttributeFilter[] | null;
}

/** Arguments of `Query.products` and `Category.products`. */
@ArgsType()
export class ProductListArgs extends PageArgs {
  @Field(() => String, {
    nullable: true,
    description:
      'Words to search for, at most 200 characters: all must be found in name, attributes, categories, article numbers or description; the last may be half typed.',
  })
  query?: string | null;

  @Field(() => ProductFilter, { nullable: true, description: 'Which products.' })
  filter?: ProductFilter | null;

  @Field(() => PRODUCT_SORTS, { nullable: true, description: 'In which order; RELEVANCE with a query, else NEWEST.' })
  sort?: ProductSort | null;
}
