/** A process that holds an embedded PostgreSQL, to be killed: what a shop is to the server. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../platform/root';

/** Whom to run the process as; undefined: as this one. */
type User = { uid: number; gid: number } | undefined;

/** Starts it; resolves with the server's URL, or rejects with the line it failed with. */
export async function holdEmbedded(dataDir: string, user?: User): Promise<{ url: string; process: ChildProcess }> {
  const child = spawn(process.execPath, [join(PROJECT_ROOT, 'dist/tests/support/hold-embedded.js'), dataDir], {
    ...user,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('postgres://')) return { url: line, process: child };
    throw new Error(line);
  }
  throw new Error('The process ended without a word.');
}
