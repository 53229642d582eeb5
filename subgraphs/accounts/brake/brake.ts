/**
 * The brake on guessing: at most 5 checks of a password in 15 minutes for one account, whoever asks, unless one of them
 * succeeds; and a higher, configured number of failures for one network address. See docs/decisions/0037.
 */
import { Fault } from '../../../platform/errors';
import type { Services } from '../../../platform/subgraph';
import { claimTry, forgetTries, waitingSince } from './brake.rows';
import { createTurns } from './turns';

/** How long a failure counts, in minutes. */
export const BRAKE_MINUTES = 15;
const BRAKE_MS = BRAKE_MINUTES * 60_000;

/** What is tried, and from where. */
export interface Attempt {
  /** Names the account without saying which: a blind index or hash, also of what does not exist. */
  subject: string;
  /** undefined: not counted by address. */
  clientAddress: string | undefined;
}

/** Counts and refuses. */
export interface Brake {
  /**
   * Runs `check`, which gives null when what was brought is wrong, and gives its outcome. A success makes the account's
   * count begin anew. Fault RATE_LIMIT_EXCEEDED, with `details.retryAfter` in seconds, when it may not be checked now.
   */
  attempt<T>(attempt: Attempt, check: () => Promise<T | null>): Promise<T | null>;
  /** Lets an account be tried anew. */
  release(subject: string): Promise<void>;
}

/** Makes the brake. Its counts are rows, so all processes share them, and a restart forgets nothing. */
export function createBrake({ db, clock, sealer, config }: Services): Brake {
  const inTurn = createTurns();

  async function attemptOnce<T>(subject: string, address: string | null, check: () => Promise<T | null>) {
    const now = clock.now();
    const tried = { subject, address, now, expired: new Date(now.getTime() - BRAKE_MS) };
    // The try is taken before the check. One whose check breaks off stays taken: safe, and it comes back by itself.
    if (!(await claimTry(db, { ...tried, mostFailures: config.loginFailuresPerAddress }))) {
      const since = await waitingSince(db, { subject, address, mostFailures: config.loginFailuresPerAddress });
      throw refusal(since === null ? 0 : since.getTime() + BRAKE_MS - now.getTime());
    }
    const outcome = await check();
    if (outcome !== null) await forgetTries(db, subject, address);
    return { outcome };
  }

  return {
    async attempt({ subject, clientAddress }, check) {
      const address = clientAddress ? sealer.blindIndex(`network ${clientAddress}`) : null;
      // In turn, so that somebody who signs in on many devices at once is not taken for somebody who guesses.
      const done = await inTurn(subject, () => attemptOnce(subject, address, check));
      if (!done) throw refusal(0);
      return done.outcome;
    },
    release: (subject) => forgetTries(db, subject, null),
  };
}

function refusal(waitMs: number): Fault {
  const retryAfter = Math.max(1, Math.ceil(waitMs / 1_000));
  return new Fault('RATE_LIMIT_EXCEEDED', 'Too many failed attempts. Try again later.', { retryAfter });
}
