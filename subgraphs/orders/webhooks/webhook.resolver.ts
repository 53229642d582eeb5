/** Queries and mutations of webhooks. They only call use cases. */
import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { requireUser } from '../../../platform/auth/guard';
import { PageArgs, pageOf } from '../../../platform/graph/connection';
import { payload, type UserError } from '../../../platform/graph/user-errors';
import { fromId } from '../../../platform/ids';
import type { GraphContext } from '../../../platform/subgraph';
import type { OrdersServices } from '../services';
import { createEndpoint, type NewSecret } from './create-endpoint';
import { deleteEndpoint } from './delete-endpoint';
import { deliveryCount, deliveryRows, parseDeliveryPage } from './delivery-pages';
import { endpointsOf, visibleEndpoint, type EndpointRow } from './endpoint-store';
import { replayEvents } from './replay-events';
import { rotateSecret } from './rotate-secret';
import { updateEndpoint } from './update-endpoint';
import {
  CreateWebhookEndpointInput,
  DeleteWebhookEndpointInput,
  ReplayWebhookEventsInput,
  RotateWebhookSecretInput,
  UpdateWebhookEndpointInput,
} from './webhook.inputs';
import {
  CreateWebhookEndpointPayload,
  DeleteWebhookEndpointPayload,
  ReplayWebhookEventsPayload,
  RotateWebhookSecretPayload,
  UpdateWebhookEndpointPayload,
} from './webhook.payloads';
import { WebhookDelivery, WebhookDeliveryConnection, WebhookEndpoint } from './webhook.type';

type Context = GraphContext<OrdersServices>;
type Answer = Promise<{ webhookEndpoint: WebhookEndpoint | null; userErrors: UserError[] }>;
type SecretAnswer = Promise<Awaited<Answer> & { secret: string | null }>;

const WHICH = { description: 'Which.' };

/** Root fields. */
@Resolver()
export class WebhookResolver {
  @Query(() => WebhookEndpoint, {
    nullable: true,
    description: 'One endpoint, for its owner and for admins. Null if there is none to see.',
  })
  async webhookEndpoint(
    @Arg('id', () => ID, { description: 'Global id, `hook_…`.' }) id: string,
    @Ctx() { services, principal }: Context,
  ): Promise<WebhookEndpoint | null> {
    const uuid = fromId('hook', id);
    const row = uuid === null ? null : await visibleEndpoint(services, principal, uuid);
    return row && WebhookEndpoint.of(row, services.sealer);
  }

  @Query(() => [WebhookEndpoint], { nullable: true, description: "The caller's endpoints, oldest first, at most 10." })
  async webhookEndpoints(@Ctx() { services, principal }: Context): Promise<WebhookEndpoint[]> {
    const rows = await endpointsOf(services, requireUser(principal));
    return rows.map((row) => WebhookEndpoint.of(row, services.sealer));
  }

  @Mutation(() => CreateWebhookEndpointPayload, {
    nullable: true,
    description:
      'Has the events of your orders sent to a URL from now on, signed as Standard Webhooks has it. For partners. CONFLICT when there are 10 already.',
  })
  createWebhookEndpoint(
    @Arg('input', () => CreateWebhookEndpointInput, { description: 'Where, and which.' })
    input: CreateWebhookEndpointInput,
    @Ctx() { services, principal, requestId }: Context,
  ): SecretAnswer {
    return withSecret(services, () => createEndpoint(services, principal, input, requestId));
  }

  @Mutation(() => UpdateWebhookEndpointPayload, {
    nullable: true,
    description: 'Changes one of your endpoints, stops it or lets it go on.',
  })
  updateWebhookEndpoint(
    @Arg('input', () => UpdateWebhookEndpointInput, { description: 'What changes.' }) input: UpdateWebhookEndpointInput,
    @Ctx() { services, principal, requestId }: Context,
  ): Answer {
    return shown(services, () => updateEndpoint(services, principal, input, requestId));
  }

  @Mutation(() => RotateWebhookSecretPayload, {
    nullable: true,
    description:
      'Gives one of your endpoints a new secret. For 24 hours its webhooks carry a signature with the old one, too.',
  })
  rotateWebhookSecret(
    @Arg('input', () => RotateWebhookSecretInput, WHICH) input: RotateWebhookSecretInput,
    @Ctx() { services, principal, requestId }: Context,
  ): SecretAnswer {
    return withSecret(services, () => rotateSecret(services, principal, input, requestId));
  }

  @Mutation(() => DeleteWebhookEndpointPayload, {
    nullable: true,
    description: 'Deletes one of your endpoints with its deliveries. Nothing more is sent.',
  })
  deleteWebhookEndpoint(
    @Arg('input', () => DeleteWebhookEndpointInput, WHICH) input: DeleteWebhookEndpointInput,
    @Ctx() { services, principal, requestId }: Context,
  ): Answer {
    return shown(services, () => deleteEndpoint(services, principal, input, requestId));
  }

  @Mutation(() => ReplayWebhookEventsPayload, {
    nullable: true,
    description: 'Sends everything after a cursor again, in order and under the same message ids.',
  })
  replayWebhookEvents(
    @Arg('input', () => ReplayWebhookEventsInput, { description: 'Where, and from when.' })
    input: ReplayWebhookEventsInput,
    @Ctx() { services, principal, requestId }: Context,
  ): Answer {
    return shown(services, () => replayEvents(services, principal, input, requestId));
  }
}

/** An endpoint's deliveries. */
@Resolver(() => WebhookEndpoint)
export class WebhookEndpointResolver {
  @FieldResolver(() => WebhookDeliveryConnection, {
    nullable: true,
    description: 'What was sent and what will be, newest event first. What is over is kept for 30 days.',
  })
  async deliveries(
    @Root() { uuid }: WebhookEndpoint,
    @Ctx() context: Context,
    @Args(() => PageArgs) args: PageArgs,
  ): Promise<InstanceType<typeof WebhookDeliveryConnection>> {
    const page = parseDeliveryPage(args);
    const rows = await deliveryRows(context).load({ endpointId: uuid, page });
    const result = pageOf(
      page,
      rows,
      (row) => WebhookDelivery.of(row),
      ({ position }) => [position],
    );
    return WebhookDeliveryConnection.of(result, () => deliveryCount(context).load(uuid));
  }
}

function shown({ sealer }: OrdersServices, useCase: () => Promise<EndpointRow>): Answer {
  return payload('webhookEndpoint', async () => WebhookEndpoint.of(await useCase(), sealer));
}

async function withSecret(services: OrdersServices, useCase: () => Promise<NewSecret>): SecretAnswer {
  let secret: string | null = null;
  const answer = await shown(services, async () => {
    const made = await useCase();
    secret = made.secret;
    return made.endpoint;
  });
  return { ...answer, secret };
}
