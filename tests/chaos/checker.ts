/** The judgement of a run: every invariant over the three ledgers. Pure. */
import {
  acknowledgedActsStand,
  acknowledgedOrderExists,
  acknowledgedTotal,
  oneOrderPerKey,
  refusedKeyHasNoOrder,
  unknownsAreResolved,
} from './invariants/client-invariants';
import {
  everyEventAppliedOnce,
  everyEventPublished,
  everyTransitionTold,
  nothingLeftInQueues,
  oneConfirmationMail,
  transitionsAreLegal,
} from './invariants/event-invariants';
import type { Invariant, Violation } from './invariants/invariant';
import {
  chargeIsTheTotal,
  ledgerBalances,
  liveOrderHasItsMoney,
  onePaymentPerOrder,
  refundsWithinCaptures,
  shopAgreesWithProvider,
} from './invariants/money-invariants';
import {
  noOverdueReservation,
  ordersHaveTheirUnits,
  promotionsWithinLimit,
  stockAddsUp,
} from './invariants/stock-invariants';
import { doubtEnds, pendingEnds, storesRecover } from './invariants/time-invariants';
import type { Ledgers } from './ledgers';

/** All of them, in the order in which the report names them. */
export const INVARIANTS: readonly Invariant[] = [
  acknowledgedOrderExists,
  oneOrderPerKey,
  acknowledgedTotal,
  refusedKeyHasNoOrder,
  unknownsAreResolved,
  acknowledgedActsStand,
  onePaymentPerOrder,
  chargeIsTheTotal,
  liveOrderHasItsMoney,
  ledgerBalances,
  shopAgreesWithProvider,
  refundsWithinCaptures,
  stockAddsUp,
  ordersHaveTheirUnits,
  noOverdueReservation,
  promotionsWithinLimit,
  everyEventPublished,
  everyEventAppliedOnce,
  everyTransitionTold,
  nothingLeftInQueues,
  oneConfirmationMail,
  transitionsAreLegal,
  pendingEnds,
  storesRecover,
  doubtEnds,
];

/** Everything that is not as it must be, by the name of the invariant. */
export function check(ledgers: Ledgers): (Violation & { invariant: string })[] {
  return INVARIANTS.flatMap(({ name, violations }) =>
    violations(ledgers).map((violation) => ({ invariant: name, ...violation })),
  );
}
