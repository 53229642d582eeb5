import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { payload } from '../../../platform/graph/user-errors';
import type { GraphContext } from '../../../platform/subgraph';
import type { AccountsServices } from '../services';
import { reread } from '../user.resolver';
import { changeEmail } from './change-email';
import { changePassword } from './change-password';
import {
  ChangeEmailInput,
  ChangeEmailPayload,
  ChangePasswordInput,
  ChangePasswordPayload,
  RequestEmailVerificationPayload,
  RequestPasswordResetInput,
  RequestPasswordResetPayload,
  ResetPasswordInput,
  ResetPasswordPayload,
  VerifyEmailInput,
  VerifyEmailPayload,
} from './credentials.type';
import { requestEmailVerification } from './request-email-verification';
import { requestPasswordReset } from './request-password-reset';
import { resetPassword } from './reset-password';
import { verifyEmail } from './verify-email';

type Context = GraphContext<AccountsServices>;

/** What somebody proves who they are with: address and password. */
@Resolver()
export class CredentialsResolver {
  @Mutation(() => VerifyEmailPayload, {
    nullable: true,
    description:
      'Confirms an e-mail address by the token of a link that was mailed to it: after `register`, `requestEmailVerification` or `changeEmail`. Needs no session. NOT_FOUND when the token is void.',
  })
  verifyEmail(
    @Arg('input', () => VerifyEmailInput, { description: 'The token.' }) input: VerifyEmailInput,
    @Ctx() context: Context,
  ): Promise<VerifyEmailPayload> {
    return payload('user', async () => reread(context, await verifyEmail(context.services, input, context)));
  }

  @Mutation(() => RequestEmailVerificationPayload, {
    nullable: true,
    description:
      'Mails you a new link to confirm your address; the last one is void then. CONFLICT if it is confirmed.',
  })
  requestEmailVerification(@Ctx() context: Context): Promise<RequestEmailVerificationPayload> {
    const { services, principal, requestId } = context;
    return payload('user', async () => reread(context, await requestEmailVerification(services, principal, requestId)));
  }

  @Mutation(() => RequestPasswordResetPayload, {
    nullable: true,
    description:
      'Mails a link to choose a new password, if the address has an account; the answer does not tell. Good for an hour.',
  })
  requestPasswordReset(
    @Arg('input', () => RequestPasswordResetInput, { description: 'Whose password.' })
    input: RequestPasswordResetInput,
    @Ctx() { services, requestId }: Context,
  ): Promise<RequestPasswordResetPayload> {
    return payload('requested', () => requestPasswordReset(services, input, requestId));
  }

  @Mutation(() => ResetPasswordPayload, {
    nullable: true,
    description:
      'Sets a new password by the token of a link that was mailed, and ends all sessions: log in again. NOT_FOUND when the token is void.',
  })
  resetPassword(
    @Arg('input', () => ResetPasswordInput, { description: 'Token and password.' }) input: ResetPasswordInput,
    @Ctx() context: Context,
  ): Promise<ResetPasswordPayload> {
    return payload('user', async () => reread(context, await resetPassword(context.services, input, context)));
  }

  @Mutation(() => ChangePasswordPayload, {
    nullable: true,
    description:
      'Changes your password and ends your other sessions. UNAUTHENTICATED, as a user error, when the current one is wrong.',
  })
  changePassword(
    @Arg('input', () => ChangePasswordInput, { description: 'Both passwords.' }) input: ChangePasswordInput,
    @Ctx() context: Context,
  ): Promise<ChangePasswordPayload> {
    const { services, principal } = context;
    return payload('user', async () => reread(context, await changePassword(services, principal, input, context)));
  }

  @Mutation(() => ChangeEmailPayload, {
    nullable: true,
    description:
      'Mails a link to the address you want; yours changes when it is used (`verifyEmail`). CONFLICT when that address has an account.',
  })
  changeEmail(
    @Arg('input', () => ChangeEmailInput, { description: 'Password and address.' }) input: ChangeEmailInput,
    @Ctx() context: Context,
  ): Promise<ChangeEmailPayload> {
    const { services, principal } = context;
    return payload('user', async () => reread(context, await changeEmail(services, principal, input, context)));
  }
}
