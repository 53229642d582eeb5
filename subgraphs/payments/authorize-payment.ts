/** Authorizes an order's total. Once asked, the provider's answer is looked up before it is asked again. */
import type { z } from 'zod';
import { newUuid } from '../../platform/ids';
import type { authorizePayment as command } from './messages';
import { lockPayment, paymentsBy, type PaymentRow } from './payment.rows';
import type { PaymentServices } from './payment.services';
import { ProviderUnavailable, type AuthorizationAnswer } from './provider/provider';
import { settle } from './settle-payment';

/** Kept as decline reason of a payment whose token the provider does not know. */
const UNKNOWN_TOKEN = 'unknown_token';

type Input = z.output<typeof command.input>;
type Output = z.output<typeof command.output>;

/** The same order again gives the outcome so far. `pending`: the provider gave no answer; ask again later. */
export async function authorizePayment(services: PaymentServices, input: Input, cause: string): Promise<Output> {
  const payment = await begin(services, input);
  if (payment === null) return { outcome: 'declined', reason: 'cancelled' };
  if (payment.status !== 'PENDING') return outcomeOf(payment);
  try {
    return await conclude(services, payment, await ask(services, payment), cause);
  } catch (error) {
    if (error instanceof ProviderUnavailable) return { outcome: 'pending' };
    throw error;
  }
}

/** Finds or makes the payment; null: the order was cancelled before. The advisory lock orders this with a reversal. */
async function begin(services: PaymentServices, input: Input): Promise<PaymentRow | null> {
  const { db, sealer, clock, provider } = services;
  return db.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [input.orderId]);
    const reversed: unknown[] = await tx.query('SELECT 1 FROM reversed_order WHERE order_id = $1', [input.orderId]);
    if (reversed.length > 0) return null;
    await tx.query(
      `INSERT INTO payment (id, order_id, owner_kind, owner_id, status, amount, currency_code, provider, sealed_token, created_at)
       VALUES ($1, $2, $3, $4, 'PENDING', $5, $6, $7, $8, $9)
       ON CONFLICT (order_id) DO NOTHING`,
      [
        newUuid(),
        input.orderId,
        input.ownerKind,
        input.ownerId,
        input.amount,
        input.currencyCode,
        provider.name,
        sealer.seal(input.token),
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
    if (known?.state === 'DECLINED') return { outcome: 'declined', reason: known.reason };
    if (known) return { outcome: 'authorized', reference: known.reference, method: known.method };
  }
  // Noted before the call: if the process dies in it, the next one looks up what became of it.
  const [noted] = await db.rows<object[]>(
    `UPDATE payment SET attempted_at = $2 WHERE id = $1 AND status = 'PENDING' RETURNING 1`,
    [payment.id, clock.now()],
  );
  // Called void a moment ago: what the provider were asked for now, nobody would let go of.
  if (!noted || noted.length === 0) throw new ProviderUnavailable();
  return provider.authorize({
    key: payment.orderId,
    token: sealer.open(payment.sealedToken),
    amount: payment.amount,
    currencyCode: payment.currencyCode,
  });
}

async function conclude(
  services: PaymentServices,
  { orderId }: PaymentRow,
  answer: AuthorizationAnswer,
  cause: string,
): Promise<Output> {
  const { db, clock, provider } = services;
  const settled = await db.transaction(async (tx) => {
    const payment = await lockPayment(tx, orderId);
    if (payment?.status !== 'PENDING') return payment;
    const now = clock.now();
    if (answer.outcome === 'authorized') {
      return settle(tx, payment, {
        set: { status: 'AUTHORIZED', providerReference: answer.reference, method: answer.method },
        posting: { kind: 'AUTHORIZE', amount: payment.amount },
        now,
        cause,
      });
    }
    const reason = answer.outcome === 'declined' ? answer.reason : UNKNOWN_TOKEN;
    return settle(tx, payment, { set: { status: 'FAILED', declineReason: reason }, now, cause });
  });
  // Cancelled while the provider was being asked: what it holds now belongs to nobody.
  if (settled?.status === 'VOIDED' && answer.outcome === 'authorized') await provider.void(answer.reference);
  return settled ? outcomeOf(settled) : { outcome: 'pending' };
}

function outcomeOf(payment: PaymentRow): Output {
  if (payment.status === 'AUTHORIZED' || payment.status === 'CAPTURED') return { outcome: 'authorized' };
  if (payment.status === 'VOIDED') return { outcome: 'declined', reason: 'cancelled' };
  if (payment.status !== 'FAILED') return { outcome: 'pending' };
  if (payment.declineReason === UNKNOWN_TOKEN) return { outcome: 'unknownToken' };
  return { outcome: 'declined', reason: payment.declineReason };
}

/** The payment of an order, or null. */
export async function paymentOf(services: PaymentServices, orderId: string): Promise<PaymentRow | null> {
  const [payment] = await paymentsBy(services.db.manager, 'order_id', [orderId]);
  return payment ?? null;
}
