/** Going on with checkouts whose request is over: the budget ended, a service was down, or the process died. */
import { withLogScope } from '../../../platform/log';
import { Fault } from '../../../platform/errors';
import type { OrdersServices } from '../services';
import { LONGEST_MS } from './ask';
import { abandon, type CheckoutRun } from './checkout-run';
import { LeaseLost, takeDue } from './checkout-store';
import type { Checkout } from './checkout.entity';
import { isOwed } from './checkout.rules';
import { letGo, runCheckout } from './run-checkout';

/** Checkouts worked on at once. */
const BATCH = 10;
/** Rounds of one sweep; what is still due then waits for the next. */
const ROUNDS = 20;
/** How long one checkout is worked on, in milliseconds. */
const PATIENCE_MS = 10_000;

/** Takes what is due and goes on with it, forwards or backwards. A job; safe in several processes at once. */
export async function sweepCheckouts(services: OrdersServices): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const due = await takeDue(services.db, BATCH);
    const results = await Promise.allSettled(due.map((checkout) => takeUp(services, checkout)));
    for (const result of results) {
      if (result.status === 'rejected')
        services.log.error({ err: result.reason as unknown }, 'a checkout could not go on');
    }
    if (due.length < BATCH) return;
  }
}

async function takeUp(services: OrdersServices, checkout: Checkout): Promise<void> {
  await withLogScope({ requestId: checkout.requestId }, async () => {
    const run = unattended(services, checkout, PATIENCE_MS);
    try {
      if (checkout.direction === 'forward' && !isOwed(checkout)) await abandon(run, new Fault('SERVICE_UNAVAILABLE'));
      await runCheckout(run);
    } catch (error) {
      if (!(error instanceof LeaseLost)) throw error;
    } finally {
      await letGo(run);
    }
  });
}

/** A run that no client waits for. */
export function unattended(services: OrdersServices, checkout: Checkout, patienceMs: number): CheckoutRun {
  const until = Date.now() + patienceMs;
  const nothing = { question: null, outcome: null, failure: null };
  return { services, checkout, until, authorizeMs: LONGEST_MS, blocked: new Set(), ...nothing };
}
