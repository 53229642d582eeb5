import { Directive, Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { RATE_TIERS, ROLES } from '../../platform/auth/principal';
import { connectionType } from '../../platform/graph/connection';

/** The enum `Role` of the graph. */
export const RoleEnum = Object.fromEntries(ROLES.map((role) => [role, role]));
registerEnumType(RoleEnum, {
  name: 'Role',
  description: 'What somebody may do in the shop.',
  valuesConfig: {
    CUSTOMER: { description: 'Buys: sees and changes what is their own.' },
    SUPPORT: { description: "Helps customers: sees all orders, ships, cancels, refunds; sees users' contact data." },
    PARTNER: { description: 'Sells the catalogue on elsewhere, through API clients.' },
    ADMIN: { description: 'May do everything, catalogue, stock and roles included.' },
  },
});

/** The enum `RateTier` of the graph. */
export const RateTierEnum = Object.fromEntries(RATE_TIERS.map((tier) => [tier, tier]));
registerEnumType(RateTierEnum, {
  name: 'RateTier',
  description: 'How many requests somebody has.',
  valuesConfig: {
    STANDARD: { description: 'As many as a signed-in user.' },
    PREMIUM: { description: 'Ten times as many.' },
    PARTNER: { description: 'Fifty times as many: what API clients begin with.' },
  },
});

/** Whether a user may come in. */
export const USER_STATUSES = ['ACTIVE', 'SUSPENDED'] as const;
/** One of {@link USER_STATUSES}. */
export type UserStatus = (typeof USER_STATUSES)[number];

/** The enum `UserStatus` of the graph. */
export const UserStatusEnum = Object.fromEntries(USER_STATUSES.map((status) => [status, status]));
registerEnumType(UserStatusEnum, {
  name: 'UserStatus',
  description: 'Whether a user may sign in.',
  valuesConfig: {
    ACTIVE: { description: 'May sign in.' },
    SUSPENDED: { description: 'An admin has shut the user out: no sessions, and no new ones.' },
  },
});

/** A user, by id alone: all else is resolved when it is asked for (user.resolver.ts), so that `me { cart }` costs nothing here. */
@Directive('@key(fields: "id")')
@ObjectType({ description: 'Somebody with an account.' })
export class User {
  @Field(() => ID, { description: 'Global id, `user_…`.' })
  id!: string;
}

/** Pages of users. */
export const UserConnection = connectionType(User, 'User', 'users');
