/** What others own and payments adds to or points at. Described by their owners alone: two descriptions would be a composition hint. */
import { Directive, Field, ID, ObjectType } from 'type-graphql';

/** Somebody with an account; payments only says who asks. */
@Directive('@key(fields: "id")')
@ObjectType()
export class User {
  @Field(() => ID)
  id!: string;
}

/** An order; payments adds its money. */
@Directive('@key(fields: "id")')
@ObjectType()
export class Order {
  @Field(() => ID)
  id!: string;
}
