/** Steps: have the money held, ask again when in doubt, and let it go. */
import { Fault, type UserErrorValue } from '../../../platform/errors';
import { ACTION_EXPIRED, authorizePayment as command, reversePayment as undo } from '../../payments/messages';
import { SYSTEM } from '../order-access';
import { lockOrder } from '../read-orders';
import { recordChange } from '../record-event';
import { ask } from './ask';
import { advance, refuse, type CheckoutRun } from './checkout-run';
import { LeaseLost, saveProgress } from './checkout-store';
import { draftSchema, type Draft } from './checkout.entity';
import { ownerOf } from './owner.rules';
import { placeFromCheckout, type RequiredAction } from './write-order';

/** do: held, in doubt (slow, down, unreachable) or waiting for the buyer: the order is placed. Declined: back. */
export async function authorizePayment(run: CheckoutRun): Promise<void> {
  const answer = await askForMoney(run);
  if (answer?.outcome === 'declined' || answer?.outcome === 'unknownToken') return declined(run, answer);
  const action = answer?.outcome === 'requiresAction' ? answer : null;
  const payment = answer?.outcome === 'authorized' ? 'authorized' : action ? 'waiting' : 'pending';
  // Asked again later, not in the same breath.
  if (payment !== 'authorized') run.blocked.add('settle');
  await placeFromCheckout(run, draftOf(run), payment, action);
}

/** do, for a payment in doubt, or one that waits for the buyer. */
export async function settlePayment(run: CheckoutRun): Promise<void> {
  const answer = await askForMoney(run);
  if (answer?.outcome === 'authorized') return advance(run, { payment: 'authorized' });
  if (answer?.outcome === 'declined' || answer?.outcome === 'unknownToken') return declined(run, answer);
  run.blocked.add('settle');
  if (answer?.outcome === 'requiresAction' && run.checkout.payment === 'pending') await tellBuyer(run, answer);
}

/** It was in doubt, and turns out to wait for the buyer: from now on the order says where to go. */
async function tellBuyer(run: CheckoutRun, action: RequiredAction): Promise<void> {
  const { services, checkout } = run;
  const now = services.clock.now();
  run.checkout = await services.db.transaction(async (tx) => {
    const order = await lockOrder(tx, checkout.orderId);
    // Cancelled meanwhile: whoever did so has taken over the checkout.
    if (order?.status !== 'PENDING') throw new LeaseLost();
    await tx.query('UPDATE orders SET next_action = $2, next_action_until = $3 WHERE id = $1', [
      order.id,
      services.sealer.seal(action.url),
      action.expiresAt,
    ]);
    const change = {
      actor: SYSTEM,
      at: now,
      cause: checkout.requestId,
      reason: 'The buyer has to approve the payment.',
    };
    await recordChange(tx, services.sealer, order, 'PAYMENT_CHANGED', change);
    return saveProgress(tx, checkout, { payment: 'waiting' }, now);
  });
  services.eventLog.wake();
}

/** undo: the authorization is voided, or what was captured is given back. */
export async function reversePayment(run: CheckoutRun): Promise<void> {
  const answer = await ask(run, undo, { orderId: run.checkout.orderId }, { step: 'reverse payment' });
  if (answer?.outcome === 'reversed') return advance(run, { payment: 'reversed' });
  run.blocked.add('reverse payment');
}

function askForMoney(run: CheckoutRun) {
  const { orderId, quote } = run.checkout;
  if (!quote) throw new Error('money is asked for a quote');
  const { ownerKind, ownerId } = ownerOf(quote, run.checkout);
  const { total: amount, currencyCode } = quote;
  const { paymentToken: token, paymentMethodId: methodId } = draftOf(run);
  return ask(
    run,
    command,
    { orderId, ownerKind, ownerId, amount, currencyCode, token, methodId },
    { step: 'authorize', withinMs: run.authorizeMs },
  );
}

function declined(
  run: CheckoutRun,
  answer: { outcome: 'unknownToken' } | { outcome: 'declined'; reason: string | null },
) {
  const error: UserErrorValue =
    answer.outcome === 'unknownToken'
      ? unknownSource(draftOf(run))
      : {
          code: 'PAYMENT_FAILED',
          message: 'The payment was declined. Nothing was charged.',
          field: ['payment'],
          declineReason: answer.reason ?? undefined,
        };
  const expired = answer.outcome === 'declined' && answer.reason === ACTION_EXPIRED;
  const reason = expired ? 'The payment was not approved in time.' : 'The payment was declined.';
  return refuse(run, { errors: [error], reason }, { payment: 'declined' });
}

/** A saved payment method that is not the buyer's, or was deleted, looks like one that does not exist. */
function unknownSource({ paymentMethodId }: Draft): UserErrorValue {
  return paymentMethodId === null
    ? { code: 'VALIDATION_ERROR', message: 'The provider does not know this token.', field: ['payment', 'token'] }
    : { code: 'NOT_FOUND', message: 'There is no such payment method.', field: ['payment', 'methodId'] };
}

function draftOf({ checkout }: CheckoutRun): Draft {
  try {
    return draftSchema.parse(JSON.parse(checkout.draft ?? ''));
  } catch {
    // Without the cause: a decoder's error may quote the value.
    throw new Fault('INTERNAL_ERROR');
  }
}
