import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { payload } from '../../../platform/graph/user-errors';
import { fromId } from '../../../platform/ids';
import type { GraphContext } from '../../../platform/subgraph';
import { viewOf } from '../account.rules';
import type { AccountsServices } from '../services';
import { User } from '../user.type';
import { ActiveSession, RevokeSessionInput, RevokeSessionPayload } from './active-session.type';
import { activeSessionsByUser } from './active-sessions.loaders';
import { revokeSession } from './revoke-session';

type Context = GraphContext<AccountsServices>;

/** Where somebody is signed in. */
@Resolver(() => User)
export class ActiveSessionResolver {
  @FieldResolver(() => [ActiveSession], {
    nullable: true,
    description:
      'Where you are signed in, the last used first. At most 100: signing in once more ends the one longest unused. For yourself and admins.',
  })
  async sessions(@Root() user: User, @Ctx() context: Context): Promise<ActiveSession[] | null> {
    const userId = fromId('user', user.id);
    if (userId === null || viewOf(context.principal, userId) !== 'all') return null;
    const rows = await activeSessionsByUser(context).load(userId);
    return rows.map((row) => ActiveSession.of(row, context.principal));
  }

  @Mutation(() => RevokeSessionPayload, {
    nullable: true,
    description:
      'Ends one of your sessions: its refresh token is void at once, its access token within seconds. NOT_FOUND when it is over.',
  })
  revokeSession(
    @Arg('input', () => RevokeSessionInput, { description: 'Which one.' }) input: RevokeSessionInput,
    @Ctx() context: Context,
  ): Promise<RevokeSessionPayload> {
    const { services, principal, requestId } = context;
    return payload('session', async () => {
      const row = await revokeSession(services, principal, input, requestId);
      activeSessionsByUser(context).clear(row.userId);
      return ActiveSession.of(row, principal);
    });
  }
}
