/** Sends an update to the sockets of these orders: the text with the order, a cursor and the time put in. */
export interface BareUpdate {
  text: string;
  orderIds: string[];
}
/** Stand-ins in {@link BareUpdate.text}. */
export const HOLES = { orderId: '<orderId>', cursor: '<cursor>', occurredAt: '2026-01-01T00:00:00.000Z' };
