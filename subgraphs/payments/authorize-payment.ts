/** Authorizes an order's total. Once asked, the provider's answer is looked up before it is asked again. */
import type { z } from 'zod';
import { newUuid } from '../../platform/ids';
import { ACTION_EXPIRED, type authorizePayment as command } from './messages';
import { isOpen, lockPayment, paymentsBy, type PaymentRow } from './payment.rows';
import type { PaymentServices } from './payment.services';
import { openSource, sealedSource } from './payment-source';
import { ProviderUnavailable, type AuthorizationAnswer, type ProviderState } from './provider/provider';
import { settle } from './settle-payment';

/** Kept as decline reason of a payment whose token the provider does not know. */
const UNKNOWN_TOKEN = 'unknown_token';
/** How long a buyer has to approve a payment when the provider sets no limit, in milliseconds. */
const ACTION_MS = 3_600_000;

type Input = z.output<typeof command.input>;
type Output = z.output<typeof command.output>;

/** The same order again gives the outcome so far. `pending`: the provider gave no answer; ask again later. */
export async function authorizePayment(services: PaymentServices, input: Input, cause: string): Promise<Output> {
  const begun = await begin(services, input);
  if (begun === null) return { outcome: 'declined', reason: 'cancelled' };
  if (begun === 'unknownSource') return { outcome: 'unknownToken' };
  try {
    const payment = isOpen(begun) ? await conclude(services, begun, await ask(services, begun), cause) : begun;
    // Each time it is asked about: whether the one before came as far as this is not known.
    if (payment.declineReason === ACTION_EXPIRED) await giveUp(services, payment);
    return outcomeOf(services, payment);
  } catch (error) {
    if (error instanceof ProviderUnavailable) return { outcome: 'pending' };
    throw error;
  }
}

/** Finds or makes the payment; null: the order was cancelled before. The advisory lock orders this with a reversal. */
async function begin(services: PaymentServices, input: Input): Promise<PaymentRow | 'unknownSource' | null> {
  const { db, clock, provider } = services;
  return db.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [input.orderId]);
    const reversed: unknown[] = await tx.query('SELECT 1 FROM reversed_order WHERE order_id = $1', [input.orderId]);
    if (reversed.length > 0) return null;
    const source = await sealedSource(tx, services, input);
    // Begun with a card that was deleted since: the payment knows what it was.
    if (source === null) return (await lockPayment(tx, input.orderId)) ?? 'unknownSource';
    await tx.query(
      `INSERT INTO payment (id, order_id, owner_kind, owner_id, status, amount, currency_code, provider, source_kind, sealed_token, created_at)
       VALUES ($1, $2, $3, $4, 'PENDING', $5, $6, $7, $8, $9, $10)
       ON CONFLICT (order_id) DO NOTHING`,
      [
        newUuid(),
        input.orderId,
        input.ownerKind,
        input.ownerId,
        input.amount,
        input.currencyCode,
        provider.name,
        source.kind,
        source.sealed,
        clock.now(),
      ],
    );
    return lockPayment(tx, input.orderId);
  });
}

async function ask(services: PaymentServices, payment: PaymentRow): Promise<AuthorizationAnswer> {
  const { db, provider, sealer, clock } = services;
  if (payment.attemptedAt) {
    const known = await provider.find(payment.orderId);
    if (known) return answerOf(known, payment, clock.now());
  }
  // Noted before the call: if the process dies in it, the next one looks up what became of it.
  const [noted] = await db.rows<object[]>(
    `UPDATE payment SET attempted_at = $2 WHERE id = $1 AND status IN ('PENDING', 'REQUIRES_ACTION') RETURNING 1`,
    [payment.id, clock.now()],
  );
  // Called void a moment ago: what the provider were asked for now, nobody would let go of.
  if (!noted || noted.length === 0) throw new ProviderUnavailable();
  return provider.authorize({
    key: payment.orderId,
    source: openSource(sealer, payment),
    amount: payment.amount,
    currencyCode: payment.currencyCode,
  });
}

