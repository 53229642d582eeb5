/** Queries and mutations of API clients. They only call use cases. */
import { Arg, Args, Ctx, Directive, Mutation, Query, Resolver } from 'type-graphql';
import { PageArgs, type Connection } from '../../../platform/graph/connection';
import { payload, type UserError } from '../../../platform/graph/user-errors';
import type { GraphContext } from '../../../platform/subgraph';
import type { AccountsServices } from '../services';
import type { ApiClientRow } from './api-client.rows';
import {
  ApiClient,
  ApiClientConnection,
  CreateApiClientInput,
  CreateApiClientPayload,
  RevokeApiClientInput,
  RevokeApiClientPayload,
  RotateApiClientKeyInput,
  RotateApiClientKeyPayload,
  showKey,
  UpdateApiClientInput,
  UpdateApiClientPayload,
  type ShownKey,
} from './api-client.type';
import { createApiClient, type NewKey } from './create-api-client';
import { listApiClients } from './list-api-clients';
import { revokeApiClient } from './revoke-api-client';
import { rotateApiClientKey } from './rotate-api-client-key';
import { updateApiClient } from './update-api-client';

type Context = GraphContext<AccountsServices>;
type Answer = Promise<{ apiClient: ApiClient | null; userErrors: UserError[] }>;
type KeyAnswer = Promise<ShownKey & { userErrors: UserError[] }>;

/** Root fields. */
@Resolver()
export class ApiClientResolver {
  @Query(() => ApiClientConnection, {
    nullable: true,
    description: "A partner's own API clients, for admins everybody's, the newest first; revoked ones too.",
  })
  async apiClients(@Args(() => PageArgs) args: PageArgs, @Ctx() context: Context): Promise<Connection<ApiClient>> {
    const { services, principal } = context;
    const { page, count } = await listApiClients(services, principal, args);
    const edges = page.edges.map(({ cursor, node }) => ({ cursor, node: ApiClient.of(node, services.sealer) }));
    return ApiClientConnection.of({ ...page, edges }, count);
  }

  @Mutation(() => CreateApiClientPayload, {
    nullable: true,
    description: 'Makes an API client and shows its key, this once. For partners. CONFLICT when there are 20 already.',
  })
  createApiClient(
    @Arg('input', () => CreateApiClientInput, { description: 'The new API client.' }) input: CreateApiClientInput,
    @Ctx() context: Context,
  ): KeyAnswer {
    const { services, principal, requestId } = context;
    return withKey(context, () => createApiClient(services, principal, input, requestId));
  }

  @Mutation(() => RotateApiClientKeyPayload, {
    nullable: true,
    description:
      'Gives an API client a new key, shown this once; the old ones stay good for a while, so that the program can be changed. After a leak say `overlapHours: 0`, which also ends tokens got with them, within 5 seconds. For its partner and admins.',
  })
  rotateApiClientKey(
    @Arg('input', () => RotateApiClientKeyInput, { description: 'Which.' }) input: RotateApiClientKeyInput,
    @Ctx() context: Context,
  ): KeyAnswer {
    const { services, principal, requestId } = context;
    return withKey(context, () => rotateApiClientKey(services, principal, input, requestId));
  }

  @Mutation(() => RevokeApiClientPayload, {
    nullable: true,
    description:
      'Ends an API client for good: its keys at once, its access tokens and all that it keeps open within 5 seconds. Its orders stay. For its partner and admins.',
  })
  revokeApiClient(
    @Arg('input', () => RevokeApiClientInput, { description: 'Which.' }) input: RevokeApiClientInput,
    @Ctx() context: Context,
  ): Answer {
    const { services, principal, requestId } = context;
    return answer(context, () => revokeApiClient(services, principal, input, requestId));
  }

  @Directive('@tag(name: "staff")')
  @Mutation(() => UpdateApiClientPayload, {
    nullable: true,
    description: 'Sets what an API client may use. Admins only.',
  })
  updateApiClient(
    @Arg('input', () => UpdateApiClientInput, { description: 'Which, and what.' }) input: UpdateApiClientInput,
    @Ctx() context: Context,
  ): Answer {
    const { services, principal, requestId } = context;
    return answer(context, () => updateApiClient(services, principal, input, requestId));
  }
}

function answer({ services }: Context, change: () => Promise<ApiClientRow>): Answer {
  return payload('apiClient', async () => ApiClient.of(await change(), services.sealer));
}

async function withKey({ services }: Context, make: () => Promise<NewKey>): KeyAnswer {
  const { made, userErrors } = await payload('made', make);
  return { ...showKey(made, services.sealer), userErrors };
}
