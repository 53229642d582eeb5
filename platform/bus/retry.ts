/** What becomes of a message after its handler: the same rules for both adapters. */
import { brokerVerdictOf } from '../errors';
import type { Log } from '../log';
import type { EventEnvelope, MessageHandler } from './bus';

/** How often and how patiently a message is tried. */
export interface RetryPolicy {
  /** Milliseconds before the second, third, … attempt; the last one serves for all further attempts. */
  delaysMs: readonly [number, ...number[]];
  /** Attempts before a message is dead. */
  maxAttempts: number;
  /**
   * Times a message may be taken by a consumer that then dies without a word (a broker counts them). Higher than the number of
   * process deaths a harmless message meets by chance, lower than what a message that kills processes should cost.
   */
  deliveryLimit: number;
}

/** About half an hour of attempts, so that an outage of minutes leaves no dead letters. */
export const DEFAULT_RETRY: RetryPolicy = {
  delaysMs: [1_000, 5_000, 30_000, 120_000, 600_000],
  maxAttempts: 8,
  deliveryLimit: 10,
};

/** What to do with a message: it is handled, it comes back after `delayMs`, or it goes to the dead letters. */
export type Next = { kind: 'done' } | { kind: 'retry'; delayMs: number } | { kind: 'dead' };

/** Runs a handler for the `attempt`-th time (from 1) and says what to do next. Never rejects; failures are logged without payload. */
export async function attemptMessage(
  handle: MessageHandler,
  event: EventEnvelope,
  context: { queue: string; attempt: number; policy: RetryPolicy; log: Log },
): Promise<Next> {
  const { queue, attempt, policy, log } = context;
  const fields = { queue, event: event.name, eventId: event.id, attempt };
  let verdict: Awaited<ReturnType<MessageHandler>>;
  let failure: unknown;
  try {
    verdict = await handle(event);
  } catch (error) {
    failure = error;
    verdict = brokerVerdictOf(error);
  }
  if (verdict === 'done') return { kind: 'done' };
  if (verdict === 'retry' && attempt < policy.maxAttempts) {
    const delayMs = policy.delaysMs[Math.min(attempt, policy.delaysMs.length) - 1] ?? policy.delaysMs[0];
    log.warn({ ...fields, delayMs, err: failure }, 'message failed, will be tried again');
    return { kind: 'retry', delayMs };
  }
  log.error({ ...fields, err: failure }, 'message is dead');
  return { kind: 'dead' };
}
