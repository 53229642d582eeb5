/** `npm test`: generates documents, makes sure of the stores, runs Jest with what is on the command line. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureServices } from './services.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { readConfig } = createRequire(import.meta.url)('../dist/platform/config.js');
const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] };

/** Nothing was counted: the closing line says so, and so does the exit code. */
function giveUp(message) {
  console.error(message);
  console.log('0 passed, 1 failed, 0 skipped');
  process.exit(1);
}

if (existsSync(join(root, 'codegen.yml'))) {
  const codegen = spawnSync(
    join(root, 'node_modules/.bin/graphql-codegen'),
    ['--config', 'codegen.yml', '--silent'],
    options,
  );
  if (codegen.status !== 0) giveUp('Documents could not be generated.');
}

let urls;
try {
  urls = await ensureServices(readConfig());
} catch (error) {
  giveUp(error.message);
}

const jest = spawn(process.execPath, [join(root, 'node_modules/jest/bin/jest.js'), ...process.argv.slice(2)], {
  ...options,
  env: { ...process.env, ...urls },
});
// A signal to this process alone must not leave Jest, and the shops it started, behind.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => jest.kill(signal));
jest.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
