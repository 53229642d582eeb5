/** Brings a payment to what the provider says of it: the one way for look-ups, webhooks and reconciliation. */
import { Counter } from 'prom-client';
import { newUuid } from '../../platform/ids';
import { lockPayment, type PaymentRow } from './payment.rows';
import type { PaymentServices } from './payment.services';
import { followsFrom, type Step } from './provider-state.rules';
import type { ProviderState } from './provider/provider';
import { settle } from './settle-payment';

const reconciled = new Counter({
  name: 'souk_payment_reconciled_total',
  help: 'What was put right after news or a look-up: authorized, captured, refunded, voided, failed; released or given_back (belonged to no order); mismatch (needs an operator).',
  labelNames: ['kind'],
});

/** `unknown`: there is no payment of this key here. Throws ProviderUnavailable when letting go got no answer. */
export async function applyProviderState(
  services: PaymentServices,
  state: ProviderState,
  cause: string,
): Promise<'unknown' | 'nothing' | 'settle' | 'letGo' | 'mismatch'> {
  const { db, log } = services;
  const now = services.clock.now();
  const { follows, steps } = await db.transaction(async (tx) => {
    const payment = await lockPayment(tx, state.key);
    if (!payment) return { follows: 'unknown', steps: [] } as const;
    const consequence = followsFrom(payment, state);
    if (consequence.follows !== 'settle') return { ...consequence, steps: [] };
    let current: PaymentRow = payment;
    for (const step of consequence.steps) {
      if (step.posting?.kind === 'REFUND') {
        await tx.query(
          `INSERT INTO refund (id, payment_id, amount, status, created_at) VALUES ($1, $2, $3, 'SUCCEEDED', $4)`,
          [newUuid(), payment.id, step.posting.amount, now],
        );
      }
      current = await settle(tx, current, { ...step, now, cause });
    }
    return consequence;
  });
  for (const step of steps) reconciled.inc({ kind: kindOf(step) });
  if (follows === 'mismatch') {
    log.error({ orderId: state.key }, 'the provider has another amount or currency for a payment than was asked for');
    reconciled.inc({ kind: 'mismatch' });
  }
  if (follows === 'letGo') await letGo(services, state);
  return follows;
}

function kindOf({ set, posting }: Step): string {
  return posting?.kind === 'REFUND' ? 'refunded' : (set.status ?? 'voided').toLowerCase();
}

/** Ends an authorization that belongs to no order: lets the hold go, or gives back what was taken. Done twice, it is done once. */
export async function letGo({ provider, log }: PaymentServices, state: ProviderState): Promise<void> {
  const { reference, currencyCode } = state;
  const isTaken = state.state === 'CAPTURED' || (await provider.void(reference)).outcome === 'captured';
  if (isTaken) {
    const taken = state.state === 'CAPTURED' ? state.capturedAmount : state.amount;
    const amount = taken - state.refundedAmount;
    const { outcome } = await provider.refund({ key: `orphan:${reference}`, reference, amount, currencyCode });
    if (outcome === 'failed') {
      log.error({ orderId: state.key }, 'the provider refused to give back what belongs to no order');
      reconciled.inc({ kind: 'mismatch' });
      return;
    }
  }
  log.warn({ orderId: state.key }, 'let go of an authorization that belongs to no order');
  reconciled.inc({ kind: isTaken ? 'given_back' : 'released' });
}
