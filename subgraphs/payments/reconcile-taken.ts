/**
 * Reads the provider's own list of what it took, so that nothing stands there that nobody here knows of: an authorization
 * without payment, or whose payment is over, is let go. What is known is brought up to date on the way.
 */
import { applyProviderState, letGo } from './apply-provider-state';
import { paymentsBy, type PaymentRow } from './payment.rows';
import type { PaymentServices } from './payment.services';
import { followsFrom, holdsMoney, isKeyOfOurs } from './provider-state.rules';
import { ProviderUnavailable, type ProviderState } from './provider/provider';

/** Read again before the checkpoint, in milliseconds: its clock is not ours, and a list can be late. */
const OVERLAP_MS = 60_000;
/** Age at which an authorization without payment belongs to nobody, in milliseconds. */
const GRACE_MS = 30_000;
/** Most the provider gives at a time. */
const PAGE = 100;
/** Pages of one run. */
const PAGES = 50;
/** One that cannot be let go holds the checkpoint no longer than this, in milliseconds. */
const HOLD_MS = 3_600_000;
/** How long a run is nobody else's, in seconds. */
const LEASE_SECONDS = 60;
/** Pause between two runs, over all processes, in seconds. */
const PAUSE_SECONDS = 10;

/** A job; one process at a time does it. */
export async function reconcileTaken(services: PaymentServices): Promise<void> {
  const { db, provider, clock } = services;
  const seenUntil = await takeTurn(services);
  if (!seenUntil) return;
  const began = clock.now();
  const unfinished: number[] = [];
  let from = new Date(seenUntil.getTime() - OVERLAP_MS);
  let reached = began;
  for (let page = 0; page < PAGES; page += 1) {
    const states = await provider.takenSince(from);
    unfinished.push(...(await settleStates(services, states)));
    const last = states.at(-1)?.createdAt ?? from;
    if (last <= from && states.length < PAGE) break;
    // A whole page of the same moment: the provider shows no more of it.
    from = last > from ? last : new Date(from.getTime() + 1_000);
    if (page === PAGES - 1) reached = from;
  }
  const held = Math.max(Math.min(reached.getTime(), ...unfinished), began.getTime() - HOLD_MS);
  await db.rows(
    `UPDATE provider_checkpoint SET seen_until = greatest(seen_until, $2), due_at = now() + make_interval(secs => $3)
     WHERE provider = $1`,
    [provider.name, new Date(held), PAUSE_SECONDS],
  );
}

/** From where to read, if it is time and nobody else is at it. The first run begins where it is now. */
async function takeTurn({ db, provider, clock }: PaymentServices): Promise<Date | undefined> {
  const [turn] = await db.rows<{ seenUntil: Date }>(
    `INSERT INTO provider_checkpoint AS c (provider, seen_until, due_at)
     VALUES ($1, $2, now() + make_interval(secs => $3))
     ON CONFLICT (provider) DO UPDATE SET due_at = excluded.due_at WHERE c.due_at <= now()
     RETURNING seen_until AS "seenUntil"`,
    [provider.name, clock.now(), LEASE_SECONDS],
  );
  return turn?.seenUntil;
}

/** Gives the times of those that have to be looked at again. */
async function settleStates(services: PaymentServices, all: readonly ProviderState[]): Promise<number[]> {
  const states = all.filter(({ key }) => isKeyOfOurs(key));
  const payments = await paymentsBy(
    services.db.manager,
    'order_id',
    states.map(({ key }) => key),
  );
  const byKey = new Map(payments.map((payment) => [payment.orderId, payment]));
  const unfinished: number[] = [];
  for (const state of states) {
    if (!(await settleState(services, byKey.get(state.key), state))) unfinished.push(state.createdAt.getTime());
  }
  return unfinished;
}

/** False: not yet. */
async function settleState(
  services: PaymentServices,
  payment: PaymentRow | undefined,
  state: ProviderState,
): Promise<boolean> {
  try {
    if (payment) {
      if (followsFrom(payment, state).follows !== 'nothing') await applyProviderState(services, state, 'job:reconcile');
    } else if (holdsMoney(state)) {
      if (services.clock.now().getTime() - state.createdAt.getTime() < GRACE_MS) return false;
      await letGo(services, state);
    }
    return true;
  } catch (error) {
    if (error instanceof ProviderUnavailable) return false;
    // One that can not be settled must not keep those behind it waiting.
    services.log.error({ err: error, orderId: state.key }, 'an authorization could not be reconciled');
    return true;
  }
}
