/** One order, by id or number, for whoever may see it. */
import type { Principal } from '../../platform/auth/principal';
import { Fault } from '../../platform/errors';
import { fromId } from '../../platform/ids';
import { accessOf, hasToken, maySee } from './order-access';
import { parseOrderNumber } from './order-number';
import { Order } from './order.type';
import { orderById, orderByNumber, type OrderRow } from './read-orders';
import type { OrdersServices } from './services';

/** What identifies it: exactly one of id and number; a guest's order also by its token. */
export interface OrderKey {
  id?: string | null;
  number?: string | null;
  token?: string | null;
}

/** Null: malformed, unknown, or not to be seen. Fault VALIDATION_ERROR unless exactly one of id and number is given. */
export async function findOrder(services: OrdersServices, principal: Principal, key: OrderKey): Promise<Order | null> {
  const { id, number, token } = key;
  if ((id == null) === (number == null)) {
    throw new Fault('VALIDATION_ERROR', 'Give either id or number.', { field: ['id'] });
  }
  const row = await (id != null ? byId(services, id) : byNumber(services, number ?? ''));
  const access = accessOf(principal, token);
  return row && maySee(row, access) ? new Order(row, services.clock.now(), hasToken(row, access)) : null;
}

async function byId({ db }: OrdersServices, id: string): Promise<OrderRow | null> {
  const uuid = fromId('ord', id);
  return uuid === null ? null : orderById(db.manager, uuid);
}

async function byNumber({ db }: OrdersServices, text: string): Promise<OrderRow | null> {
  const number = parseOrderNumber(text);
  return number === null ? null : orderByNumber(db.manager, number);
}

/** The order that a mutation has just written; whoever could write it may see it. */
export async function orderAfter(services: OrdersServices, orderId: string, showToken = false): Promise<Order> {
  const row = await orderById(services.db.manager, orderId);
  if (!row) throw new Fault('INTERNAL_ERROR');
  return new Order(row, services.clock.now(), showToken);
}
