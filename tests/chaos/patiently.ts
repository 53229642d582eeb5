/** Asking for what may be asked twice without harm, until it is done. */
import { setTimeout as sleep } from 'node:timers/promises';
import { NoAnswer, type Answer } from './graph';

/** How long it is asked unless told otherwise, in milliseconds. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 250;

/** The answer with its object; or the last refusal; undefined if there was no answer in all the time. */
export async function patiently(ask: () => Promise<Answer>, patienceMs = PATIENCE_MS): Promise<Answer | undefined> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      if (error instanceof NoAnswer) return undefined;
      throw error;
    });
    const again = !answer || answer.refusals.some(({ retryable }) => retryable);
    if (!again || Date.now() > until) return answer;
    await sleep(PAUSE_MS);
  }
}
