/** What a webhook says. The same bytes at every attempt: an event does not change. */
import { toId } from '../../../platform/ids';
import { toCursor } from '../event-cursor';
import type { OrderStatus } from '../messages';
import type { OrderEventType } from '../order-event.entity';

/** An event that is told. */
export interface ToldEvent {
  position: bigint;
  type: OrderEventType;
  status: OrderStatus;
  occurredAt: Date;
  orderId: string;
  orderNumber: string;
}

/** Id of the message about the event at a position: the same for all endpoints, attempts and replays. */
export function messageId(position: bigint): string {
  return `evt_${toCursor(position)}`;
}

/** The body, as JSON. Nothing personal: whoever needs more asks the graph. */
export function messageBody({ position, type, status, occurredAt, orderId, orderNumber }: ToldEvent): string {
  return JSON.stringify({
    type: `order.${type.toLowerCase()}`,
    timestamp: occurredAt.toISOString(),
    data: { cursor: toCursor(position), orderId: toId('ord', orderId), orderNumber, status },
  });
}
