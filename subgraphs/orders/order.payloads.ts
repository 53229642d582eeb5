/** What the mutations answer. */
import { Directive, Field, ObjectType } from 'type-graphql';
import { Payload } from '../../platform/graph/user-errors';
import { Order } from './order.type';

/** Of placeOrder. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'The order, or why there is none.' })
export class PlaceOrderPayload extends Payload {
  @Field(() => Order, {
    nullable: true,
    description:
      'CONFIRMED; or PENDING when the provider is slow, or waits for the buyer (`nextAction`): watch it. Null: nothing was charged, the cart is as before.',
  })
  order?: Order | null;
}

/** Of cancelOrder. */
@ObjectType({ description: 'The cancelled order, or why it was not.' })
export class CancelOrderPayload extends Payload {
  @Field(() => Order, { nullable: true, description: 'The order; null when nothing happened.' })
  order?: Order | null;
}

/** Of startProcessing. */
@Directive('@tag(name: "staff")')
@ObjectType({ description: 'The order that is being prepared, or why not.' })
export class StartProcessingPayload extends Payload {
  @Field(() => Order, { nullable: true, description: 'The order; null when nothing happened.' })
  order?: Order | null;
}

/** Of shipOrder. */
@Directive('@tag(name: "staff")')
@ObjectType({ description: 'The order with its new parcel, or why there is none.' })
export class ShipOrderPayload extends Payload {
  @Field(() => Order, { nullable: true, description: 'The order; null when nothing was shipped.' })
  order?: Order | null;
}

/** Of confirmDelivery. */
@Directive('@tag(name: "staff")')
@ObjectType({ description: 'The order whose parcels have arrived, or why not.' })
export class ConfirmDeliveryPayload extends Payload {
  @Field(() => Order, { nullable: true, description: 'The order; null when nothing happened.' })
  order?: Order | null;
}
