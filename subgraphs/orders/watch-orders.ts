/** The three subscriptions: what each is about, and who may open it. PostgreSQL is the truth; wake-ups only say when to look. */
import { z } from 'zod';
import { requireStaff } from '../../platform/auth/guard';
import { isStaff, owns, type Principal, type UserPrincipal } from '../../platform/auth/principal';
import { Fault } from '../../platform/errors';
import { validateArguments } from '../../platform/graph/validate';
import { listOrders } from './list-orders';
import { orderFilter, passes } from './list-orders.rules';
import { hasToken, isOf, maySee, ordersOf, type Access } from './order-access';
import type { OrderEventType } from './order-event.entity';
import type { OrderFilter } from './order.inputs';
import { OrderStream } from './order-stream';
import type { Newest } from './order-update';
import { newestEvent } from './read-events';
import { orderById, type OrderRow } from './read-orders';
import type { OrdersServices } from './services';

/** Where a stream begins and what it is told of. */
export interface Wanted {
  /** Position after which to go on; null: with a snapshot of one order, live of many. */
  after: bigint | null;
  types: readonly OrderEventType[];
}

/** News of one order. Fault NOT_FOUND for one that they may not see, VALIDATION_ERROR for a place that is not in the log. */
export async function watchOrder(
  services: OrdersServices,
  access: Access,
  orderId: string,
  { after, types }: Wanted,
): Promise<OrderStream> {
  const order = await orderById(services.db.manager, orderId);
  if (!order || !maySee(order, access)) throw new Fault('NOT_FOUND');
  const { principal } = access;
  const asStaff = isStaff(principal) && !owns(principal, order) && !hasToken(order, access);
  if (asStaff) await requireStillStaff(services, principal);
  const stream = new OrderStream(services, {
    name: 'orderUpdated',
    source: { orderId },
    wants: ({ type }) => types.includes(type),
    refuse: async (row) => {
      if (!maySee(row, access)) return new Fault('NOT_FOUND');
      return asStaff ? services.staffRights.lostBy(principal) : null;
    },
    newest: async () => {
      // In this order: the order is then as new as its event, or newer.
      const event = await newestEvent(services, orderId);
      const row = event && (await orderById(services.db.manager, orderId));
      return row ? { event, order: row } : null;
    },
    ...(asStaff && { guard: (lost) => services.staffRights.watch(principal, lost) }),
  });
  return stream.open(after ?? 'SNAPSHOT');
}

/** News of all orders of a user, an API client, or of a partner's API clients. Fault UNAUTHENTICATED or FORBIDDEN for others, VALIDATION_ERROR for a place that is not in the log. */
export async function watchMyOrders(
  services: OrdersServices,
  principal: Principal,
  { after, types }: Wanted,
): Promise<OrderStream> {
  const whose = ordersOf(principal);
  const stream = new OrderStream(services, {
    name: 'myOrdersUpdated',
    source: { whose },
    // Whose it is belongs to what is wanted: an order that is theirs no longer ends nothing, it is only left out.
    wants: ({ type }, order) => types.includes(type) && isOf(order, whose),
    refuse: async () => null,
    newest: async () => ofNewest(services, (await listOrders(services, whose, { page: { first: 1 } })).nodes[0]?.row),
  });
  return stream.open(after ?? 'LIVE');
}

/**
 * News of all orders that pass the filter when it is delivered; for staff. Fault UNAUTHENTICATED or FORBIDDEN for others,
 * VALIDATION_ERROR for a place that is not in the log.
 */
export async function watchOrders(
  services: OrdersServices,
  principal: Principal,
  { after, types, filter }: Wanted & { filter?: OrderFilter | null },
): Promise<OrderStream> {
  const staff = requireStaff(principal);
  const asked = validateArguments(z.object({ filter: orderFilter }), { filter }).filter;
  await requireStillStaff(services, staff);
  const stream = new OrderStream(services, {
    name: 'ordersUpdated',
    source: 'all',
    wants: ({ type }, order) => types.includes(type) && passes(order, asked),
    refuse: () => services.staffRights.lostBy(staff),
    newest: async () =>
      ofNewest(services, (await listOrders(services, null, { page: { first: 1 }, filter })).nodes[0]?.row),
    guard: (lost) => services.staffRights.watch(staff, lost),
  });
  return stream.open(after ?? 'LIVE');
}

async function requireStillStaff({ staffRights }: OrdersServices, principal: UserPrincipal): Promise<void> {
  const fault = await staffRights.lostBy(principal);
  if (fault) throw fault;
}

/** What many orders look like as one update: the order that was placed last, and what happened to it last. */
async function ofNewest(services: OrdersServices, order: OrderRow | undefined): Promise<Newest | null> {
  const event = order && (await newestEvent(services, order.id));
  return event ? { event, order } : null;
}
