/** Sending a checkout's questions to the other services. */
import type { z } from 'zod';
import type { Principal } from '../../../platform/auth/principal';
import type { Command } from '../../../platform/commands/command';
import type { CheckoutRun } from './checkout-run';

/** A single question waits this long, in milliseconds, unless said otherwise. */
export const LONGEST_MS = 3_000;
/** However late it is, a question is given this long: one that is sent must have a chance to be answered. */
const SHORTEST_MS = 100;

/**
 * Sends a command and gives its answer; all are idempotent by the order's id. Undefined: none came, so it is not known whether
 * it was carried out, and it may be asked again.
 */
export async function ask<Input extends z.ZodType, Output extends z.ZodType>(
  run: CheckoutRun,
  command: Command<Input, Output>,
  input: z.output<Input>,
  options: { step: string; principal?: Principal; withinMs?: number },
): Promise<z.output<Output> | undefined> {
  const { services, checkout } = run;
  const { step, principal = { kind: 'service', name: 'orders' }, withinMs = LONGEST_MS } = options;
  const deadlineMs = Math.max(SHORTEST_MS, Math.min(withinMs, run.until - Date.now()));
  try {
    return await services.commands.send(command, input, { principal, requestId: checkout.requestId, deadlineMs });
  } catch (error) {
    services.log.warn({ err: error, orderId: checkout.orderId, step }, 'a checkout step got no answer');
    return undefined;
  }
}
