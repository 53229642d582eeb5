/** Live updates of orders. */
import { Args, ArgsType, Ctx, Directive, Field, ID, Resolver, Root, Subscription } from 'type-graphql';
import { z } from 'zod';
import { Fault } from '../../platform/errors';
import { validateArguments } from '../../platform/graph/validate';
import { fromId } from '../../platform/ids';
import type { GraphContext } from '../../platform/subgraph';
import { fromCursor, toCursor } from './event-cursor';
import { accessOf, hasToken } from './order-access';
import { ORDER_EVENT_TYPES, type OrderEventType } from './order-event.entity';
import { OrderUpdate } from './order-event.type';
import type { OrderStream } from './order-stream';
import type { Update } from './order-update';
import { orderEventTypes } from './order.enums';
import { OrderFilter } from './order.inputs';
import { Order } from './order.type';
import type { OrdersServices } from './services';
import { showEvent } from './show-event';
import { watchMyOrders, watchOrder, watchOrders } from './watch-orders';

type Context = GraphContext<OrdersServices>;

/** What most clients want to hear of. */
const DEFAULT_TYPES: OrderEventType[] = ['STATUS_CHANGED', 'SHIPMENT_CHANGED'];

const wanted = z.object({
  after: z
    .string()
    .nullish()
    .transform((cursor) => (cursor == null ? null : fromCursor(cursor))),
  types: z
    .array(z.enum(ORDER_EVENT_TYPES))
    .min(1, 'Must not be empty.')
    .max(50, 'Must have at most 50 values.')
    .nullish()
    .transform((types) => types ?? DEFAULT_TYPES),
});
const ofOne = wanted.extend({ orderId: z.string(), token: z.string().nullish() });

const After = Field(() => String, {
  nullable: true,
  description: 'Cursor of the last event that is known, from any subscription or a timeline.',
});
const Types = Field(() => [orderEventTypes], {
  nullable: true,
  defaultValue: DEFAULT_TYPES,
  description: 'Events of these types only.',
});

/** Arguments of orderUpdated. */
@ArgsType()
class OrderUpdatedArgs {
  @Field(() => ID, { description: 'The order, `ord_…`.' })
  orderId!: string;

  @Field(() => String, { nullable: true, description: "A guest order's token." })
  token?: string | null;

  @After
  after?: string | null;

  @Types
  types?: OrderEventType[] | null;
}

/** Arguments of myOrdersUpdated. */
@ArgsType()
class MyOrdersUpdatedArgs {
  @After
  after?: string | null;

  @Types
  types?: OrderEventType[] | null;
}

/** Arguments of ordersUpdated. */
@ArgsType()
class OrdersUpdatedArgs {
  @Field(() => OrderFilter, { nullable: true, description: 'Only orders that pass it when the update is sent.' })
  filter?: OrderFilter | null;

  @After
  after?: string | null;

  @Types
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
    subscribe: ({ args, context }: { args: unknown; context: Context }) => openOne(args, context),
  })
  orderUpdated(
    @Root() update: Update | Fault,
    @Ctx() context: Context,
    @Args(() => OrderUpdatedArgs) args: OrderUpdatedArgs,
  ): OrderUpdate {
    return show(update, context, args);
  }

  @Directive('@tag(name: "partner")')
  @Subscription(() => OrderUpdate, {
    description:
      'News of all orders of the signed-in user, for a partner of those of its API clients, also of those placed later. It starts live; with `after` everything since comes first, once and in order. Guests watch theirs with `orderUpdated`.',
    subscribe: ({ args, context: { services, principal } }: { args: unknown; context: Context }) =>
      watchMyOrders(services, principal, validateArguments(wanted, args)),
  })
  myOrdersUpdated(
    @Root() update: Update | Fault,
    @Ctx() context: Context,
    @Args(() => MyOrdersUpdatedArgs) args: MyOrdersUpdatedArgs,
  ): OrderUpdate {
    return show(update, context, args);
  }

  @Directive('@tag(name: "staff")')
  @Subscription(() => OrderUpdate, {
    description:
      'News of all orders, for support and admin. It starts live; with `after` everything since comes first, once and in order. Ends with FORBIDDEN within 5 s when the role is lost.',
    subscribe: ({ args, context: { services, principal } }: { args: OrdersUpdatedArgs; context: Context }) =>
      watchOrders(services, principal, { ...validateArguments(wanted, args), filter: args.filter }),
  })
  ordersUpdated(
    @Root() update: Update | Fault,
    @Ctx() context: Context,
    @Args(() => OrdersUpdatedArgs) args: OrdersUpdatedArgs,
  ): OrderUpdate {
    return show(update, context, args);
  }
}

function openOne(args: unknown, { services, principal }: Context): Promise<OrderStream> {
  const { orderId, token, ...begin } = validateArguments(ofOne, args);
  const uuid = fromId('ord', orderId);
  if (uuid === null) throw new Fault('NOT_FOUND');
  return watchOrder(services, accessOf(principal, token), uuid, begin);
}

/** The update as clients see it. A fault is what the stream ends with: thrown here, it is an error at the field. */
function show(update: Update | Fault, { services, principal }: Context, args: object): OrderUpdate {
  if (update instanceof Fault) throw update;
  const { kind, position, event, order: row } = update;
  const token = args instanceof OrderUpdatedArgs ? args.token : null;
  return Object.assign(new OrderUpdate(), {
    ...{ cursor: toCursor(position), kind },
    event: showEvent(event, row, services.sealer),
    order: new Order(row, services.clock.now(), hasToken(row, accessOf(principal, token))),
  });
}
