/** The list of conditions that tests/access/mutants.ts takes out, held against the program. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { transformFileSync, type Options } from '@swc/core';
import { PROJECT_ROOT } from '../../platform/root';
import { BESIDE, CONDITIONS } from '../access/conditions';

/** Calls of guards, and looks at who somebody is. */
const GUARDS =
  /_(?:guard|principal|orderaccess|accountrules|apiclientrows)\.(?:require\w+|isStaff|isAdmin|owns|hasScope|maySee|hasToken|isPartnerOf|isOf|viewOf|lockPartner)\)\(|\brole (?:[!=]== (?!null)|= (?:'|ANY))|principal\.id [!=]==|[!=]== (?:principal|user)\.id/g;

const options = JSON.parse(readFileSync(path.join(PROJECT_ROOT, '.swcrc'), 'utf8')) as Options & { $schema?: string };
delete options.$schema;
const compiled = new Map<string, string>();
/** As the build compiles it. */
function compile(file: string): string {
  const code = compiled.get(file) ?? transformFileSync(path.join(PROJECT_ROOT, file.replace(/\.js$/, '.ts')), { ...options, swcrc: false }).code; // prettier-ignore
  compiled.set(file, code);
  return code;
}

const beside = BESIDE.map(({ file, text }) => ({ file: `subgraphs/${file}.js`, text }));
const listed = [...Object.values(CONDITIONS).map(({ file, from }) => ({ file, text: from })), ...beside];

test('each text is there exactly once', () => {
  const times = listed.map(({ file, text }) => ({ file, text, times: compile(file).split(text).length - 1 }));
  expect(times.filter((one) => one.times !== 1)).toEqual([]);
});

test('each guard of the subgraphs is taken out by one of them, or said to be beside the matrix', () => {
  const files = readdirSync(path.join(PROJECT_ROOT, 'subgraphs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/migrations\/|\/sandbox\//.test(file))
    // The others have none; compiling takes long.
    .filter((file) => /principal|role|viewOf/.test(readFileSync(path.join(PROJECT_ROOT, 'subgraphs', file), 'utf8')))
    .map((file) => `subgraphs/${file.replace(/\.ts$/, '.js')}`);
  const forgotten = files.flatMap((file) => {
    const code = compile(file);
    const spans = listed
      .filter((one) => one.file === file)
      .map(({ text }) => [code.indexOf(text), text.length] as const);
    return [...code.matchAll(GUARDS)]
      .filter(({ index }) => !spans.some(([start, length]) => index >= start && index < start + length))
      .map(
        ({ index }) => `${file}: ${code.slice(code.lastIndexOf('\n', index) + 1, code.indexOf('\n', index)).trim()}`,
      );
  });
  expect(forgotten).toEqual([]);
});
