/** PostgreSQL refuses to run as root: started by root, it runs as another user of the system. */
import { spawnSync } from 'node:child_process';
import { StartProblem } from '../start-problem';

/** User and group to run as; undefined: as whoever runs this. */
export type ServerUser = { uid: number; gid: number } | undefined;

/** Environment of everything that is started here. Not ours: PGPORT, PGOPTIONS and their like would change what it does. */
export const CLEAN_ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/** The user to run as when this process is root's: `postgres`, else `nobody`, else one made for it. */
export function findServerUser(): ServerUser {
  if (process.geteuid?.() !== 0) return undefined;
  const found = lookUp('postgres') ?? lookUp('nobody') ?? makeUser();
  if (found === undefined) {
    throw new StartProblem(
      'PostgreSQL cannot run as root: make a user named postgres, run as another user, or set DATABASE_URL.',
    );
  }
  return found;
}

/** Whether that user may enter the directory: every directory above it counts, and only the system knows all its rules. */
export function mayEnter(user: ServerUser, directory: string): boolean {
  const { status } = spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory], {
    ...user,
    cwd: '/',
    env: CLEAN_ENVIRONMENT,
    stdio: 'ignore',
  });
  return status === 0;
}

function lookUp(name: string): ServerUser {
  const [uid, gid] = ['-u', '-g'].map((flag) => {
    const { status, stdout } = spawnSync('id', [flag, name], { env: CLEAN_ENVIRONMENT, encoding: 'utf8' });
    return status === 0 ? Number(stdout) : 0;
  });
  return uid && gid ? { uid, gid } : undefined;
}

function makeUser(): ServerUser {
  const options = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin'];
  spawnSync('useradd', [...options, 'souk-postgres'], { env: CLEAN_ENVIRONMENT, stdio: 'ignore' });
  return lookUp('souk-postgres');
}
