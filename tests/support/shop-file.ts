/** Where the set-up of a project leaves the address of its shop for the stories, which run in other processes. */
import path from 'node:path';
import { PROJECT_ROOT } from '../../platform/root';

/** Folder and file of a project. */
export function shopFile(project: string): { folder: string; path: string } {
  const folder = path.join(PROJECT_ROOT, 'node_modules', '.cache', 'souk-tests');
  return { folder, path: path.join(folder, `${project}.json`) };
}
