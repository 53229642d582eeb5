/** What must be true of the three ledgers, whatever has died. */
import type { Entry } from '../history';
import type { Ledgers } from '../ledgers';

/** One thing that is not as it must be. `orderId`: whose history tells more. */
export interface Violation {
  orderId?: string;
  detail: string;
}

/** A rule by name, and everything that breaks it. Pure. */
export interface Invariant {
  name: string;
  violations: (ledgers: Ledgers) => Violation[];
}

/** Rows by the value of a column. */
export function groupBy<Row>(rows: readonly Row[], column: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(column(row));
    if (group) group.push(row);
    else groups.set(column(row), [row]);
  }
  return groups;
}

/** Values that stand more than once. */
export function repeated(values: readonly string[]): string[] {
  return [...groupBy(values, (value) => value)].filter(([, same]) => same.length > 1).map(([value]) => value);
}

/** Sum of a number over rows. */
export function sumOf<Row>(rows: readonly Row[], value: (row: Row) => bigint): bigint {
  return rows.reduce((total, row) => total + value(row), 0n);
}

/** What clients were told in the end about an action. */
export function told(history: readonly Entry[], action: Entry['action'], phase: 'ok' | 'no'): Entry[] {
  return history.filter((entry) => entry.action === action && entry.phase === phase);
}

/** Statuses in which an order has its money and its goods. */
export const LIVE: ReadonlySet<string> = new Set(['CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'RETURNED']);
