/** Steps: have the money held, ask again when in doubt, and let it go. */
import { Fault, type UserErrorValue } from '../../../platform/errors';
import { authorizePayment as command, reversePayment as undo } from '../../payments/messages';
import { ask } from './ask';
import { advance, refuse, type CheckoutRun } from './checkout-run';
import { draftSchema, type Draft } from './checkout.entity';
import { ownerOf } from './owner.rules';
import { placeFromCheckout } from './write-order';

/** do: held, or in doubt (slow, down, unreachable): the order is placed. Declined: back. */
export async function authorizePayment(run: CheckoutRun): Promise<void> {
  const answer = await askForMoney(run);
  if (answer?.outcome === 'declined' || answer?.outcome === 'unknownToken') return declined(run, answer);
  const payment = answer?.outcome === 'authorized' ? 'authorized' : 'pending';
  // In doubt: asked again later, not in the same breath.
  if (payment === 'pending') run.blocked.add('settle');
  await placeFromCheckout(run, draftOf(run), payment);
}

/** do, for a payment in doubt. */
export async function settlePayment(run: CheckoutRun): Promise<void> {
  const answer = await askForMoney(run);
  if (answer?.outcome === 'authorized') return advance(run, { payment: 'authorized' });
  if (answer?.outcome === 'declined' || answer?.outcome === 'unknownToken') return declined(run, answer);
  run.blocked.add('settle');
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
  const token = draftOf(run).paymentToken;
  return ask(
    run,
    command,
    { orderId, ownerKind, ownerId, amount, currencyCode, token },
    { step: 'authorize', withinMs: run.authorizeMs },
  );
}

function declined(
  run: CheckoutRun,
  answer: { outcome: 'unknownToken' } | { outcome: 'declined'; reason: string | null },
) {
  const error: UserErrorValue =
    answer.outcome === 'unknownToken'
      ? { code: 'VALIDATION_ERROR', message: 'The provider does not know this token.', field: ['payment', 'token'] }
      : {
          code: 'PAYMENT_FAILED',
          message: 'The payment was declined. Nothing was charged.',
          field: ['payment'],
          declineReason: answer.reason ?? undefined,
        };
  return refuse(run, { errors: [error], reason: 'The payment was declined.' }, { payment: 'declined' });
}

function draftOf({ checkout }: CheckoutRun): Draft {
  try {
    return draftSchema.parse(JSON.parse(checkout.draft ?? ''));
  } catch {
    // Without the cause: a decoder's error may quote the value.
    throw new Fault('INTERNAL_ERROR');
  }
}
