import { Directive, Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { ROLES } from '../../platform/auth/principal';
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

/** A user, by id alone: all else is resolved when it is asked for (user.resolver.ts), so that `me { cart }` costs nothing here. */
@Directive('@key(fields: "id")')
@ObjectType({ description: 'Somebody with an account.' })
export class User {
  @Field(() => ID, { description: 'Global id, `user_…`.' })
  id!: string;
}

/** Pages of users. */
export const UserConnection = connectionType(User, 'User', 'users');
