/** An async generator by hand. */

const DONE = { done: true, value: undefined } as const;

/**
 * `pull` gives the next value or the end; `letGo` is called once, when the stream has ended, failed or been returned.
 * Unlike an `async function*`, whose `return()` waits for the pending `next()`, this one ends at once: a client that
 * leaves a quiet subscription must not hold it open until the next event.
 */
export function streamOf<T>(
  pull: () => Promise<IteratorResult<T, undefined>>,
  letGo: () => void,
): AsyncGenerator<T, undefined, undefined> {
  let ended = false;
  let endPending: (() => void) | undefined;

  const end = (): void => {
    if (ended) return;
    ended = true;
    letGo();
    endPending?.();
  };

  const stream: AsyncGenerator<T, undefined, undefined> = {
    [Symbol.asyncIterator]: () => stream,
    next: () =>
      new Promise((resolve, reject) => {
        if (ended) {
          resolve(DONE);
          return;
        }
        endPending = () => resolve(DONE);
        pull().then(
          (step) => {
            // Ended first, then settled: whoever sees the end finds everything let go.
            if (step.done) end();
            resolve(step);
          },
          (error: unknown) => {
            endPending = undefined; // this ends with the error instead
            end();
            reject(error instanceof Error ? error : new Error('The stream failed.'));
          },
        );
      }),
    return: async () => {
      end();
      return DONE;
    },
    throw: async (error) => {
      end();
      throw error;
    },
    [Symbol.asyncDispose]: async () => end(),
  };
  return stream;
}
