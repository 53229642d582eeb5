/** Commands about stock. Each is idempotent by the state of the order's reservation or by its return, so none needs its output stored. */
import { handle } from '../../../platform/commands/command';
import type { Services } from '../../../platform/subgraph';
import * as messages from '../messages';
import { pinReservation } from './pin-reservation';
import { releaseReservation } from './release-reservation';
import { restockReturn } from './restock-return';
import { reserveStock } from './reserve-stock';

export const stockCommands = [
  handle(messages.reserveStock, (services: Services, input) => reserveStock(services, input)),
  handle(messages.pinReservation, (services: Services, input) => pinReservation(services, input)),
  handle(messages.releaseReservation, (services: Services, input) => releaseReservation(services, input)),
  handle(messages.restockReturn, (services: Services, input) => restockReturn(services, input)),
];
