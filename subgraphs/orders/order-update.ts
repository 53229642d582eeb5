/** Updates, and what a stream of them is about. */
import type { Fault } from '../../platform/errors';
import type { EventRow } from './read-events';
import type { LogSource } from './read-log';
import type { OrderRow } from './read-orders';

/** Why an update is sent. */
export const ORDER_UPDATE_KINDS = ['SNAPSHOT', 'EVENT', 'GAP'] as const;
/** One of {@link ORDER_UPDATE_KINDS}. */
export type OrderUpdateKind = (typeof ORDER_UPDATE_KINDS)[number];

/** One update: the event, and the order as it is at delivery. */
export interface Update {
  kind: OrderUpdateKind;
  /** Position after which a client goes on. */
  position: bigint;
  event: EventRow;
  order: OrderRow;
}

/** An order as it is now, with its newest event. */
export type Newest = Pick<Update, 'event' | 'order'>;

/** What a stream is about. */
export interface Watched {
  /** Name of the subscription, for the metrics. */
  name: string;
  source: LogSource;
  /** Whether a client wants to hear of it. */
  wants(event: EventRow, order: OrderRow): boolean;
  /** Null while whoever watches may see this order, else why not. */
  refuse(order: OrderRow): Promise<Fault | null>;
  /** For a snapshot or a gap; null: there is nothing to show. */
  newest(): Promise<Newest | null>;
  /** Calls `lost` when the right to watch at all is lost, also between events; absent if it rests on the orders alone. */
  guard?(lost: (fault: Fault) => void): { close(): void };
}
