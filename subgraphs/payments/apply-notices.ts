/** Applies stored notices: all those of one payment with one look-up, so their order and number do not matter. */
import { Counter } from 'prom-client';
import { applyProviderState } from './apply-provider-state';
import { paymentsBy } from './payment.rows';
import type { PaymentServices } from './payment.services';
import { ProviderUnavailable } from './provider/provider';

/** Notices from whose payments a batch is made; all the others of these payments come along. */
const BATCH = 50;
/** Batches of one run; what is still due then waits for the next. */
const ROUNDS = 100;
/** Payments looked up at once. */
const AT_ONCE = 10;
/** How long a taken notice is nobody else's, in seconds: longer than a look-up and its transaction may take. */
const LEASE_SECONDS = 30;
/** Longest pause before a notice is tried again, in seconds. The pause is half of its age, at least 1 s. */
const LONGEST_PAUSE_SECONDS = 600;
/** Age at which a notice is given up whose payment is not known yet, in hours. */
const GIVE_UP_HOURS = 24;

/** Webhooks and what became of them. */
export const noticeCounter = new Counter({
  name: 'souk_payment_notices_total',
  help: 'Webhooks of the payment provider by result: stored, repeated, refused (forged or too old), applied, given_up (no payment for 24 h).',
  labelNames: ['result'],
});

interface Taken {
  eventId: string;
  key: string;
}

/** Applies all that is due. Safe in several processes at once. */
export async function applyNotices(services: PaymentServices): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const taken = await take(services);
    if (taken.length === 0) return;
    const keys = [...new Set(taken.map(({ key }) => key))];
    const known = await paymentsBy(services.db.manager, 'order_id', keys);
    const applied = new Set<string>();
    for (let at = 0; at < known.length; at += AT_ONCE) {
      await Promise.all(
        known.slice(at, at + AT_ONCE).map(async ({ orderId }) => {
          if (await bringUpToDate(services, orderId)) applied.add(orderId);
        }),
      );
    }
    await settleNotices(services, taken, applied);
  }
}

/** Takes the notices of the payments that wait longest: what is stored after this is news of its own. */
function take({ db, provider }: PaymentServices): Promise<Taken[]> {
  return db.rows<Taken>(
    `WITH first AS (
       SELECT key FROM payment_notice WHERE provider = $1 AND due_at <= now() ORDER BY due_at LIMIT $2
     ), free AS (
       SELECT event_id FROM payment_notice
       WHERE provider = $1 AND due_at <= now() AND key IN (SELECT key FROM first) FOR UPDATE SKIP LOCKED
     ), taken AS (
       UPDATE payment_notice n SET due_at = now() + make_interval(secs => $3) FROM free
       WHERE n.provider = $1 AND n.event_id = free.event_id RETURNING n.event_id, n.key
     ) SELECT event_id AS "eventId", key FROM taken`,
    [provider.name, BATCH, LEASE_SECONDS],
  );
}

/** False: the provider gave no answer, or does not know it itself yet. */
async function bringUpToDate(services: PaymentServices, orderId: string): Promise<boolean> {
  try {
    const state = await services.provider.find(orderId);
    if (!state) return false;
    await applyProviderState(services, state, 'job:apply-notices');
    return true;
  } catch (error) {
    if (!(error instanceof ProviderUnavailable))
      services.log.error({ err: error, orderId }, 'news of a payment could not be applied');
    return false;
  }
}

async function settleNotices(
  { db, provider }: PaymentServices,
  taken: readonly Taken[],
  applied: ReadonlySet<string>,
): Promise<void> {
  const done = taken.filter(({ key }) => applied.has(key)).map(({ eventId }) => eventId);
  const [counts] = await db.rows<{ applied: number; givenUp: number }>(
    `WITH settled AS (
       UPDATE payment_notice SET
         applied_at = CASE WHEN event_id = ANY ($3::text[]) THEN now() END,
         due_at = CASE WHEN event_id = ANY ($3::text[]) OR received_at < now() - make_interval(hours => $4) THEN NULL
           ELSE now() + least(greatest((now() - received_at) / 2, interval '1 second'), make_interval(secs => $5)) END
       WHERE provider = $1 AND event_id = ANY ($2::text[]) AND applied_at IS NULL RETURNING applied_at, due_at
     ) SELECT count(applied_at)::int AS applied,
         (count(*) FILTER (WHERE applied_at IS NULL AND due_at IS NULL))::int AS "givenUp" FROM settled`,
    [provider.name, taken.map(({ eventId }) => eventId), done, GIVE_UP_HOURS, LONGEST_PAUSE_SECONDS],
  );
  noticeCounter.inc({ result: 'applied' }, counts?.applied ?? 0);
  noticeCounter.inc({ result: 'given_up' }, counts?.givenUp ?? 0);
}
