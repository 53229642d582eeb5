/** What others own and payments adds to or points at. */
import { Directive, Field, ID, ObjectType } from 'type-graphql';

/** Somebody with an account; payments only says who asks. */
@Directive('@key(fields: "id")')
@ObjectType({ description: 'Somebody with an account.' })
export class User {
  @Field(() => ID, { description: 'Global id, `user_…`.' })
  id!: string;
}

/** An order; payments adds its money. */
@Directive('@key(fields: "id")')
@ObjectType({ description: 'An order.' })
export class Order {
  @Field(() => ID, { description: 'Global id, `ord_…`.' })
  id!: string;
}
