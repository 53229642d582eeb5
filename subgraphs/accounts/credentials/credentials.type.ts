import { Field, InputType, ObjectType } from 'type-graphql';
import { EmailAddress } from '../../../platform/graph/scalars';
import { Payload } from '../../../platform/graph/user-errors';
import { User } from '../user.type';

/** What the mutations about credentials answer. */
@ObjectType()
abstract class UserPayload extends Payload {
  @Field(() => User, { nullable: true, description: 'Whose account it is; null when nothing happened.' })
  user?: User | null;
}

/** Answer of `verifyEmail`. */
@ObjectType({ description: 'The address is confirmed.' })
export class VerifyEmailPayload extends UserPayload {}

/** Answer of `requestEmailVerification`. */
@ObjectType({ description: 'A mail is on its way.' })
export class RequestEmailVerificationPayload extends UserPayload {}

/** Answer of `resetPassword`. */
@ObjectType({ description: 'The new password is in force: log in with it.' })
export class ResetPasswordPayload extends UserPayload {}

/** Answer of `changePassword`. */
@ObjectType({ description: 'The new password is in force.' })
export class ChangePasswordPayload extends UserPayload {}

/** Answer of `changeEmail`. */
@ObjectType({ description: 'A mail is on its way to the new address; `user.email` is still the old one.' })
export class ChangeEmailPayload extends UserPayload {}

/** Answer of `requestPasswordReset`. */
@ObjectType({ description: 'The same whether or not the address has an account.' })
export class RequestPasswordResetPayload extends Payload {
  @Field(() => Boolean, {
    nullable: true,
    description: 'True: if the address has an account, a mail is on its way. Null when the input was refused.',
  })
  requested?: boolean | null;
}

/** Input of `verifyEmail`. */
@InputType({ description: 'A token from a mail.' })
export class VerifyEmailInput {
  @Field(() => String, { description: 'The token of the link. Good for 24 hours and one use.' })
  token!: string;
}

/** Input of `requestPasswordReset`. */
@InputType({ description: 'Whose password.' })
export class RequestPasswordResetInput {
  @Field(() => EmailAddress, { description: 'E-mail address of the account, compared without case.' })
  email!: string;
}

/** Input of `resetPassword`. */
@InputType({ description: 'A token from a mail, and the new password.' })
export class ResetPasswordInput {
  @Field(() => String, { description: 'The token of the link. Good for an hour and one use.' })
  token!: string;

  @Field(() => String, { description: 'New password of 10 to 128 characters.' })
  password!: string;
}

/** Input of `changePassword`. */
@InputType({ description: 'The password you have, and the one you want.' })
export class ChangePasswordInput {
  @Field(() => String, { description: 'The password you have.' })
  currentPassword!: string;

  @Field(() => String, { description: 'New password of 10 to 128 characters.' })
  newPassword!: string;
}

/** Input of `changeEmail`. */
@InputType({ description: 'The address you want.' })
export class ChangeEmailInput {
  @Field(() => String, { description: 'Your password.' })
  password!: string;

  @Field(() => EmailAddress, { description: 'New e-mail address, at most 254 characters.' })
  email!: string;
}
