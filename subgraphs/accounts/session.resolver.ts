import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { payload } from '../../platform/graph/user-errors';
import type { GraphContext } from '../../platform/subgraph';
import { logIn } from './log-in';
import { logOut } from './log-out';
import { logOutEverywhere } from './log-out-everywhere';
import type { SignedIn } from './open-session';
import { refreshSession } from './refresh-session';
import { register } from './register';
import type { AccountsServices } from './services';
import {
  LoginInput,
  LoginPayload,
  LogoutEverywherePayload,
  LogoutPayload,
  RefreshSessionInput,
  RefreshSessionPayload,
  RegisterInput,
  RegisterPayload,
  type SignedInPayload,
} from './session.type';
import { userOf } from './user.resolver';

type Context = GraphContext<AccountsServices>;

/** Coming and going. */
@Resolver()
export class SessionResolver {
  @Mutation(() => RegisterPayload, {
    nullable: true,
    description: 'Makes an account and signs it in at once. CONFLICT when the e-mail address has one already.',
  })
  register(
    @Arg('input', () => RegisterInput, { description: 'The new account.' }) input: RegisterInput,
    @Ctx() context: Context,
  ): Promise<RegisterPayload> {
    return goOnAs(context, () => register(context.services, input, context.requestId));
  }

  @Mutation(() => LoginPayload, {
    nullable: true,
    description:
      'Signs in. The user error UNAUTHENTICATED does not say whether the address or the password was wrong. After 5 wrong passwords in 15 minutes the GraphQL error RATE_LIMIT_EXCEEDED, whether or not there is such an account; `details.retryAfter` says in how many seconds to try again.',
  })
  login(
    @Arg('input', () => LoginInput, { description: 'Credentials.' }) input: LoginInput,
    @Ctx() context: Context,
  ): Promise<LoginPayload> {
    return goOnAs(context, () => logIn(context.services, input, context));
  }

  @Mutation(() => RefreshSessionPayload, {
    nullable: true,
    description:
      'Gives new tokens for a refresh token, which is spent with it. Within 10 seconds the old one gives the same successor again, so a lost answer can be fetched; later its use ends the session, for somebody else has a copy. UNAUTHENTICATED (a GraphQL error) when it is void: log in again.',
  })
  refreshSession(
    @Arg('input', () => RefreshSessionInput, { description: 'The session to go on with.' }) input: RefreshSessionInput,
    @Ctx() context: Context,
  ): Promise<RefreshSessionPayload> {
    return goOnAs(context, () => refreshSession(context.services, input, context.requestId));
  }

  @Mutation(() => LogoutPayload, {
    nullable: true,
    description: 'Ends this session: its refresh token is void at once, its access token within seconds. Forget both.',
  })
  logout(@Ctx() context: Context): Promise<LogoutPayload> {
    const { services, principal, requestId } = context;
    return payload('user', async () => userOf(await logOut(services, principal, requestId)));
  }

  @Mutation(() => LogoutEverywherePayload, {
    nullable: true,
    description: 'Ends all your sessions, on all devices: their tokens are void within seconds.',
  })
  logoutEverywhere(@Ctx() context: Context): Promise<LogoutEverywherePayload> {
    const { services, principal, requestId } = context;
    return payload('user', async () => userOf(await logOutEverywhere(services, principal, requestId)));
  }
}

/** Signs in; what else the operation selects runs as that user. */
async function goOnAs(context: Context, signIn: () => Promise<SignedIn>): Promise<SignedInPayload> {
  const { signedIn, userErrors } = await payload('signedIn', signIn);
  if (signedIn === null) return { session: null, user: null, userErrors };
  context.become(signedIn.principal, signedIn.tokens.accessToken);
  return { session: signedIn.tokens, user: userOf(signedIn.principal.id), userErrors };
}
