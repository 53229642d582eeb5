/** One order, by id or number, for whoever may see it. */
import { z } from 'zod';
import type { Principal } from '../../platform/auth/principal';
import { Fault } from '../../platform/errors';
import { text, tokenText, validateArguments } from '../../platform/graph/validate';
import { fromId } from '../../platform/ids';
import { accessOf, hasToken, maySee } from './order-access';
import { normalizeOrderNumber } from './order-number';
import { Order } from './order.type';
import { orderById, orderByNumber } from './read-orders';
import type { OrdersServices } from './services';

/** What identifies it: exactly one of id and number; a guest's order also by its token. */
export interface OrderKey {
  id?: string | null;
  number?: string | null;
  token?: string | null;
}

const schema = z.object({ id: text(200, 0).nullish(), number: text(200, 0).nullish(), token: tokenText.nullish() });

/** Null: malformed, unknown, or not to be seen. Fault VALIDATION_ERROR unless exactly one of id and number is given. */
export async function findOrder(services: OrdersServices, principal: Principal, key: OrderKey): Promise<Order | null> {
  const { id, number, token } = validateArguments(schema, key);
  if ((id == null) === (number == null)) {
    throw new Fault('VALIDATION_ERROR', 'Give either id or number.', { field: ['id'] });
  }
  const uuid = fromId('ord', id);
  const { manager } = services.db;
  const row =
    number != null
      ? await orderByNumber(manager, normalizeOrderNumber(number))
      : uuid === null
        ? null
        : await orderById(manager, uuid);
  const access = accessOf(principal, token);
  return row && maySee(row, access) ? new Order(row, services.clock.now(), hasToken(row, access)) : null;
}

/** The order that a mutation has just written; whoever could write it may see it. */
export async function orderAfter(services: OrdersServices, orderId: string, showToken = false): Promise<Order> {
  const row = await orderById(services.db.manager, orderId);
  if (!row) throw new Fault('INTERNAL_ERROR');
  return new Order(row, services.clock.now(), showToken);
}
