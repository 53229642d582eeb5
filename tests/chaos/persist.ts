/** Asking until there is an answer: what every client of Souk is told to do, with the same idempotency key. */
import { setTimeout as sleep } from 'node:timers/promises';
import { NoAnswer, type Answer } from './graph';
import type { Entry, History } from './history';

/** What is asked, and by whom. */
export type Question = Pick<Entry, 'client' | 'action' | 'key' | 'orderId' | 'parcel'>;

/** What becomes of it in the end; undefined: there was no answer in time. */
export type Outcome = { told: 'ok'; object: Record<string, unknown> } | { told: 'no'; codes: string[] } | undefined;

/** Who asks: where it is written down, and how long one asks at most, in milliseconds. */
export interface Asker {
  history: History;
  patienceMs: number;
}

/** Milliseconds between two attempts. */
const PAUSE_MS = 150;
const LONGEST_PAUSE_MS = 1_500;

/**
 * Asks, again and again while it is unknown what happened, and writes each attempt down. `ask` is told the number of the
 * attempt. `describe` takes from the object what is to be written down.
 */
export async function persist(
  { history, patienceMs }: Asker,
  question: Question,
  ask: (attempt: number) => Promise<Answer>,
  describe: (object: Record<string, unknown>) => Partial<Entry> = () => ({}),
): Promise<Outcome> {
  const until = Date.now() + patienceMs;
  let pauseMs = PAUSE_MS;
  for (let attempt = 1; ; attempt += 1) {
    history.note({ ...question, phase: 'invoke' });
    const answer = await ask(attempt).catch((error: unknown) => {
      if (error instanceof NoAnswer) return error.code;
      throw error;
    });
    if (typeof answer !== 'string' && answer.object) {
      history.note({ ...question, phase: 'ok', ...describe(answer.object) });
      return { told: 'ok', object: answer.object };
    }
    const codes = typeof answer === 'string' ? [answer] : answer.refusals.map(({ code }) => code);
    if (typeof answer !== 'string' && !answer.refusals.some(({ retryable }) => retryable)) {
      history.note({ ...question, phase: 'no', codes });
      return { told: 'no', codes };
    }
    history.note({ ...question, phase: 'unknown', codes });
    if (Date.now() > until) return undefined;
    await sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}
