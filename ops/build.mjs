/**
 * Compiles every TypeScript source to dist/, only what changed since the last build, and removes the output of sources
 * that are gone. Types are not checked here (npm run check does). Every npm script runs this first, so an unchanged tree
 * must cost next to nothing: the compiler is loaded only when there is something to compile.
 *
 * Options are in .swcrc, which jest.config.js reads too. Files that are not TypeScript stay where they are: sources find
 * them through PROJECT_ROOT (platform/root.ts).
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const manifestFile = join(dist, '.build.json');
const SOURCES = ['main.ts', 'gateway', 'subgraphs', 'platform', 'schema', 'ops', 'bench', 'tests'];
/** Enough to keep the compiler's threads busy without holding every file in memory. */
const PARALLEL = 32;

/** Every source below `path` (relative to the root) with a stamp that changes when the file does. */
async function sourcesBelow(path) {
  const info = await stat(join(root, path)).catch(() => undefined);
  if (info === undefined) return [];
  if (!info.isDirectory()) return /(?<!\.d)\.ts$/.test(path) ? [[path, `${info.mtimeMs}:${info.size}`]] : [];
  const names = await readdir(join(root, path));
  return (await Promise.all(names.map((name) => sourcesBelow(`${path}/${name}`)))).flat();
}

/** What, besides a source itself, decides its output. */
async function optionsStamp() {
  const inputs = ['.swcrc', 'ops/build.mjs', 'node_modules/@swc/core/package.json'];
  const texts = await Promise.all(inputs.map((path) => readFile(join(root, path))));
  return texts.reduce((hash, text) => hash.update(text), createHash('sha256')).digest('hex');
}

async function readManifest() {
  try {
    return JSON.parse(await readFile(manifestFile, 'utf8'));
  } catch {
    return { options: '', files: {} };
  }
}

const outputOf = (source) => join(dist, source.replace(/\.ts$/, '.js'));

/** Written beside and renamed: a process started at the same time must not read half a file. */
async function writeWhole(path, text) {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

async function compile(swc, source) {
  const output = outputOf(source);
  const { code, map } = await swc.transformFile(join(root, source), {
    cwd: root,
    sourceFileName: relative(dirname(output), join(root, source)),
  });
  await mkdir(dirname(output), { recursive: true });
  await writeWhole(`${output}.map`, map);
  await writeWhole(output, `${code}\n//# sourceMappingURL=${output.slice(output.lastIndexOf('/') + 1)}.map\n`);
}

/** Compiles all of `sources`; gives the ones that failed, with the compiler's message. */
async function compileAll(sources) {
  const { default: swc } = await import('@swc/core');
  const queue = [...sources];
  const failures = new Map();
  const worker = async () => {
    for (let source = queue.pop(); source !== undefined; source = queue.pop()) {
      await compile(swc, source).catch((error) => failures.set(source, error.message));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return failures;
}

const [before, options, found] = await Promise.all([
  readManifest(),
  optionsStamp(),
  Promise.all(SOURCES.map(sourcesBelow)).then((lists) => lists.flat()),
]);
const known = before.options === options ? before.files : {};
const changed = found.filter(([source, stamp]) => known[source] !== stamp).map(([source]) => source);
const sources = new Set(found.map(([source]) => source));
const gone = Object.keys(before.files).filter((source) => !sources.has(source));

if (changed.length > 0 || gone.length > 0) {
  const failures = await compileAll(changed);
  await Promise.all(
    gone.flatMap((source) => [rm(outputOf(source), { force: true }), rm(`${outputOf(source)}.map`, { force: true })]),
  );
  // A source that failed is left out, so that the next build tries it again.
  const files = Object.fromEntries(found.filter(([source]) => !failures.has(source)));
  await mkdir(dist, { recursive: true });
  await writeWhole(manifestFile, JSON.stringify({ options, files }));
  for (const [source, message] of failures) console.error(`${source}\n${message}`);
  if (failures.size > 0) process.exitCode = 1;
}
