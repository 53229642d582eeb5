/** Webhooks as partners see them. */
import { Field, ID, Int, ObjectType, registerEnumType } from 'type-graphql';
import { connectionType } from '../../../platform/graph/connection';
import { DateTime, UrlScalar } from '../../../platform/graph/scalars';
import { toId } from '../../../platform/ids';
import type { Sealer } from '../../../platform/seal';
import { toCursor } from '../event-cursor';
import type { OrderStatus } from '../messages';
import type { OrderEventType } from '../order-event.entity';
import { orderEventTypes, orderStatuses } from '../order.enums';
import type { DeliveryRow } from './delivery-pages';
import type { EndpointRow } from './endpoint-store';
import { messageId } from './message';
import type { WebhookDeliveryStatus, WebhookEndpointStatus } from './webhook.rules';

/** WebhookEndpointStatus. */
export const webhookEndpointStatuses: Record<WebhookEndpointStatus, WebhookEndpointStatus> = {
  ACTIVE: 'ACTIVE',
  PAUSED: 'PAUSED',
  DISABLED: 'DISABLED',
};
registerEnumType(webhookEndpointStatuses, {
  name: 'WebhookEndpointStatus',
  description: 'Whether webhooks are sent to an endpoint. Values may be added.',
  valuesConfig: {
    ACTIVE: { description: 'They are.' },
    PAUSED: { description: 'Its owner has stopped it. What happens meanwhile is sent when it is ACTIVE again.' },
    DISABLED: {
      description:
        'The shop has stopped it: the receiver answered 410, or nothing else than failures for five days. Its owner may make it ACTIVE again.',
    },
  },
});

const webhookDeliveryStatuses: Record<WebhookDeliveryStatus, WebhookDeliveryStatus> = {
  PENDING: 'PENDING',
  DELIVERED: 'DELIVERED',
  FAILED: 'FAILED',
};
registerEnumType(webhookDeliveryStatuses, {
  name: 'WebhookDeliveryStatus',
  description: 'Where a delivery stands.',
  valuesConfig: {
    PENDING: { description: 'To be tried, or tried again.' },
    DELIVERED: { description: 'The receiver has answered with 2xx.' },
    FAILED: { description: 'Given up after the last attempt, or after 410. `replayWebhookEvents` sends it again.' },
  },
});

/** An event on its way to an endpoint. */
@ObjectType({ description: 'An event of an order on its way to an endpoint.' })
export class WebhookDelivery {
  @Field(() => ID, { description: 'Global id, `dlv_…`.' })
  id!: string;

  @Field(() => String, {
    description: 'The header `webhook-id`, `evt_…`: the same for an event at every attempt and replay.',
  })
  messageId!: string;

  @Field(() => String, { description: "The event's cursor." })
  eventCursor!: string;

  @Field(() => orderEventTypes, { description: 'What the event is about.' })
  eventType!: OrderEventType;

  @Field(() => ID, { description: 'The order, `ord_…`.' })
  orderId!: string;

  @Field(() => orderStatuses, { description: "The order's status after the event." })
  orderStatus!: OrderStatus;

  @Field(() => webhookDeliveryStatuses, { description: 'Where it stands.' })
  status!: WebhookDeliveryStatus;

  @Field(() => Int, { description: 'How often it was tried; from 0 again when it is replayed.' })
  attempts!: number;

  @Field(() => Int, {
    nullable: true,
    description: 'HTTP status of the last answer; null while there is none, and when the last attempt got none.',
  })
  responseStatus?: number | null;

  @Field(() => String, { nullable: true, description: 'Why the last attempt got no answer; null when it got one.' })
  error?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was last tried; null before.' })
  lastAttemptAt?: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description:
      'When it is tried next at the earliest: after what happened to its order before, and while its endpoint is ACTIVE. Null when it is over.',
  })
  nextAttemptAt?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'When the receiver took it; null until then.' })
  deliveredAt?: Date | null;

  @Field(() => DateTime, { description: 'When it was taken from the log of events.' })
  createdAt!: Date;

  /** From its row. */
  static of({ position, ...row }: DeliveryRow): WebhookDelivery {
    return Object.assign(new WebhookDelivery(), {
      ...row,
      id: toId('dlv', row.id),
      orderId: toId('ord', row.orderId),
      messageId: messageId(BigInt(position)),
      eventCursor: toCursor(BigInt(position)),
    });
  }
}

/** A page of deliveries. */
export const WebhookDeliveryConnection = connectionType(WebhookDelivery, 'WebhookDelivery', 'deliveries');

/** An endpoint. */
@ObjectType({ description: 'A URL to which the shop sends the events of its owner’s orders.' })
export class WebhookEndpoint {
  @Field(() => ID, { description: 'Global id, `hook_…`.' })
  id!: string;

  @Field(() => UrlScalar, { description: 'Where webhooks are sent.' })
  url!: string;

  @Field(() => [orderEventTypes], { description: 'Which events are sent.' })
  types!: OrderEventType[];

  @Field(() => String, { nullable: true, description: 'What its owner says about it.' })
  description?: string | null;

  @Field(() => webhookEndpointStatuses, { description: 'Whether webhooks are sent.' })
  status!: WebhookEndpointStatus;

  @Field(() => String, {
    description: 'Its place in the log of events: what comes after it is not among `deliveries` yet.',
  })
  cursor!: string;

  @Field(() => DateTime, {
    nullable: true,
    description:
      'Since when every attempt has failed; null when the last one succeeded. After five days it is DISABLED.',
  })
  failingSince?: Date | null;

  @Field(() => DateTime, { description: 'When it was made.' })
  createdAt!: Date;

  /** The row's uuid, for what is resolved from it. */
  readonly uuid!: string;

  /** From its row. */
  static of(row: EndpointRow, sealer: Sealer): WebhookEndpoint {
    const { id, url, types, description, status, position, failingSince, createdAt } = row;
    return Object.assign(new WebhookEndpoint(), {
      ...{ id: toId('hook', id), uuid: id, url: sealer.open(url), types, status, failingSince, createdAt },
      description: description === null ? null : sealer.open(description),
      cursor: toCursor(BigInt(position)),
    });
  }
}
