/** Types of other subgraphs that a cart points to. Their owners describe them: two descriptions that differ are a composition hint. */
import { Directive, Field, ID, ObjectType } from 'type-graphql';

/** Catalog's. */
@Directive('@key(fields: "id", resolvable: false)')
@ObjectType()
export class ProductVariant {
  @Field(() => ID)
  id!: string;
}
