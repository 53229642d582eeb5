/** Cursors into the event log: opaque to clients, a position to us. Timeline and subscriptions hand out and take the same. */
import { Fault } from '../../platform/errors';

const FORM = /^log:(0|[1-9]\d{0,17})$/;

/** Cursor of the event at a position. */
export function toCursor(position: bigint): string {
  return Buffer.from(`log:${position}`).toString('base64url');
}

/** Position of a cursor that a client gave as `after`; Fault VALIDATION_ERROR if it is not one of ours. */
export function fromCursor(cursor: string): bigint {
  // Bounded before it is decoded: a cursor of ours has at most 30 characters.
  const text = cursor.length <= 40 ? Buffer.from(cursor, 'base64url').toString() : '';
  const [, position] = FORM.exec(text) ?? [];
  if (position !== undefined && toCursor(BigInt(position)) === cursor) return BigInt(position);
  throw badCursor();
}

/** VALIDATION_ERROR for an `after` that is not a place in the log. */
export function badCursor(): Fault {
  return new Fault('VALIDATION_ERROR', 'after is not a cursor of an order event.', { field: ['after'] });
}
