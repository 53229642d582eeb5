/** One at a time for each subject, in this process. */

/** Who may wait for a turn, for each subject. */
const MOST_WAITING = 64;

/** Runs work in turn; null, without running it, when too many wait already. */
export type Turns = <T>(subject: string, work: () => Promise<T>) => Promise<T | null>;

/** Makes the turns. Work that fails ends its turn like any other. */
export function createTurns(): Turns {
  const queues = new Map<string, { last: Promise<unknown>; length: number }>();
  return async (subject, work) => {
    const queue = queues.get(subject) ?? { last: Promise.resolve(), length: 0 };
    if (queue.length > MOST_WAITING) return null;
    queues.set(subject, queue);
    queue.length += 1;
    const mine = queue.last.then(work);
    queue.last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      queue.length -= 1;
      if (queue.length === 0) queues.delete(subject);
    }
  };
}
