/** `npm run chaos`: buys, breaks, and compares the ledgers. See docs/chaos.md. */
import { readFile, writeFile } from 'node:fs/promises';
import { runCommand } from '../../platform/start-problem';
import { lastUnit } from './last-unit';
import { MUTANTS } from './mutants';
import { readCommand, readRun } from './options';
import { pointLines, sumReports, verdictOf, type Report } from './report';
import { runOnce } from './run-once';

async function main(): Promise<void> {
  const command = readCommand(process.argv.slice(2));
  if (command.do === 'run') return conclude(await runOnce(command.options, print), command.options.report);
  if (command.do === 'sum') {
    const reports = await Promise.all(
      command.files.map(async (file) => JSON.parse(await readFile(file, 'utf8')) as Report),
    );
    return conclude(sumReports(reports), command.report);
  }
  if (command.do === 'lastUnit') return runLastUnit(command.rounds, command.buyers);
  return runMutants(command.seed);
}

/** A crowd at the last unit; fails unless one of them gets it, each time. */
async function runLastUnit(rounds: number, buyers: number): Promise<void> {
  const violations = await lastUnit(rounds, buyers);
  print(`${rounds} times ${buyers} buyers for one unit`);
  for (const violation of violations) print(violation);
  print(violations.length === 0 ? 'PASSED' : 'FAILED');
  if (violations.length > 0) process.exitCode = 1;
}

/** A run of each; the checker has to find every one out. */
async function runMutants(seed: number): Promise<void> {
  const missed: string[] = [];
  for (const [mutant, { flaw }] of Object.entries(MUTANTS)) {
    const found = new Set<string>();
    const { options } = readRun(['--mutant', mutant, '--seed', String(seed)]);
    for (const { invariant } of (await runOnce(options, () => undefined)).violations) found.add(invariant);
    if (found.size === 0) missed.push(mutant);
    print(`${mutant}: ${flaw}`);
    print(found.size > 0 ? `  found out: ${[...found].join('; ')}` : '  NOT FOUND OUT');
  }
  print(`${Object.keys(MUTANTS).length - missed.length} of ${Object.keys(MUTANTS).length} mutants found out`);
  print(missed.length === 0 ? 'PASSED' : `FAILED: ${missed.join(', ')}`);
  if (missed.length > 0) process.exitCode = 1;
}

async function conclude(report: Report, file: string | null): Promise<void> {
  if (file !== null) await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  for (const line of [...pointLines(report), ...verdictOf(report)]) print(line);
  if (report.violations.length > 0) process.exitCode = 1;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

runCommand(main);
