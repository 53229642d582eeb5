/** What the cart contributes to a user. */
import { Directive, Field, ID, ObjectType } from 'type-graphql';
import { toId } from '../../platform/ids';

/** Accounts' type; here it has its cart, see user.resolver.ts. */
@Directive('@key(fields: "id")')
@ObjectType({ description: 'Somebody with an account.' })
export class User {
  @Field(() => ID, { description: 'Global id, `user_…`.' })
  id!: string;

  /** By uuid. */
  static of(uuid: string): User {
    return Object.assign(new User(), { id: toId('user', uuid) });
  }
}