/** What the provider would answer now to the question it was asked. */
function answerOf(known: ProviderState, payment: PaymentRow, now: Date): AuthorizationAnswer {
  const { reference, method, action } = known;
  if (known.state === 'DECLINED') return { outcome: 'declined', reason: known.reason };
  if (known.state === 'AUTHORIZED' || known.state === 'CAPTURED') return { outcome: 'authorized', reference, method };
  // Let go of at the provider: that is how waiting for a buyer ends.
  const expired = action === null || actionEnd(action, payment) <= now;
  return expired
    ? { outcome: 'declined', reason: ACTION_EXPIRED }
    : { outcome: 'requiresAction', reference, method, action };
}

/** Until when the buyer may approve. */
function actionEnd({ expiresAt }: { expiresAt: Date | null }, { createdAt }: PaymentRow): Date {
  return expiresAt ?? new Date(createdAt.getTime() + ACTION_MS);
}

/** Writes the answer, unless something else was decided meanwhile; gives the payment as it is then. */
async function conclude(
  services: PaymentServices,
  { orderId }: PaymentRow,
  answer: AuthorizationAnswer,
  cause: string,
): Promise<PaymentRow> {
  const { db, provider } = services;
  const settled = await db.transaction(async (tx) => {
    const payment = await lockPayment(tx, orderId);
    // It was there a moment ago, and none is ever removed.
    if (!payment) throw new ProviderUnavailable();
    const change = isOpen(payment) ? changeBy(services, payment, answer) : null;
    return change ? settle(tx, payment, { ...change, now: services.clock.now(), cause }) : payment;
  });
  // Cancelled or given up while the provider was being asked: what it holds now belongs to nobody.
  const over = settled.status === 'VOIDED' || settled.status === 'FAILED';
  if (over && 'reference' in answer) await provider.void(answer.reference);
  return settled;
}

/** What the answer changes of an open payment; null: nothing. */
function changeBy({ sealer }: PaymentServices, payment: PaymentRow, answer: AuthorizationAnswer) {
  switch (answer.outcome) {
    case 'authorized': {
      const { reference: providerReference, method } = answer;
      return {
        set: { status: 'AUTHORIZED' as const, providerReference, method },
        posting: { kind: 'AUTHORIZE' as const, amount: payment.amount },
      };
    }
    case 'requiresAction': {
      const { reference: providerReference, method, action } = answer;
      const actionExpiresAt = actionEnd(action, payment);
      const known = payment.sealedAction !== null && sealer.open(payment.sealedAction) === action.url;
      if (known && payment.actionExpiresAt?.getTime() === actionExpiresAt.getTime()) return null;
      const sealedAction = sealer.seal(action.url);
      return {
        set: { status: 'REQUIRES_ACTION' as const, providerReference, method, sealedAction, actionExpiresAt },
      };
    }
    case 'declined':
      return { set: { status: 'FAILED' as const, declineReason: answer.reason } };
    case 'unknownToken':
      return { set: { status: 'FAILED' as const, declineReason: UNKNOWN_TOKEN } };
  }
}

/** The buyer did not come: from now on approving it must hold nothing any more. */
async function giveUp({ provider }: PaymentServices, { orderId, providerReference }: PaymentRow): Promise<void> {
  const reference = providerReference ?? (await provider.find(orderId))?.reference;
  if (reference !== undefined) await provider.void(reference);
}

function outcomeOf({ sealer }: PaymentServices, payment: PaymentRow): Output {
  const { status, sealedAction, actionExpiresAt: expiresAt, declineReason } = payment;
  if (status === 'AUTHORIZED' || status === 'CAPTURED') return { outcome: 'authorized' };
  if (status === 'VOIDED') return { outcome: 'declined', reason: 'cancelled' };
  if (status === 'REQUIRES_ACTION' && sealedAction !== null) {
    return { outcome: 'requiresAction', url: sealer.open(sealedAction), expiresAt };
  }
  if (status !== 'FAILED') return { outcome: 'pending' };
  if (declineReason === UNKNOWN_TOKEN) return { outcome: 'unknownToken' };
  return { outcome: 'declined', reason: declineReason };
}

/** The payment of an order, or null. */
export async function paymentOf(services: PaymentServices, orderId: string): Promise<PaymentRow | null> {
  const [payment] = await paymentsBy(services.db.manager, 'order_id', [orderId]);
  return payment ?? null;
}
