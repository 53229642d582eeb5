/** What clients send about webhooks. Checked in the use cases. */
import { Field, ID, InputType } from 'type-graphql';
import { UrlScalar } from '../../../platform/graph/scalars';
import type { OrderEventType } from '../order-event.entity';
import { orderEventTypes } from '../order.enums';
import type { WebhookEndpointStatus } from './webhook.rules';
import { webhookEndpointStatuses } from './webhook.type';

const URL_DESCRIPTION =
  'Where to send webhooks: `https://…`, at most 2,000 characters, without user and password, at a public address.';

/** Input of createWebhookEndpoint. */
@InputType({ description: 'Where webhooks are to be sent, and which.' })
export class CreateWebhookEndpointInput {
  @Field(() => UrlScalar, { description: URL_DESCRIPTION })
  url!: string;

  @Field(() => [orderEventTypes], { nullable: true, description: 'Which events; all when absent.' })
  types?: OrderEventType[] | null;

  @Field(() => String, { nullable: true, description: 'For yourself; at most 2,000 characters.' })
  description?: string | null;
}

/** Input of updateWebhookEndpoint. */
@InputType({ description: 'What changes; what is absent stays.' })
export class UpdateWebhookEndpointInput {
  @Field(() => ID, { description: 'The endpoint, `hook_…`.' })
  id!: string;

  @Field(() => UrlScalar, { nullable: true, description: URL_DESCRIPTION })
  url?: string | null;

  @Field(() => [orderEventTypes], {
    nullable: true,
    description: 'Which events, of those after the place in the log where the endpoint is now.',
  })
  types?: OrderEventType[] | null;

  @Field(() => String, { nullable: true, description: 'For yourself; at most 2,000 characters, empty for none.' })
  description?: string | null;

  @Field(() => webhookEndpointStatuses, {
    nullable: true,
    description: '`PAUSED` stops it, `ACTIVE` goes on with everything since; also when the shop had disabled it.',
  })
  status?: WebhookEndpointStatus | null;
}

/** Input of rotateWebhookSecret. */
@InputType({ description: 'Which endpoint gets a new secret.' })
export class RotateWebhookSecretInput {
  @Field(() => ID, { description: 'The endpoint, `hook_…`.' })
  id!: string;
}

/** Input of deleteWebhookEndpoint. */
@InputType({ description: 'Which endpoint goes.' })
export class DeleteWebhookEndpointInput {
  @Field(() => ID, { description: 'The endpoint, `hook_…`.' })
  id!: string;
}

/** Input of replayWebhookEvents. */
@InputType({ description: 'What is sent again.' })
export class ReplayWebhookEventsInput {
  @Field(() => ID, { description: 'The endpoint, `hook_…`.' })
  id!: string;

  @Field(() => String, {
    description:
      'Cursor of an order event, from a webhook, a delivery, `Order.timeline` or a subscription: everything after it is sent again.',
  })
  after!: string;
}
