/** Attempts to send a mail before it is given up: with the pauses below, about a day of no mail server. */
export const MAX_ATTEMPTS = 60;
/** The longest pause between two attempts, in milliseconds. */
const LONGEST_PAUSE_MS = 1_800_000;

/** Milliseconds until the next attempt after `attempts` have failed: 2 s, doubled each time, half an hour at most; null: give up. */
export function nextAttempt(attempts: number): number | null {
  if (attempts >= MAX_ATTEMPTS) return null;
  return Math.min(1_000 * 2 ** attempts, LONGEST_PAUSE_MS);
}
