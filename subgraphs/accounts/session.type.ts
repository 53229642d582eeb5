import { Field, InputType, ObjectType } from 'type-graphql';
import { DateTime, EmailAddress } from '../../platform/graph/scalars';
import { Payload } from '../../platform/graph/user-errors';
import { User } from './user.type';

/** The tokens of a session, as clients see them. */
@ObjectType({ description: 'What you act as somebody with. Keep both tokens secret.' })
export class Session {
  @Field(() => String, {
    description: 'Send it with each request: `Authorization: Bearer <accessToken>`. Good for an hour.',
  })
  accessToken!: string;

  @Field(() => String, {
    description:
      'Gives the next session: see `refreshSession`. Good for 30 days and for one use; using it again later than 10 seconds ends the session.',
  })
  refreshToken!: string;

  @Field(() => DateTime, { description: 'When the access token expires.' })
  expiresAt!: Date;
}

/** What all mutations that sign in answer. */
@ObjectType()
export abstract class SignedInPayload extends Payload {
  @Field(() => Session, { nullable: true, description: 'The new session; null when it did not work.' })
  session?: Session | null;

  @Field(() => User, {
    nullable: true,
    description: 'Who is signed in now. The rest of the operation runs as this user too: select `me` beside it.',
  })
  user?: User | null;
}

/** Answer of `register`. */
@ObjectType({ description: 'A new account, signed in.' })
export class RegisterPayload extends SignedInPayload {}

/** Answer of `login`. */
@ObjectType({ description: 'A session, or why there is none.' })
export class LoginPayload extends SignedInPayload {}

/** Answer of `refreshSession`. */
@ObjectType({ description: 'The session that follows.' })
export class RefreshSessionPayload extends SignedInPayload {}

/** Answer of `logout`. */
@ObjectType({ description: 'The session is over.' })
export class LogoutPayload extends Payload {
  @Field(() => User, { nullable: true, description: 'Who was signed in.' })
  user?: User | null;
}

/** Answer of `logoutEverywhere`. */
@ObjectType({ description: 'All sessions are over, this one too.' })
export class LogoutEverywherePayload extends Payload {
  @Field(() => User, { nullable: true, description: 'Who was signed in.' })
  user?: User | null;
}

/** Input of `register`. */
@InputType({ description: 'A new account.' })
export class RegisterInput {
  @Field(() => EmailAddress, {
    description: 'E-mail address, at most 254 characters; one account each, compared without case.',
  })
  email!: string;

  @Field(() => String, { description: 'Password of 10 to 128 characters.' })
  password!: string;

  @Field(() => String, { nullable: true, description: 'First name, 1 to 200 characters.' })
  firstName?: string | null;

  @Field(() => String, { nullable: true, description: 'Last name, 1 to 200 characters.' })
  lastName?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'Token of a guest cart to merge into the new cart. One that is unknown does not keep you from registering.',
  })
  cartToken?: string | null;
}

/** Input of `login`. */
@InputType({ description: 'Credentials.' })
export class LoginInput {
  @Field(() => EmailAddress, { description: 'E-mail address of the account, compared without case.' })
  email!: string;

  @Field(() => String, { description: 'Password of the account; at most 128 characters.' })
  password!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Token of a guest cart to merge into your own. One that is unknown does not keep you from logging in.',
  })
  cartToken?: string | null;
}

/** Input of `refreshSession`. */
@InputType({ description: 'A session to go on with.' })
export class RefreshSessionInput {
  @Field(() => String, { description: 'The newest refresh token you have.' })
  refreshToken!: string;
}
