/** Live updates of an order. */
import { Args, ArgsType, Ctx, Directive, Field, ID, Resolver, Root, Subscription } from 'type-graphql';
import { z } from 'zod';
import { Fault } from '../../platform/errors';
import { validateArguments } from '../../platform/graph/validate';
import { fromId } from '../../platform/ids';
import type { GraphContext } from '../../platform/subgraph';
import { fromCursor } from './event-cursor';
import { accessOf, hasToken } from './order-access';
import { ORDER_EVENT_TYPES, type OrderEventType } from './order-event.entity';
import { OrderUpdate } from './order-event.type';
import { orderEventTypes } from './order.enums';
import { Order } from './order.type';
import type { OrdersServices } from './services';
import { showEvent } from './show-event';
import { watchOrder, type Update } from './watch-order';

type Context = GraphContext<OrdersServices>;

/** What most clients want to hear of. */
const DEFAULT_TYPES: OrderEventType[] = ['STATUS_CHANGED', 'SHIPMENT_CHANGED'];

const schema = z.object({
  orderId: z.string(),
  token: z.string().nullish(),
  after: z.string().nullish(),
  types: z
    .array(z.enum(ORDER_EVENT_TYPES))
    .min(1, 'Must not be empty.')
    .max(50, 'Must have at most 50 values.')
    .nullish()
    .transform((types) => types ?? DEFAULT_TYPES),
});

/** Arguments of orderUpdated. */
@ArgsType()
class OrderUpdatedArgs {
  @Field(() => ID, { description: 'The order, `ord_…`.' })
  orderId!: string;

  @Field(() => String, { nullable: true, description: "A guest order's token." })
  token?: string | null;

  @Field(() => String, { nullable: true, description: 'Cursor of the last event that is known.' })
  after?: string | null;

  @Field(() => [orderEventTypes], {
    nullable: true,
    defaultValue: DEFAULT_TYPES,
    description: 'Events of these types only.',
  })
  types?: OrderEventType[] | null;
}

/** Subscription fields. */
@Resolver()
export class OrderSubscription {
  @Directive('@tag(name: "partner")')
  @Subscription(() => OrderUpdate, {
    description:
      'News of one order. Without `after` first a SNAPSHOT; with it everything since, once and in order. Then live. ' +
      'Ends with NOT_FOUND for an order that one may not see, with VALIDATION_ERROR for a bad cursor.',
    subscribe: ({ args, context }: { args: unknown; context: Context }) => open(args, context),
  })
  orderUpdated(
    @Root() { kind, event, order: row }: Update,
    @Ctx() { services, principal }: Context,
    @Args(() => OrderUpdatedArgs) { token }: OrderUpdatedArgs,
  ): OrderUpdate {
    const shown = showEvent(event, row, services.sealer);
    const order = new Order(row, services.clock.now(), hasToken(row, accessOf(principal, token)));
    return Object.assign(new OrderUpdate(), { cursor: shown.cursor, kind, event: shown, order });
  }
}

async function open(args: unknown, { services, principal }: Context): Promise<AsyncIterableIterator<Update>> {
  const { orderId, token, after, types } = validateArguments(schema, args);
  const uuid = fromId('ord', orderId);
  if (uuid === null) throw new Fault('NOT_FOUND');
  const position = after == null ? null : fromCursor(after);
  return watchOrder(services, accessOf(principal, token), { orderId: uuid, after: position, types });
}
