import { Arg, Args, Ctx, Directive, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { isStaff, type RateTier, type Role } from '../../platform/auth/principal';
import type { Connection } from '../../platform/graph/connection';
import { DateTime, EmailAddress } from '../../platform/graph/scalars';
import { payload } from '../../platform/graph/user-errors';
import { fromId, toId } from '../../platform/ids';
import type { GraphContext } from '../../platform/subgraph';
import { viewOf } from './account.rules';
import { addressesByUser } from './address.loaders';
import { Address } from './address.type';
import { findUsers } from './find-users';
import { profileById, type SealedProfile } from './profile.loaders';
import type { AccountsServices } from './services';
import { suspendUser } from './suspend-user';
import { updateProfile } from './update-profile';
import { updateUserRateTier } from './update-user-rate-tier';
import { updateUserRole } from './update-user-role';
import {
  SuspendUserInput,
  SuspendUserPayload,
  UpdateProfileInput,
  UpdateProfilePayload,
  UpdateUserRateTierInput,
  UpdateUserRateTierPayload,
  UpdateUserRoleInput,
  UpdateUserRolePayload,
  UsersArgs,
} from './user.input';
import { RateTierEnum, RoleEnum, User, UserConnection, UserStatusEnum, type UserStatus } from './user.type';

type Context = GraphContext<AccountsServices>;

/** A user as the graph hands one out. */
export const userOf = (userId: string): User => ({ id: toId('user', userId) });

/** Users and what one may see of them. */
@Resolver(() => User)
export class UserResolver {
  @Directive('@shareable')
  @Query(() => User, { nullable: true, description: 'Who is signed in; null for nobody.' })
  me(@Ctx() { principal }: Context): User | null {
    return principal.kind === 'user' ? userOf(principal.id) : null;
  }

  @Query(() => User, { nullable: true, description: 'A user by id: yourself, or anybody for staff; null otherwise.' })
  async user(
    @Arg('id', () => ID, { description: 'Id of the user.' }) id: string,
    @Ctx() context: Context,
  ): Promise<User | null> {
    const userId = fromId('user', id);
    if (userId === null || viewOf(context.principal, userId) === 'nothing') return null;
    return (await profileById(context).load(userId)) && userOf(userId);
  }

  @Directive('@tag(name: "staff")')
  @Query(() => UserConnection, { nullable: true, description: 'All users, the newest first. Staff only.' })
  async users(@Args(() => UsersArgs) args: UsersArgs, @Ctx() context: Context): Promise<Connection<User>> {
    const { page, count } = await findUsers(context.services, context.principal, args);
    const edges = page.edges.map(({ cursor, node }) => ({ cursor, node: userOf(node) }));
    return UserConnection.of({ ...page, edges }, count);
  }

  @Mutation(() => UpdateProfilePayload, { nullable: true, description: 'Changes your profile.' })
  updateProfile(
    @Arg('input', () => UpdateProfileInput, { description: 'What to change.' }) input: UpdateProfileInput,
    @Ctx() context: Context,
  ): Promise<UpdateProfilePayload> {
    return payload('user', async () =>
      reread(context, await updateProfile(context.services, context.principal, input, context.requestId)),
    );
  }

  @Directive('@tag(name: "staff")')
  @Mutation(() => UpdateUserRolePayload, {
    nullable: true,
    description:
      'Gives a user another role. Admins only. Access tokens with the old one fail with UNAUTHENTICATED within 5 seconds; sessions go on, with the new role once they are refreshed.',
  })
  updateUserRole(
    @Arg('input', () => UpdateUserRoleInput, { description: 'Whose role, and which.' }) input: UpdateUserRoleInput,
    @Ctx() context: Context,
  ): Promise<UpdateUserRolePayload> {
    return payload('user', async () =>
      reread(context, await updateUserRole(context.services, context.principal, input, context.requestId)),
    );
  }

  @Directive('@tag(name: "staff")')
  @Mutation(() => UpdateUserRateTierPayload, {
    nullable: true,
    description:
      "Sets how many requests a user has. Admins only. In force when the user's session is next refreshed, within the hour.",
  })
  updateUserRateTier(
    @Arg('input', () => UpdateUserRateTierInput, { description: 'Whose, and how many.' })
    input: UpdateUserRateTierInput,
    @Ctx() context: Context,
  ): Promise<UpdateUserRateTierPayload> {
    return payload('user', async () =>
      reread(context, await updateUserRateTier(context.services, context.principal, input, context.requestId)),
    );
  }

  @Directive('@tag(name: "staff")')
  @Mutation(() => SuspendUserPayload, {
    nullable: true,
    description:
      'Suspends a user: all sessions end, with their access tokens and open sockets and streams within 5 seconds, and log-ins are refused. Or lifts that; ended sessions stay ended. Admins only; CONFLICT for yourself.',
  })
  suspendUser(
    @Arg('input', () => SuspendUserInput, { description: 'Whom, and whether.' }) input: SuspendUserInput,
    @Ctx() context: Context,
  ): Promise<SuspendUserPayload> {
    return payload('user', async () =>
      reread(context, await suspendUser(context.services, context.principal, input, context.requestId)),
    );
  }

  @FieldResolver(() => EmailAddress, {
    nullable: true,
    description: 'E-mail address. For yourself and staff; null for others, like all that one may not see.',
  })
  email(@Root() user: User, @Ctx() context: Context): Promise<string | null> {
    return see(context, user, 'contact', ({ email }) => context.services.sealer.open(email));
  }

  @FieldResolver(() => String, { nullable: true, description: 'First name, if given. For yourself and staff.' })
  firstName(@Root() user: User, @Ctx() context: Context): Promise<string | null> {
    return see(context, user, 'contact', ({ firstName }) => firstName && context.services.sealer.open(firstName));
  }

  @FieldResolver(() => String, { nullable: true, description: 'Last name, if given. For yourself and staff.' })
  lastName(@Root() user: User, @Ctx() context: Context): Promise<string | null> {
    return see(context, user, 'contact', ({ lastName }) => lastName && context.services.sealer.open(lastName));
  }

  @FieldResolver(() => RoleEnum, { nullable: true, description: 'What the user may do. For yourself and admins.' })
  role(@Root() user: User, @Ctx() context: Context): Promise<Role | null> {
    return see(context, user, 'all', ({ role }) => role);
  }

  @FieldResolver(() => RateTierEnum, {
    nullable: true,
    description: 'How many requests the user has; set by admins. For yourself and admins.',
  })
  rateTier(@Root() user: User, @Ctx() context: Context): Promise<RateTier | null> {
    return see(context, user, 'all', ({ rateTier }) => rateTier);
  }

  @Directive('@tag(name: "staff")')
  @FieldResolver(() => UserStatusEnum, { nullable: true, description: 'Whether the user may sign in. For staff.' })
  status(@Root() user: User, @Ctx() context: Context): Promise<UserStatus | null> {
    return seeAsStaff(context, user, ({ suspended }) => (suspended ? 'SUSPENDED' : 'ACTIVE'));
  }

  @Directive('@tag(name: "staff")')
  @FieldResolver(() => String, { nullable: true, description: 'Why the user is suspended, if it was said. For staff.' })
  suspensionReason(@Root() user: User, @Ctx() context: Context): Promise<string | null> {
    return seeAsStaff(context, user, ({ suspensionReason: why }) => why && context.services.sealer.open(why));
  }

  @FieldResolver(() => Boolean, {
    nullable: true,
    description:
      'Whether the user has shown that the e-mail address is theirs. Unverified accounts may buy. For yourself and admins.',
  })
  emailVerified(@Root() user: User, @Ctx() context: Context): Promise<boolean | null> {
    return see(context, user, 'all', ({ emailVerified }) => emailVerified);
  }

  @FieldResolver(() => DateTime, { nullable: true, description: 'When the account was made. For yourself and admins.' })
  createdAt(@Root() user: User, @Ctx() context: Context): Promise<Date | null> {
    return see(context, user, 'all', ({ createdAt }) => new Date(createdAt));
  }

  @FieldResolver(() => [Address], {
    nullable: true,
    description: 'Addresses kept for later orders, at most 50, the default first. For yourself and admins.',
  })
  async addresses(@Root() user: User, @Ctx() context: Context): Promise<Address[] | null> {
    const userId = fromId('user', user.id);
    if (userId === null || viewOf(context.principal, userId) !== 'all') return null;
    if ((await profileById(context).load(userId)) === null) return null;
    return (await addressesByUser(context).load(userId)).map((address) => Address.of(address));
  }
}

/** A field of a profile, or null when the caller may not see it or there is no such user: the two look the same. */
async function see<Value>(
  context: Context,
  user: User,
  needs: 'contact' | 'all',
  field: (profile: SealedProfile) => Value,
): Promise<Value | null> {
  const userId = fromId('user', user.id);
  if (userId === null) return null;
  const view = viewOf(context.principal, userId);
  if (view === 'nothing' || (needs === 'all' && view !== 'all')) return null;
  const profile = await profileById(context).load(userId);
  return profile && field(profile);
}

/** The same for what the users themselves do not see. */
async function seeAsStaff<Value>(
  context: Context,
  user: User,
  field: (profile: SealedProfile) => Value,
): Promise<Value | null> {
  return isStaff(context.principal) ? see(context, user, 'contact', field) : null;
}

/** The changed user, read afresh where the operation has read them before. */
export function reread(context: Context, userId: string): User {
  profileById(context).clear(userId);
  return userOf(userId);
}
