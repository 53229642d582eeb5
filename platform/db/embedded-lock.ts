/** Who works on a directory: one process at a time, known even when an earlier one was killed without a word. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Either the lock is ours until `release`, or `heldBy` is the pid of the living process that has it. */
export type DirectoryLock = { release: () => void } | { heldBy: number };

/** Takes the lock of `directory` (a file in it, named "lock"), also from a process that is gone. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const file = join(directory, 'lock');
  const mine = `${process.pid} ${identityOf(process.pid) ?? ''}`;
  for (;;) {
    if (await writeNew(file, mine)) return { release: () => releaseLock(file, mine) };
    const theirs = await readFile(file, 'utf8').catch(() => '');
    const pid = Number.parseInt(theirs, 10);
    if (isAlive(theirs)) return { heldBy: pid };
    await takeAway(file, theirs);
  }
}

/** Written whole under another name first: nobody can meet a lock that is still empty. */
async function writeNew(file: string, text: string): Promise<boolean> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, text, { mode: 0o600, flag: 'wx' });
  try {
    await link(temporary, file);
    return true;
  } catch (error) {
    if (isExisting(error)) return false;
    throw error;
  } finally {
    await rm(temporary);
  }
}

/**
 * Removes the lock of a process that is gone. Between reading and removing, another process may have done so and taken
 * the lock itself: what was removed is looked at again, and put back if it is not what was read.
 */
async function takeAway(file: string, expected: string): Promise<void> {
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(file, aside);
  } catch {
    return; // gone already
  }
  if ((await readFile(aside, 'utf8')) !== expected) await link(aside, file).catch(() => undefined);
  await rm(aside);
}

function releaseLock(file: string, mine: string): void {
  try {
    if (readFileSync(file, 'utf8') === mine) rmSync(file);
  } catch {
    // The directory was removed with the lock in it.
  }
}

function isAlive(holder: string): boolean {
  const [, pid, identity] = /^(\d+) (.*)$/.exec(holder) ?? [];
  return pid !== undefined && identityOf(Number(pid)) === identity;
}

/** Pids are used again, after a restart of the machine at once: when a process started is what tells two apart. */
function identityOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z' || state === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[18] ?? ''}`;
  } catch {
    return undefined;
  }
}

function isExisting(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIST';
}
