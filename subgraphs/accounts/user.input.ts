import { ArgsType, Directive, Field, ID, InputType, ObjectType } from 'type-graphql';
import type { RateTier, Role } from '../../platform/auth/principal';
import { PageArgs } from '../../platform/graph/connection';
import { Payload } from '../../platform/graph/user-errors';
import { RateTierEnum, RoleEnum, User, UserStatusEnum, type UserStatus } from './user.type';

/** Arguments of `users`. */
@ArgsType()
export class UsersArgs extends PageArgs {
  @Field(() => String, { nullable: true, description: 'An exact e-mail address, compared without case, or an id.' })
  query?: string | null;

  @Field(() => RoleEnum, { nullable: true, description: 'Only users with this role. For admins.' })
  role?: Role | null;

  @Field(() => UserStatusEnum, { nullable: true, description: 'Only users with this status.' })
  status?: UserStatus | null;
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

/** Input of `updateUserRateTier`. */
@Directive('@tag(name: "staff")')
@InputType({ description: 'How many requests a user is to have.' })
export class UpdateUserRateTierInput {
  @Field(() => ID, { description: 'Whose.' })
  userId!: string;

  @Field(() => RateTierEnum, { description: "How many. A partner has a partner's rate in any case." })
  rateTier!: RateTier;
}

/** Answer of `updateUserRateTier`. */
@Directive('@tag(name: "staff")')
@ObjectType({ description: 'The user with the new rate.' })
export class UpdateUserRateTierPayload extends Payload {
  @Field(() => User, { nullable: true, description: 'The user; null when nothing changed because of an error.' })
  user?: User | null;
}

/** Input of `suspendUser`. */
@Directive('@tag(name: "staff")')
@InputType({ description: 'Whom to shut out, or let in again.' })
export class SuspendUserInput {
  @Field(() => ID, { description: 'The user; not yourself.' })
  userId!: string;

  @Field(() => Boolean, { defaultValue: true, description: 'False lifts the suspension.' })
  suspended!: boolean;

  @Field(() => String, { nullable: true, description: 'Why, for staff to read; up to 2,000 characters.' })
  reason?: string | null;
}

/** Answer of `suspendUser`. */
@Directive('@tag(name: "staff")')
@ObjectType({ description: 'The user as it stands now.' })
export class SuspendUserPayload extends Payload {
  @Field(() => User, { nullable: true, description: 'The user; null when nothing changed because of an error.' })
  user?: User | null;
}
