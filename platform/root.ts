/** Where the project lies, for files that are read as they are: schemas, pages, templates. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Absolute path of the directory that holds package.json. The same whether this runs from dist/ or, in tests, from the
 * sources.
 */
export const PROJECT_ROOT = findRoot(__dirname);

function findRoot(directory: string): string {
  if (existsSync(join(directory, 'package.json'))) return directory;
  const parent = dirname(directory);
  if (parent === directory) throw new Error('No package.json above the program: its files have been moved apart.');
  return findRoot(parent);
}
