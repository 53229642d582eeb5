/** Events of orders as clients see them. */
import { Directive, Field, ObjectType } from 'type-graphql';
import { DateTime } from '../../platform/graph/scalars';
import type { OrderStatus } from './messages';
import { actorKinds, orderEventTypes, orderStatuses, orderUpdateKinds } from './order.enums';
import type { ActorKind, OrderEventType } from './order-event.entity';
import { Order } from './order.type';
import type { OrderUpdateKind } from './order-update';

/** Who did it. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Who made something happen.' })
export class Actor {
  @Field(() => actorKinds, { description: 'In which capacity.' })
  kind!: ActorKind;

  /** Of a buyer. */
  buyersName?: string | null;
  /** Of whoever else it was, if anybody. */
  actorId?: string | null;
}

/** An event. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Something that happened to an order.' })
export class OrderEvent {
  @Field(() => String, {
    description:
      'Its place in the log of all orders: give it as `after` to `timeline` or to a subscription to go on from here.',
  })
  cursor!: string;

  @Field(() => orderEventTypes, { description: 'What it is about.' })
  type!: OrderEventType;

  @Field(() => orderStatuses, { description: "The order's status after it." })
  status!: OrderStatus;

  @Field(() => DateTime, { description: 'When it happened.' })
  occurredAt!: Date;

  @Field(() => String, { nullable: true, description: 'Why, in the words of whoever did it.' })
  reason?: string | null;

  @Field(() => Actor, { description: 'Who made it happen.' })
  actor!: Actor;
}

/** What a subscription sends. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'News of an order.' })
export class OrderUpdate {
  @Field(() => String, {
    description:
      "Subscribe again with it as `after`, and nothing is missed. It is the event's own; of a gap the place from which it goes on.",
  })
  cursor!: string;

  @Field(() => orderUpdateKinds, { description: 'Why it is sent.' })
  kind!: OrderUpdateKind;

  @Field(() => OrderEvent, { description: 'What happened; of a snapshot the newest event.' })
  event!: OrderEvent;

  @Field(() => Order, { description: 'The order as it is when this is sent.' })
  order!: Order;
}
