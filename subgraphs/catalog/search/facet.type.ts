/** Facets as clients see them. */
import { Directive, Field, Int, ObjectType } from 'type-graphql';

/** How often a value occurs. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'A value of an attribute and how many products of the list have it.' })
export class FacetValue {
  @Field(() => String, { description: 'Goes back unchanged into AttributeFilter.' })
  value!: string;

  @Field(() => String, { description: 'The value for people.' })
  label!: string;

  @Field(() => Int, { description: 'How many products have it.' })
  count!: number;
}

/** An attribute with its values. */
@Directive('@tag(name: "partner")')
@ObjectType({
  description:
    'An attribute of the products of a list with its values. The counts heed query and filter except the filter on this attribute itself. Beyond 10,000 matches the newest 10,000 are counted.',
})
export class Facet {
  @Field(() => String, { description: 'Name of the attribute; goes back unchanged into AttributeFilter.' })
  name!: string;

  @Field(() => [FacetValue], { description: 'Its values, most frequent first; at most 50.' })
  values!: FacetValue[];
}
