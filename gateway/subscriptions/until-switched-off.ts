/** A subscription that ends when its operation is switched off. */
import type { ExecutionResult } from 'graphql';
import type { Fault } from '../../platform/errors';
import { streamOf } from './stream';

type Answers = AsyncGenerator<ExecutionResult, undefined, undefined>;

/**
 * The same answers until `watch` calls back; then what `last` makes of it, and the end. `watch` is called by the first
 * `next()`, may call back at once, and gives the function that ends the watching.
 */
export function untilSwitchedOff(
  answers: Answers,
  watch: (off: (why: Fault) => void) => () => void,
  last: (why: Fault) => ExecutionResult,
): Answers {
  let why: Fault | undefined;
  let stopWatching: (() => void) | undefined;
  const pull = async (): Promise<IteratorResult<ExecutionResult, undefined>> => {
    stopWatching ??= watch((fault) => {
      why = fault;
      void answers.return(undefined);
    });
    const step = await answers.next();
    if (!step.done || !why) return step;
    const value = last(why);
    why = undefined;
    return { done: false, value };
  };
  return streamOf(pull, () => {
    stopWatching?.();
    void answers.return(undefined);
  });
}
