import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../platform/root';

/** A process of the benchmark, from dist/bench/; it ends with this one. */
export class Child {
  private readonly process: ChildProcess;

  constructor(program: string) {
    this.process = fork(join(PROJECT_ROOT, 'dist', 'bench', `${program}.js`));
  }

  tell(message: object | string): void {
    this.process.send(message);
  }

  /** Tells, and gives the answer. Rejects if it ends instead. */
  async ask<Result>(message: object | string): Promise<Result> {
    const answer = once(this.process, 'message') as Promise<[Result]>;
    const ended = once(this.process, 'exit').then(() => Promise.reject(new Error('a process of the benchmark ended')));
    this.tell(message);
    return (await Promise.race([answer, ended]))[0];
  }

  async end(): Promise<void> {
    if (this.process.exitCode !== null) return;
    const gone = once(this.process, 'exit');
    this.process.disconnect();
    await gone;
  }
}
