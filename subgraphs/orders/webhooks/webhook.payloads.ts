/** What the mutations of webhooks answer. */
import { Field, ObjectType } from 'type-graphql';
import { Payload } from '../../../platform/graph/user-errors';
import { WebhookEndpoint } from './webhook.type';

/** Common part. */
@ObjectType()
abstract class EndpointPayload extends Payload {
  @Field(() => WebhookEndpoint, { nullable: true, description: 'The endpoint; null when nothing happened.' })
  webhookEndpoint?: WebhookEndpoint | null;
}

/** Common part of those that make a secret. */
@ObjectType()
abstract class SecretPayload extends EndpointPayload {
  @Field(() => String, {
    nullable: true,
    description:
      'What its webhooks are signed with, `whsec_…`. Keep it: it is shown this once. Null when nothing happened.',
  })
  secret?: string | null;
}

/** Of createWebhookEndpoint. */
@ObjectType({ description: 'The new endpoint with its secret, or why there is none.' })
export class CreateWebhookEndpointPayload extends SecretPayload {}

/** Of rotateWebhookSecret. */
@ObjectType({ description: 'The endpoint with its new secret, or why there is none.' })
export class RotateWebhookSecretPayload extends SecretPayload {}

/** Of updateWebhookEndpoint. */
@ObjectType({ description: 'The changed endpoint, or why it was not changed.' })
export class UpdateWebhookEndpointPayload extends EndpointPayload {}

/** Of deleteWebhookEndpoint. */
@ObjectType({ description: 'The endpoint as it was, or why it was not deleted.' })
export class DeleteWebhookEndpointPayload extends EndpointPayload {}

/** Of replayWebhookEvents. */
@ObjectType({ description: 'The endpoint, back at the cursor; or why it is not.' })
export class ReplayWebhookEventsPayload extends EndpointPayload {}
