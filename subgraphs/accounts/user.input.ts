import { ArgsType, Directive, Field, ID, InputType, ObjectType } from 'type-graphql';
import type { Role } from '../../platform/auth/principal';
import { PageArgs } from '../../platform/graph/connection';
import { Payload } from '../../platform/graph/user-errors';
import { RoleEnum, User } from './user.type';

/** Arguments of `users`. */
@ArgsType()
export class UsersArgs extends PageArgs {
  @Field(() => String, { nullable: true, description: 'An exact e-mail address, compared without case, or an id.' })
  query?: string | null;

  @Field(() => RoleEnum, { nullable: true, description: 'Only users with this role.' })
  role?: Role | null;
}

/** Input of `updateProfile`. */
@InputType({ description: 'What to change of your profile. Leave a field out to keep it; null takes it away.' })
export class UpdateProfileInput {
  @Field(() => String, { nullable: true, description: 'First name, 1 to 200 characters.' })
  firstName?: string | null;

  @Field(() => String, { nullable: true, description: 'Last name, 1 to 200 characters.' })
  lastName?: string | null;
}

/** Answer of `updateProfile`. */
@ObjectType({ description: 'The profile as it is now.' })
export class UpdateProfilePayload extends Payload {
  @Field(() => User, { nullable: true, description: 'You; null when nothing changed because of an error.' })
  user?: User | null;
}

/** Input of `updateUserRole`. */
@Directive('@tag(name: "staff")')
@InputType({ description: 'A role for a user.' })
export class UpdateUserRoleInput {
  @Field(() => ID, { description: 'Whose role.' })
  userId!: string;

  @Field(() => RoleEnum, { description: 'The new role.' })
  role!: Role;
}

/** Answer of `updateUserRole`. */
@Directive('@tag(name: "staff")')
@ObjectType({ description: 'The user with the new role.' })
export class UpdateUserRolePayload extends Payload {
  @Field(() => User, { nullable: true, description: 'The user; null when nothing changed because of an error.' })
  user?: User | null;
}
