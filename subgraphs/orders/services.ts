/** What orders has beside the common services. */
import type { Services } from '../../platform/subgraph';
import { createEventLog, type EventLog } from './event-log';

/** Services of the orders subgraph. */
export interface OrdersServices extends Services {
  /** Numbers events and wakes those who wait for them. */
  eventLog: EventLog;
}

/** Adds them. */
export function withEventLog(services: Services): OrdersServices {
  return { ...services, eventLog: createEventLog(services) };
}
