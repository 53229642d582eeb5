/**
 * What follows for a payment from what the provider says of it. Pure, and never a step backwards: a state that is older
 * than the payment changes nothing, so it does not matter in which order, how often or how late news arrives.
 */
import { z } from 'zod';
import type { PaymentRow } from './payment.rows';
import type { ProviderState } from './provider/provider';
import type { Settlement } from './settle-payment';

/** One change of a payment. */
export type Step = Pick<Settlement, 'set' | 'posting'>;

/**
 * `settle`: the changes that were missed, in order. `letGo`: the provider holds or took what belongs to no order any more.
 * `mismatch`: it is not what was asked for, so nothing is done by itself.
 */
export type Consequence =
  { follows: 'nothing' } | { follows: 'settle'; steps: Step[] } | { follows: 'letGo' } | { follows: 'mismatch' };

type Known = Pick<
  PaymentRow,
  'status' | 'amount' | 'capturedAmount' | 'refundedAmount' | 'currencyCode' | 'providerReference'
>;
type Said = Pick<
  ProviderState,
  'reference' | 'state' | 'amount' | 'capturedAmount' | 'refundedAmount' | 'currencyCode' | 'method' | 'reason'
>;

const NOTHING: Consequence = { follows: 'nothing' };

/** Whether a key can be one of ours, an order's uuid: whatever else lies at the provider is left alone. */
export function isKeyOfOurs(key: string | null): key is string {
  return z.uuid().safeParse(key).success;
}

/** Whether the provider holds or has money, or may still come to hold some. */
export function holdsMoney(said: Said): boolean {
  if (said.state === 'CAPTURED') return said.refundedAmount < said.capturedAmount;
  return said.state === 'AUTHORIZED' || said.state === 'REQUIRES_ACTION';
}

/** See the head of this file. */
export function followsFrom(payment: Known, said: Said): Consequence {
  const isOver = payment.status === 'VOIDED' || payment.status === 'FAILED';
  const isAnother = payment.providerReference !== null && payment.providerReference !== said.reference;
  if (isOver || isAnother) return holdsMoney(said) ? { follows: 'letGo' } : NOTHING;
  const isOpen = payment.status === 'PENDING' || payment.status === 'REQUIRES_ACTION';
  const steps: Step[] = [];
  switch (said.state) {
    case 'REQUIRES_ACTION': // authorizePayment keeps where the buyer has to go
      return NOTHING;
    case 'DECLINED':
      if (isOpen) steps.push({ set: { status: 'FAILED', declineReason: said.reason } });
      break;
    case 'VOIDED':
      if (isOpen) steps.push({ set: { status: 'VOIDED', ...identity(said) } });
      if (payment.status === 'AUTHORIZED') {
        steps.push({ set: { status: 'VOIDED' }, posting: { kind: 'VOID', amount: payment.amount } });
      }
      break;
    case 'AUTHORIZED':
    case 'CAPTURED':
      if (!isWhatWasAsked(payment, said)) return { follows: 'mismatch' };
      if (isOpen) {
        const posting = { kind: 'AUTHORIZE', amount: payment.amount } as const;
        steps.push({ set: { status: 'AUTHORIZED', ...identity(said) }, posting });
      }
      if (said.state === 'CAPTURED') steps.push(...takenAndGivenBack(payment, said));
  }
  return steps.length > 0 ? { follows: 'settle', steps } : NOTHING;
}

const identity = ({ reference, method }: Said) => ({ providerReference: reference, method });

function isWhatWasAsked(payment: Known, said: Said): boolean {
  return (
    said.amount === payment.amount &&
    said.currencyCode === payment.currencyCode &&
    said.capturedAmount <= said.amount &&
    said.refundedAmount <= said.capturedAmount
  );
}

function takenAndGivenBack(payment: Known, said: Said): Step[] {
  const steps: Step[] = [];
  if (payment.status !== 'CAPTURED') {
    const { capturedAmount } = said;
    steps.push({ set: { status: 'CAPTURED', capturedAmount }, posting: { kind: 'CAPTURE', amount: capturedAmount } });
    // Taken in part by somebody at the provider: the rest of the hold is gone.
    const rest = payment.amount - capturedAmount;
    if (rest > 0n) steps.push({ set: {}, posting: { kind: 'VOID', amount: rest } });
  }
  // Ours are promised before the provider is asked, so what goes beyond them was given back by somebody at the provider.
  const { refundedAmount } = said;
  const unknown = refundedAmount - payment.refundedAmount;
  if (unknown > 0n) steps.push({ set: { refundedAmount }, posting: { kind: 'REFUND', amount: unknown } });
  return steps;
}
