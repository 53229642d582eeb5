/** What others own and orders adds to or points at. */
import { Directive, Field, ID, ObjectType } from 'type-graphql';

/** Somebody with an account; orders adds their orders. */
@Directive('@key(fields: "id")')
@ObjectType({ description: 'Somebody with an account.' })
export class User {
  @Field(() => ID, { description: 'Global id, `user_…`.' })
  id!: string;
}

/** A variant of a product, as it is now. */
@Directive('@key(fields: "id", resolvable: false)')
@ObjectType()
export class ProductVariant {
  @Field(() => ID)
  id!: string;
}
