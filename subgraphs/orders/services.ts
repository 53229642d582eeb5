/** What orders has beside the common services. */
import type { Services } from '../../platform/subgraph';
import { createEventLog, type EventLog } from './event-log';
import { createLogReader, type LogReader } from './log-reader';
import { createStaffRights, type StaffRights } from './staff-rights';
import { createPartners, type Partners } from './webhooks/partners';

/** Services of the orders subgraph. */
export interface OrdersServices extends Services {
  /** Numbers events and tells everybody. */
  eventLog: EventLog;
  /** Feeds the streams of this process. */
  logReader: LogReader;
  /** Whether those who watch as staff still are. */
  staffRights: StaffRights;
  /** Whether owners of webhooks still are partners. */
  partners: Partners;
}

/** Adds them. */
export function withEventLog(services: Services): OrdersServices {
  const eventLog = createEventLog(services);
  return {
    ...services,
    eventLog,
    logReader: createLogReader(services, eventLog),
    staffRights: createStaffRights(services),
    partners: createPartners(services),
  };
}
