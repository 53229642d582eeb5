import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { JsonScalar } from '../../../platform/graph/scalars';
import { payload } from '../../../platform/graph/user-errors';
import { fromId } from '../../../platform/ids';
import type { GraphContext } from '../../../platform/subgraph';
import type { AccountsServices } from '../services';
import { reread } from '../user.resolver';
import { User } from '../user.type';
import { dataExportsByUser, exportContents } from './data-exports.loaders';
import { deleteAccount } from './delete-account';
import { DataExport, DeleteAccountInput, DeleteAccountPayload, RequestDataExportPayload } from './personal-data.type';
import { requestDataExport } from './request-data-export';

type Context = GraphContext<AccountsServices>;

/** Somebody's right to have their data, and to have it forgotten. */
@Resolver(() => DataExport)
export class PersonalDataResolver {
  @Mutation(() => RequestDataExportPayload, {
    nullable: true,
    description:
      'Collects all that the shop holds of you: ask `me { dataExports }` until it is READY. At most one an hour, else CONFLICT.',
  })
  requestDataExport(@Ctx() { services, principal, requestId }: Context): Promise<RequestDataExportPayload> {
    return payload('dataExport', async () => DataExport.of(await requestDataExport(services, principal, requestId)));
  }

  @Mutation(() => DeleteAccountPayload, {
    nullable: true,
    description:
      'Deletes your account: profile, addresses, sessions, API clients, carts and saved cards at once, names and addresses of orders when they are delivered or cancelled. Orders themselves stay. What your API clients ordered counts as yours. It cannot be taken back. UNAUTHENTICATED, as a user error, when the password is wrong.',
  })
  deleteAccount(
    @Arg('input', () => DeleteAccountInput, { description: 'Your password.' }) input: DeleteAccountInput,
    @Ctx() context: Context,
  ): Promise<DeleteAccountPayload> {
    const { services, principal } = context;
    return payload('user', async () => reread(context, await deleteAccount(services, principal, input, context)));
  }

  @FieldResolver(() => JsonScalar, {
    nullable: true,
    description: 'What was collected, by part of the shop; null until it is READY.',
  })
  async content(@Root() { row }: DataExport, @Ctx() context: Context): Promise<unknown> {
    return row.readyAt === null ? null : exportContents(context).load(row.id);
  }
}

/** The exports of a user. */
@Resolver(() => User)
export class UserDataExportsResolver {
  @FieldResolver(() => [DataExport], {
    nullable: true,
    description: 'Exports of your data that can still be fetched, the newest first, at most 10. For yourself alone.',
  })
  async dataExports(@Root() user: User, @Ctx() context: Context): Promise<DataExport[] | null> {
    const userId = fromId('user', user.id);
    if (userId === null || context.principal.kind !== 'user' || context.principal.id !== userId) return null;
    return (await dataExportsByUser(context).load(userId)).map((row) => DataExport.of(row));
  }
}
