/** An event as clients see it. */
import { addressInput } from '../../platform/graph/validate';
import type { Sealer } from '../../platform/seal';
import { toCursor } from './event-cursor';
import { Actor, OrderEvent } from './order-event.type';
import type { EventRow } from './read-events';
import type { OrderRow } from './read-orders';

/** Whoever sees the order sees its events whole. */
export function showEvent(event: EventRow, order: OrderRow, sealer: Sealer): OrderEvent {
  const { position, type, status, occurredAt, reason, actorKind: kind, actorId } = event;
  return Object.assign(new OrderEvent(), {
    cursor: toCursor(position),
    ...{ type, status, occurredAt },
    reason: reason === null ? null : sealer.open(reason),
    actor: Object.assign(
      new Actor(),
      isBuyer(kind) ? { kind, buyersName: buyersName(order, sealer) } : { kind, actorId },
    ),
  });
}

const isBuyer = (kind: EventRow['actorKind']): boolean => kind === 'CUSTOMER' || kind === 'GUEST';

/** The name on the invoice: it stays with the order, whatever the account is called now. */
function buyersName(order: OrderRow, sealer: Sealer): string | null {
  const sealed = order.billingAddress ?? order.shippingAddress;
  return sealed === null ? null : sealer.openJson(sealed, addressInput).name;
}
