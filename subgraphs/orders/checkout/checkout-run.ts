/** One worker's work on one checkout: what it carries along, and how it ends an attempt that can not succeed. */
import { finishKey, forgetKey, type Outcome } from '../../../platform/db/idempotency';
import type { Principal } from '../../../platform/auth/principal';
import type { UserErrorValue } from '../../../platform/errors';
import { SYSTEM } from '../order-access';
import { transition } from '../record-event';
import { lockOrder } from '../read-orders';
import type { OrdersServices } from '../services';
import { LeaseLost, saveProgress, type Progress } from './checkout-store';
import type { Checkout } from './checkout.entity';
import type { Step } from './checkout.rules';

/** Name under which placeOrder's keys are remembered. */
export const PLACE_ORDER = 'placeOrder';

/** Which cart is meant, and by whom; known while its buyer waits, and kept nowhere. */
export interface CartQuestion {
  principal: Principal;
  cartId: string | null;
  cartToken: string | null;
  sealedAddress: string | null;
  shippingMethod: string | null;
  /** Minor units; null: whatever it costs. */
  expectedTotal: bigint | null;
}

/** A worker's state. */
export interface CheckoutRun {
  readonly services: OrdersServices;
  checkout: Checkout;
  /** When it stops; milliseconds of Date.now(). */
  readonly until: number;
  /** How long it waits for the money to be held, in milliseconds. */
  readonly authorizeMs: number;
  /** Null: nobody waits; a checkout that would need it is turned back. */
  readonly question: CartQuestion | null;
  /** Asked in vain a moment ago. */
  readonly blocked: Set<Step>;
  /** What is remembered under the client's key, once that is decided. */
  outcome: Outcome | null;
  /** What the client is told when nothing is remembered. */
  failure: Error | null;
}

/** Writes progress on the run's checkout. */
export async function advance(run: CheckoutRun, progress: Progress): Promise<void> {
  const { db, clock } = run.services;
  run.checkout = await saveProgress(db.manager, run.checkout, progress, clock.now());
}

/**
 * Turns the checkout back. Not placed yet: the refusal is remembered under the client's key. Placed: the order is CANCELLED,
 * for the reason given.
 */
export async function refuse(
  run: CheckoutRun,
  refusal: { errors: UserErrorValue[]; reason: string },
  progress: Progress = {},
): Promise<void> {
  const { services, checkout } = run;
  const now = services.clock.now();
  run.checkout = await services.db.transaction(async (tx) => {
    if (checkout.placed) {
      const order = await lockOrder(tx, checkout.orderId);
      const paymentStatus = progress.payment === 'declined' ? ('FAILED' as const) : undefined;
      const change = { actor: SYSTEM, at: now, cause: checkout.requestId, reason: refusal.reason, paymentStatus };
      // Cancelled meanwhile: whoever did so has taken over the checkout.
      if (order?.status !== 'PENDING') throw new LeaseLost();
      await transition(tx, services.sealer, order, 'CANCELLED', change);
    }
    const turned = await saveProgress(tx, checkout, { ...progress, direction: 'back' }, now);
    if (!checkout.placed) await finishKey(tx, keyOf(checkout), { errors: refusal.errors });
    return turned;
  });
  if (checkout.placed) services.eventLog.wake();
  else run.outcome = { errors: refusal.errors };
}

/** Turns a checkout that is not placed back and forgets the client's key: the same key may be sent again. */
export async function abandon(run: CheckoutRun, failure: Error, progress: Progress = {}): Promise<void> {
  const { services, checkout } = run;
  run.checkout = await services.db.transaction(async (tx) => {
    const turned = await saveProgress(tx, checkout, { ...progress, direction: 'back' }, services.clock.now());
    await forgetKey(tx, keyOf(checkout));
    return turned;
  });
  run.failure = failure;
}

/** The client's key. */
export function keyOf({ actor, key }: Checkout): { actor: string; mutation: string; key: string } {
  return { actor, mutation: PLACE_ORDER, key };
}
