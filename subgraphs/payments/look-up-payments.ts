/** Payments in doubt: the provider was asked for something and nobody knows yet what became of it. */
import { Gauge } from 'prom-client';
import type { EntityManager } from 'typeorm';
import { applyProviderState } from './apply-provider-state';
import type { PaymentStatus } from './payment.rows';
import type { PaymentServices } from './payment.services';
import { ProviderUnavailable } from './provider/provider';

/** Age at which an attempt counts as unanswered, in seconds. */
const DOUBT_SECONDS = 5;
/** Longest pause between two look-ups of one payment, in seconds; the first is 2 s, then it doubles. */
const LONGEST_PAUSE_SECONDS = 15;
/** Look-ups, over half a minute, after which the provider will not take up any more what it was asked. */
const ENOUGH_LOOK_UPS = 5;
/** Payments looked up at once. */
const BATCH = 10;
/** Batches of one run. */
const ROUNDS = 20;

/** As the index has it, so that it is used. */
const MAY_BE_OPEN = `(status IN ('PENDING', 'REQUIRES_ACTION') OR look_up_at IS NOT NULL)`;

const inDoubt = new Gauge({
  name: 'souk_payments_in_doubt',
  help: 'Payments and refunds, asked for more than 5 s ago, whose outcome at the provider is still looked up.',
});

/** Before the provider is asked to change a payment that is held or taken: if the answer is lost, it is looked up. */
export async function noteAsked(manager: Pick<EntityManager, 'query'>, orderId: string, now: Date): Promise<void> {
  await manager.query(
    `UPDATE payment SET look_up_at = $2, look_ups = 0
     WHERE order_id = $1 AND status IN ('PENDING', 'REQUIRES_ACTION', 'AUTHORIZED', 'CAPTURED')`,
    [orderId, new Date(now.getTime() + DOUBT_SECONDS * 1_000)],
  );
}

interface Due {
  orderId: string;
  status: PaymentStatus;
  lookUps: number;
}

/** A job: asks the provider what became of each, and applies it. Safe in several processes at once. */
export async function lookUpPayments(services: PaymentServices): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const due = await takeDue(services);
    await Promise.all(due.map((payment) => lookUp(services, payment)));
    if (due.length < BATCH) break;
  }
  inDoubt.set(await countDoubts(services));
}

/** Taken with the time of its next turn: nobody else's until then, and later each time, so that an outage is not hammered. */
function takeDue({ db, clock }: PaymentServices): Promise<Due[]> {
  return db.rows<Due>(
    `WITH due AS (
       SELECT id FROM payment
       WHERE ${MAY_BE_OPEN} AND coalesce(look_up_at, attempted_at) <= $1
         AND attempted_at < $1::timestamptz - make_interval(secs => $2)
       ORDER BY coalesce(look_up_at, attempted_at) LIMIT $3 FOR UPDATE SKIP LOCKED
     ), taken AS (
       UPDATE payment SET look_ups = least(look_ups + 1, 30),
         look_up_at = $1::timestamptz + make_interval(secs => least(2 ^ (look_ups + 1), $4) * (0.8 + 0.4 * random()))
       FROM due WHERE payment.id = due.id RETURNING order_id, status, look_ups
     ) SELECT order_id AS "orderId", status, look_ups AS "lookUps" FROM taken`,
    [clock.now(), DOUBT_SECONDS, BATCH, LONGEST_PAUSE_SECONDS],
  );
}

async function lookUp(services: PaymentServices, { orderId, status, lookUps }: Due): Promise<void> {
  const { provider, db, log } = services;
  try {
    const state = await provider.find(orderId);
    if (state) await applyProviderState(services, state, 'job:look-up');
    const wasHeld = status === 'AUTHORIZED' || status === 'CAPTURED';
    // It stands there as it does here: what was asked never arrived. Asked again meanwhile, it begins anew.
    if (wasHeld && lookUps >= ENOUGH_LOOK_UPS) {
      await db.rows(
        'UPDATE payment SET look_up_at = NULL, look_ups = 0 WHERE order_id = $1 AND status = $2 AND look_ups = $3',
        [orderId, status, lookUps],
      );
    }
  } catch (error) {
    if (!(error instanceof ProviderUnavailable)) log.error({ err: error, orderId }, 'a payment could not be looked up');
  }
}

async function countDoubts({ db, clock }: PaymentServices): Promise<number> {
  const [row] = await db.rows<{ count: number }>(
    `SELECT (SELECT count(*) FROM payment
             WHERE ${MAY_BE_OPEN} AND status <> 'REQUIRES_ACTION' AND attempted_at < $1)::int
          + (SELECT count(*) FROM refund WHERE status = 'PENDING' AND created_at < $1)::int AS count`,
    [new Date(clock.now().getTime() - DOUBT_SECONDS * 1_000)],
  );
  return row?.count ?? 0;
}
