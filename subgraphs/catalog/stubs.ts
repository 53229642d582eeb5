/** What others own and catalog adds to. */
import { Directive, Field, ID, ObjectType } from 'type-graphql';
import type { Principal } from '../../platform/auth/principal';
import { toId } from '../../platform/ids';

/** Somebody with an account; catalog adds what it recommends to them. */
@Directive('@key(fields: "id")')
@ObjectType({ description: 'Somebody with an account.' })
export class User {
  @Field(() => ID)
  id!: string;

  /** The caller, or null if it is not a user. No statement. */
  static of(principal: Principal): User | null {
    return principal.kind === 'user' ? Object.assign(new User(), { id: toId('user', principal.id) }) : null;
  }
}
