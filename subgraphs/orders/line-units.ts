/** Units of lines as clients name them: what ships in a parcel, what is sent back. */
import { z } from 'zod';
import { UserFault } from '../../platform/errors';
import { idOf, quantityNumber } from '../../platform/graph/validate';

/** Some units of a line. */
export interface LineQuantity {
  lineId: string;
  quantity: number;
}

/** Input of them; null when absent: all there are. */
export const unitsInput = z
  .array(z.object({ lineId: idOf('item'), quantity: quantityNumber }))
  .min(1, 'Must not be empty; leave it out for all that is left.')
  .max(200, 'Must have at most 200 lines.')
  .nullish()
  .transform((lines) => lines ?? null);

/**
 * Checks units against how many there may be of each line of the order. UserFault NOT_FOUND for a line of another order,
 * VALIDATION_ERROR for one named twice, or for more than there may be, with the words given.
 */
export function checkUnits(units: readonly LineQuantity[], atMost: ReadonlyMap<string, number>, tooMany: string): void {
  const seen = new Set<string>();
  units.forEach(({ lineId, quantity }, index) => {
    const field = (name: string): string[] => ['lines', String(index), name];
    const maximum = atMost.get(lineId);
    if (maximum === undefined) throw UserFault.of('NOT_FOUND', 'The order has no such line.', field('lineId'));
    if (seen.has(lineId)) throw UserFault.of('VALIDATION_ERROR', 'Name each line once.', field('lineId'));
    seen.add(lineId);
    if (quantity > maximum) throw UserFault.of('VALIDATION_ERROR', tooMany, field('quantity'), { maximum });
  });
}
