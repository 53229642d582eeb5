/** Asking again, as clients do when a machine is too busy for our time limits. */
const ATTEMPTS = 20;

/** The first answer that is `good`, or the last one. */
export async function again<T>(ask: () => Promise<T>, good: (answer: T) => boolean): Promise<T> {
  let answer = await ask();
  for (let attempt = 1; attempt < ATTEMPTS && !good(answer); attempt += 1) answer = await ask();
  return answer;
}
