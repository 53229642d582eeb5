/** Why a program cannot start, in words for whoever starts it. */
import { ConfigError } from './config';

/**
 * A reason why the program cannot start that whoever starts it can mend: a port taken, a directory in use. The message is
 * one line, says what to do, and is printed as it is, without a stack.
 */
export class StartProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StartProblem';
  }
}

/** Whether the error's message says all that is needed; any other error is a defect, and where it came from matters. */
export function isExplained(error: unknown): boolean {
  return error instanceof StartProblem || error instanceof ConfigError;
}

/**
 * Runs an operator's command: what stopped it goes to stderr, with its stack only if it is a defect, and the exit code is 1.
 */
export function runCommand(work: () => Promise<void>): void {
  work().catch((error: unknown) => {
    const text =
      error instanceof Error ? (isExplained(error) ? error.message : (error.stack ?? error.message)) : 'Failed.';
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  });
}
