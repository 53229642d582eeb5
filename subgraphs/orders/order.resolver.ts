/** Queries and mutations of orders. They only call use cases. */
import { Arg, Args, Ctx, Directive, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { isStaff } from '../../platform/auth/principal';
import { PageArgs } from '../../platform/graph/connection';
import { payload, type UserError } from '../../platform/graph/user-errors';
import { fromId, toId } from '../../platform/ids';
import type { GraphContext } from '../../platform/subgraph';
import { cancelOrder } from './cancel-order';
import { confirmDelivery } from './confirm-delivery';
import { findOrder, orderAfter } from './find-order';
import { listOrders } from './list-orders';
import type { OrderSort } from './list-orders.rules';
import { ordersOf } from './order-access';
import { orderSorts } from './order.enums';
import {
  CancelOrderInput,
  ConfirmDeliveryInput,
  OrderFilter,
  PlaceOrderInput,
  ShipOrderInput,
  StartProcessingInput,
} from './order.inputs';
import {
  CancelOrderPayload,
  ConfirmDeliveryPayload,
  PlaceOrderPayload,
  ShipOrderPayload,
  StartProcessingPayload,
} from './order.payloads';
import { Order, OrderConnection } from './order.type';
import { placeOrder } from './place-order';
import type { OrdersServices } from './services';
import { shipOrder } from './ship-order';
import { startProcessing } from './start-processing';
import { User } from './stubs';

type Context = GraphContext<OrdersServices>;
type Orders = InstanceType<typeof OrderConnection>;
type Answer = Promise<{ order: Order | null; userErrors: UserError[] }>;

const FILTER = { nullable: true, description: 'Only these.' };
const SORT = { nullable: true, description: 'In this order; `NEWEST` when absent.' };

/** Root fields. */
@Resolver()
export class OrderResolver {
  @Directive('@shareable')
  @Query(() => User, { nullable: true })
  me(@Ctx() { principal }: Context): User | null {
    return principal.kind === 'user' ? Object.assign(new User(), { id: toId('user', principal.id) }) : null;
  }

  @Directive('@tag(name: "partner")')
  @Query(() => Order, {
    nullable: true,
    description: 'One order, by its id or its number; a guest adds its token. Null if there is none to see.',
  })
  order(
    @Ctx() { services, principal }: Context,
    @Arg('id', () => ID, { nullable: true, description: 'Global id, `ord_…`.' }) id?: string | null,
    @Arg('number', () => String, { nullable: true, description: 'Its number, in capitals or not.' })
    number?: string | null,
    @Arg('token', () => String, { nullable: true, description: "A guest order's token." }) token?: string | null,
  ): Promise<Order | null> {
    return findOrder(services, principal, { id, number, token });
  }

  @Directive('@tag(name: "partner")')
  @Query(() => OrderConnection, {
    nullable: true,
    description: "The caller's orders; for a partner those of its API clients, for staff those of all.",
  })
  orders(
    @Ctx() { services, principal }: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => OrderFilter, FILTER) filter?: OrderFilter | null,
    @Arg('sort', () => orderSorts, SORT) sort?: OrderSort | null,
  ): Promise<Orders> {
    return listOrders(services, isStaff(principal) ? null : ordersOf(principal), { page, filter, sort });
  }

  @Directive('@tag(name: "partner")')
  @Mutation(() => PlaceOrderPayload, {
    nullable: true,
    description: 'Orders a cart: prices it, sets stock aside, has the total held, confirms. All of it or nothing.',
  })
  placeOrder(
    @Arg('input', () => PlaceOrderInput, { description: 'What, where to, and how it is paid.' }) input: PlaceOrderInput,
    @Ctx() { services, principal, requestId }: Context,
  ): Answer {
    return payload('order', async () =>
      orderAfter(services, await placeOrder(services, principal, input, requestId), true),
    );
  }

  @Mutation(() => CancelOrderPayload, {
    nullable: true,
    description:
      'Cancels an order of which nothing was shipped: its buyer within 24 hours, staff at any time. Money and stock go back.',
  })
  cancelOrder(
    @Arg('input', () => CancelOrderInput, { description: 'Which, and why.' }) input: CancelOrderInput,
    @Ctx() { services, principal, requestId }: Context,
  ): Answer {
    return payload('order', async () => {
      const orderId = await cancelOrder(services, principal, input, requestId);
      // Whoever cancelled with the order's token is shown it, as wherever they use it.
      return findOrder(services, principal, { id: toId('ord', orderId), token: input.token });
    });
  }

  @Directive('@tag(name: "staff")')
  @Mutation(() => StartProcessingPayload, { nullable: true, description: 'Fulfilment of a confirmed order begins.' })
  startProcessing(
    @Arg('input', () => StartProcessingInput, { description: 'Which.' }) input: StartProcessingInput,
    @Ctx() { services, principal, requestId }: Context,
  ): Answer {
    return payload('order', async () =>
      orderAfter(services, await startProcessing(services, principal, input, requestId)),
    );
  }

  @Directive('@tag(name: "staff")')
  @Mutation(() => ShipOrderPayload, {
    nullable: true,
    description: 'A parcel leaves. The first one takes the whole total; if that fails nothing is shipped.',
  })
  shipOrder(
    @Arg('input', () => ShipOrderInput, { description: 'What leaves, and with whom.' }) input: ShipOrderInput,
    @Ctx() { services, principal, requestId }: Context,
  ): Answer {
    return payload('order', async () => orderAfter(services, await shipOrder(services, principal, input, requestId)));
  }

  @Directive('@tag(name: "staff")')
  @Mutation(() => ConfirmDeliveryPayload, {
    nullable: true,
    description: 'One parcel has arrived, or all that were under way. When the last has, the order is DELIVERED.',
  })
  confirmDelivery(
    @Arg('input', () => ConfirmDeliveryInput, { description: 'What has arrived.' }) input: ConfirmDeliveryInput,
    @Ctx() { services, principal, requestId }: Context,
  ): Answer {
    return payload('order', async () =>
      orderAfter(services, await confirmDelivery(services, principal, input, requestId)),
    );
  }
}

/** What orders adds to a user. */
@Resolver(() => User)
export class UserOrdersResolver {
  @FieldResolver(() => OrderConnection, {
    nullable: true,
    description: 'Their orders; null for anybody but themselves and staff.',
  })
  async orders(
    @Root() user: User,
    @Ctx() { services, principal }: Context,
    @Args(() => PageArgs) page: PageArgs,
    @Arg('filter', () => OrderFilter, FILTER) filter?: OrderFilter | null,
    @Arg('sort', () => orderSorts, SORT) sort?: OrderSort | null,
  ): Promise<Orders | null> {
    const ownerId = fromId('user', user.id);
    if (ownerId === null) return null;
    const theirs = principal.kind === 'user' && principal.id === ownerId;
    if (!theirs && !isStaff(principal)) return null;
    return listOrders(services, { ownerKind: 'user', ownerId }, { page, filter, sort });
  }
}
