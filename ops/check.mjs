/** All static checks, each to its end, so that one run shows everything that is wrong. Exits 1 if any failed. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tool = (name, ...args) => [join(root, 'node_modules/.bin', name), ...args];

/** In this order: documents are generated first, because the types of the tests come from them. */
const CHECKS = [
  ['codegen', tool('graphql-codegen', '--config', 'codegen.yml', '--silent'), 'codegen.yml'],
  ['prettier', tool('prettier', '--check', '--log-level', 'warn', '.')],
  ['eslint', tool('eslint', '--max-warnings', '0', '.')],
  ['tsc', tool('tsc', '--noEmit', '-p', '.')],
  ['dependency-cruiser', tool('depcruise', '--config', '.dependency-cruiser.cjs', '.')],
  ['knip', tool('knip', '--no-progress')],
  [
    'schema',
    [process.execPath, '--enable-source-maps', join(root, 'dist/schema/emit.js'), '--check'],
    'schema/emit.ts',
  ],
];

const failed = [];
for (const [name, [command, ...args], needs] of CHECKS) {
  if (needs !== undefined && !existsSync(join(root, needs))) continue;
  const started = Date.now();
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) failed.push(name);
  const verdict = status === 0 ? 'ok' : `FAILED${error ? ` (${error.message})` : ''}`;
  console.log(`${name}: ${verdict}, ${((Date.now() - started) / 1000).toFixed(1)} s`);
}
console.log(failed.length === 0 ? 'All checks passed.' : `Failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
