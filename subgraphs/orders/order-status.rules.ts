/** The state machine of an order, as a table. Pure. */
import { ORDER_STATUSES, type OrderStatus } from './messages';

/** A permitted change of status. */
interface Transition {
  from: OrderStatus;
  to: OrderStatus;
  /** What brings it about. */
  trigger: string;
}

/** Everything that may happen to an order's status; anything else is refused. */
export const TRANSITIONS: readonly Transition[] = [
  { from: 'PENDING', to: 'CONFIRMED', trigger: 'payment authorized and stock pinned' },
  { from: 'PENDING', to: 'CANCELLED', trigger: 'payment declined, stock missing, or abandoned' },
  { from: 'CONFIRMED', to: 'PROCESSING', trigger: 'fulfilment started' },
  { from: 'CONFIRMED', to: 'CANCELLED', trigger: 'cancelled before anything was shipped' },
  { from: 'PROCESSING', to: 'CANCELLED', trigger: 'cancelled before anything was shipped' },
  { from: 'PROCESSING', to: 'SHIPPED', trigger: 'last unit handed to the carrier' },
  { from: 'SHIPPED', to: 'DELIVERED', trigger: 'last parcel delivered' },
  { from: 'SHIPPED', to: 'RETURNED', trigger: 'last unit returned' },
  { from: 'DELIVERED', to: 'RETURNED', trigger: 'last unit returned' },
];

const allowed = new Map(ORDER_STATUSES.map((from) => [from, reachableFrom(from)]));
assertTable();

/** Whether an order may go from one status to another. */
export function mayBecome(from: OrderStatus, to: OrderStatus): boolean {
  return allowed.get(from)?.has(to) ?? false;
}

function reachableFrom(status: OrderStatus): ReadonlySet<OrderStatus> {
  return new Set(TRANSITIONS.filter(({ from }) => from === status).map(({ to }) => to));
}

/** At start: a row twice, a way back to PENDING or a status nobody can reach is a mistake in the table. */
function assertTable(): void {
  const rows = new Set(TRANSITIONS.map(({ from, to }) => `${from} ${to}`));
  if (rows.size !== TRANSITIONS.length) throw new Error('TRANSITIONS has a row twice');
  for (const status of ORDER_STATUSES) {
    const reached = TRANSITIONS.some(({ to }) => to === status);
    if (reached !== (status !== 'PENDING'))
      throw new Error(`TRANSITIONS: ${status} ${reached ? 'can' : 'can not'} be reached`);
  }
}
