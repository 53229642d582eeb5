/**
 * Where the embedded server keeps its things. Normally DATA_DIR/postgres. Started by root, the server runs as another
 * user; where that user may not enter DATA_DIR (a checkout under /root), its home is below /var/lib/souk and
 * DATA_DIR/postgres.location says where. The home belongs to whoever starts the server, only data/ in it to the server.
 */
import { randomBytes } from 'node:crypto';
import {
  access,
  chmod,
  constants,
  link,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { StartProblem } from '../start-problem';
import { findServerUser, mayEnter, type ServerUser } from './embedded-user';

/** Below this, root keeps what the server's user could not reach in DATA_DIR or in the checkout. */
export const SHARED_HOME = '/var/lib/souk';

/** The places of one embedded server, as absolute paths. */
export interface EmbeddedHome {
  directory: string;
  /** The cluster; there once initdb has succeeded. */
  data: string;
  /** What the server says. */
  logFile: string;
  /** Whom the server runs as. */
  user: ServerUser;
}

/** Finds or makes the home that belongs to `dataDir`. Throws {@link StartProblem} when the server could not work there. */
export async function findHome(dataDir: string): Promise<EmbeddedHome> {
  const base = resolve(dataDir);
  await makeWritable(base);
  const anyUser = findServerUser();
  const directory = await realpath(await findDirectory(base, anyUser));
  const data = join(directory, 'data');
  return { directory, data, logFile: join(directory, 'log'), user: await ownerOf(data, anyUser) };
}

async function makeWritable(base: string): Promise<void> {
  try {
    await mkdir(base, { recursive: true });
    await access(base, constants.W_OK | constants.X_OK);
  } catch {
    throw new StartProblem(`DATA_DIR ${base} cannot be made or written to: set DATA_DIR to a directory of yours.`);
  }
}

async function findDirectory(base: string, anyUser: ServerUser): Promise<string> {
  const inside = join(base, 'postgres');
  const location = join(base, 'postgres.location');
  const elsewhere = await readFile(location, 'utf8').catch(() => undefined);
  if (elsewhere !== undefined) return existingHome(elsewhere.trim(), location);
  const user = await ownerOf(join(inside, 'data'), anyUser);
  if (mayEnter(user, base)) return makeHome(inside);
  if (await isThere(inside)) {
    throw new StartProblem(
      `${inside}: PostgreSQL runs as another user than root, and that one may no longer enter it.`,
    );
  }
  return moveOut(location);
}

async function existingHome(directory: string, location: string): Promise<string> {
  if (await isThere(directory)) return directory;
  throw new StartProblem(
    `${location} names a directory that is gone; remove that file to begin with an empty database.`,
  );
}

/** The mode is set apart from making it: a strict umask must not lock the server's user out of data/. */
async function makeHome(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await chmod(directory, 0o711);
  return directory;
}

/** Two processes may do this at the same time: the first to write the location decides, the other gives its own up. */
async function moveOut(location: string): Promise<string> {
  await makeHome(SHARED_HOME);
  const directory = await makeHome(await mkdtemp(join(SHARED_HOME, 'shop-')));
  const temporary = `${location}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, `${directory}\n`, { flag: 'wx' });
  try {
    await link(temporary, location);
    return directory;
  } catch {
    await rm(directory, { recursive: true });
    return (await readFile(location, 'utf8')).trim();
  } finally {
    await rm(temporary);
  }
}

/** A cluster goes on as the user who has it: users may have been added to the system since it was made. */
async function ownerOf(data: string, user: ServerUser): Promise<ServerUser> {
  const found = await stat(data).catch(() => undefined);
  if (found === undefined) return user;
  if (user !== undefined) return found.uid === 0 ? user : { uid: found.uid, gid: found.gid };
  if (found.uid === process.geteuid?.()) return undefined;
  throw new StartProblem(`${data} belongs to another user: start as that user, or set DATA_DIR to another directory.`);
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
