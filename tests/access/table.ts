/** The table in the repository: a row for each field and owner, a column for each caller. docs/access.md explains it. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PROJECT_ROOT } from '../../platform/root';
import { CALLERS, type CallerName } from './callers';
import type { Outcome } from './selection';

/** Outcomes by row. */
export type Table = Map<string, Partial<Record<CallerName, Outcome>>>;

const FILE = path.join(PROJECT_ROOT, 'tests', 'access', 'table.txt');
/** A caller that a row knows nothing of: an API client at the gateway. */
const NONE = '.';

/** Reads it. */
export function readTable(): Table {
  const [, ...lines] = readFileSync(FILE, 'utf8').trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const [row = '', ...cells] = line.split('|').map((cell) => cell.trim());
      const named = CALLERS.map((name, index) => [name, cells[index] ?? NONE] as const);
      return [row, Object.fromEntries(named.filter(([, cell]) => cell !== NONE))];
    }),
  );
}

/** Writes it. */
export function writeTable(table: Table): void {
  const rows = [...table].sort(([a], [b]) => (a < b ? -1 : 1)).map(([row, cells]) => [row, ...CALLERS.map((name) => cells[name] ?? NONE)]); // prettier-ignore
  const lines = [['field, whose', ...CALLERS], ...rows];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join(' | ')
      .trimEnd(),
  );
  writeFileSync(FILE, `${text.join('\n')}\n`);
}
