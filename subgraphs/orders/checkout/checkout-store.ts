/** Checkouts in the database: who may work on one, and what is known of it. Times of leases by the database's clock. */
import { In, type EntityManager } from 'typeorm';
import type { Database } from '../../../platform/db/database';
import { newUuid } from '../../../platform/ids';
import { CheckoutEntity, type Checkout } from './checkout.entity';
import { FIRST_FACTS, nextStep, retryDelayMs } from './checkout.rules';

/** How long a worker that is not heard of keeps a checkout, in seconds: longer than the longest command. */
const LEASE_SECONDS = 15;

const leaseEnd = (): string => `now() + interval '${LEASE_SECONDS} seconds'`;

/** Thrown when somebody else works on the checkout now: whoever lost it stops, without a trace of its last step. */
export class LeaseLost extends Error {
  constructor() {
    super('somebody else works on this checkout');
    this.name = 'LeaseLost';
  }
}

/** Begins a checkout, leased to the caller. */
export async function beginCheckout(
  tx: EntityManager,
  given: Pick<Checkout, 'orderId' | 'actor' | 'key' | 'requestId' | 'buyerKind' | 'buyerId' | 'partnerId' | 'draft'>,
  now: Date,
): Promise<Checkout> {
  const rest = { quote: null, attempts: 0, lease: newUuid(), leasedUntil: null, doneAt: null };
  const checkout: Checkout = { ...FIRST_FACTS, ...rest, ...given, dueAt: now, createdAt: now };
  await tx.insert(CheckoutEntity, { ...checkout, dueAt: () => 'now()', leasedUntil: leaseEnd });
  return checkout;
}

/** What a step may change. */
export type Progress = Partial<
  Pick<Checkout, 'direction' | 'cart' | 'stock' | 'payment' | 'placed' | 'reservedUntil' | 'quote'>
>;

/**
 * Writes what has become known and renews the lease; gives the checkout as it is now. When nothing is left to do it is done,
 * and what it knew of the buyer goes. Throws {@link LeaseLost}.
 */
export async function saveProgress(
  manager: EntityManager,
  checkout: Checkout,
  progress: Progress,
  now: Date,
): Promise<Checkout> {
  const next: Checkout = { ...checkout, ...progress, attempts: 0 };
  const done = nextStep(next, now) === null ? { draft: null, quote: null, doneAt: now } : {};
  const { orderId, lease } = checkout;
  if (lease === null) throw new LeaseLost();
  const { affected } = await manager.update(
    CheckoutEntity,
    { orderId, lease },
    { ...progress, ...done, attempts: 0, leasedUntil: leaseEnd },
  );
  if (affected === 0) throw new LeaseLost();
  return { ...next, ...done };
}

/** Lets go of a checkout that can not go on now: it is due again after a delay that grows. */
export async function putOff(db: Database, { orderId, lease, attempts }: Checkout): Promise<void> {
  await db.rows(
    `UPDATE checkout SET attempts = attempts + 1, leased_until = NULL, due_at = now() + make_interval(secs => $3)
     WHERE order_id = $1 AND lease = $2 AND done_at IS NULL`,
    [orderId, lease, retryDelayMs(attempts) / 1_000],
  );
}

/** Takes checkouts that are due and that nobody works on; each is leased to one taker. */
export async function takeDue(db: Database, limit: number): Promise<Checkout[]> {
  const lease = newUuid();
  const [taken] = await db.manager.query<[{ order_id: string }[], number]>(
    `UPDATE checkout SET lease = $1, leased_until = ${leaseEnd()} WHERE order_id IN (
       SELECT order_id FROM checkout
       WHERE done_at IS NULL AND due_at <= now() AND (leased_until IS NULL OR leased_until < now())
       ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
     RETURNING order_id`,
    [lease, limit],
  );
  if (taken.length === 0) return [];
  return db.manager.findBy(CheckoutEntity, { orderId: In(taken.map((row) => row.order_id)), lease });
}

/**
 * Turns the checkout of an order back, whoever works on it: what it holds is given back. Leased to the caller. The caller's
 * transaction has made the order CANCELLED and holds its lock.
 */
export async function recall(tx: EntityManager, orderId: string): Promise<Checkout | null> {
  const lease = newUuid();
  await tx.update(
    CheckoutEntity,
    { orderId },
    { direction: 'back', doneAt: null, attempts: 0, lease, leasedUntil: leaseEnd, dueAt: () => 'now()' },
  );
  return tx.findOneBy(CheckoutEntity, { orderId });
}

/** There is news of what a checkout waits for: it is due now, if nobody works on it. */
export async function hasten(tx: EntityManager, orderId: string): Promise<void> {
  await tx.query(
    `UPDATE checkout SET due_at = now(), attempts = 0 WHERE order_id = $1 AND done_at IS NULL AND due_at > now()`,
    [orderId],
  );
}

/** Removes what failed attempts left behind; a job. What belongs to a placed order stays: it says what a cancellation gives back. */
export async function pruneCheckouts(db: Database): Promise<void> {
  await db.rows(`DELETE FROM checkout WHERE done_at < now() - interval '7 days' AND NOT placed`);
}
