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
