/**
 * Checkout as a table. A checkout holds things in three other services: the cart it claimed, the stock it reserved, the money
 * it has held. Each row says when a step is due, and what takes it back. A thing is `asked` from before the question is sent:
 * whatever happened to the answer, it is then known that there may be something to take back.
 */

/** What is known of a checkout. */
export interface CheckoutFacts {
  /** `back`: it has failed, or the order was cancelled, and what it holds is given back. */
  direction: 'forward' | 'back';
  cart: 'asked' | 'claimed' | 'spent' | 'released';
  stock: 'none' | 'asked' | 'reserved' | 'pinned' | 'released';
  /** When the reservation lapses; null: there is none, or it is pinned. */
  reservedUntil: Date | null;
  /** `pending`: in doubt. `waiting`: for the buyer, who has to approve it at the provider; the order says where. */
  payment: 'none' | 'asked' | 'pending' | 'waiting' | 'authorized' | 'declined' | 'reversed';
  /** Whether the order exists for its buyer. */
  placed: boolean;
}

/** What a checkout can do next. */
export type Step =
  'quote' | 'reserve' | 'authorize' | 'pin' | 'spend' | 'settle' | 'release cart' | 'release stock' | 'reverse payment';

interface Row {
  /** Due on the way forward, and by which facts. */
  step: Step;
  due(facts: CheckoutFacts, now: Date): boolean;
  /** Due on the way back, last row first. */
  undo?: { step: Step; due(facts: CheckoutFacts): boolean };
}

/** Steps in their order. The first that is due is next; on the way back the last. */
export const CHECKOUT: readonly Row[] = [
  {
    // Claim the cart and price it afresh. The quote is what will be charged.
    step: 'quote',
    due: ({ cart }) => cart === 'asked',
    undo: { step: 'release cart', due: ({ cart, placed }) => !placed && (cart === 'asked' || cart === 'claimed') },
  },
  {
    // Reserve every line or none; again when the reservation has lapsed while the payment was awaited.
    step: 'reserve',
    due: (facts, now) => facts.stock === 'asked' || hasLapsed(facts, now),
    undo: {
      step: 'release stock',
      due: ({ stock }) => stock === 'asked' || stock === 'reserved' || stock === 'pinned',
    },
  },
  {
    // Have the money held. Held, in doubt or waiting for the buyer: the order is placed, PENDING. Declined: back.
    step: 'authorize',
    due: ({ payment }) => payment === 'asked',
    undo: {
      step: 'reverse payment',
      due: (facts) => facts.payment === 'asked' || facts.payment === 'authorized' || isOpen(facts),
    },
  },
  {
    // Money held: pin the reservation, and the order is CONFIRMED.
    step: 'pin',
    due: (facts, now) => facts.payment === 'authorized' && facts.stock === 'reserved' && !hasLapsed(facts, now),
  },
  {
    // The order stands: its cart is used up. In both directions: a cancelled order does not bring its cart back.
    step: 'spend',
    due: ({ placed, cart }) => placed && cart === 'claimed',
    undo: { step: 'spend', due: ({ placed, cart }) => placed && cart === 'claimed' },
  },
  {
    // Ask what has become of a payment in doubt, or of the buyer.
    step: 'settle',
    due: (facts, now) => isOpen(facts) && facts.stock === 'reserved' && !hasLapsed(facts, now),
  },
];

/** What a checkout begins with: the first question is about to be asked. */
export const FIRST_FACTS: CheckoutFacts = {
  direction: 'forward',
  cart: 'asked',
  stock: 'none',
  reservedUntil: null,
  payment: 'none',
  placed: false,
};

/** The next step, or null when nothing is due. What is `blocked` (asked in vain a moment ago) is left for another time. */
export function nextStep(facts: CheckoutFacts, now: Date, blocked: ReadonlySet<Step> = new Set()): Step | null {
  if (facts.direction === 'forward') {
    return CHECKOUT.find((row) => !blocked.has(row.step) && row.due(facts, now))?.step ?? null;
  }
  const undo = CHECKOUT.findLast((row) => row.undo && !blocked.has(row.undo.step) && row.undo.due(facts))?.undo;
  return undo?.step ?? null;
}

/**
 * Whether a checkout may go on without its client waiting. Once the money was asked for, the order is owed; before that nobody
 * has been promised anything, and an order that appears later would surprise.
 */
export function isOwed(facts: CheckoutFacts): boolean {
  return facts.placed || facts.payment !== 'none';
}

function isOpen({ payment }: CheckoutFacts): boolean {
  return payment === 'pending' || payment === 'waiting';
}

function hasLapsed({ stock, reservedUntil }: CheckoutFacts, now: Date): boolean {
  return stock === 'reserved' && reservedUntil !== null && reservedUntil <= now;
}

/**
 * Milliseconds until a checkout is tried again: 1 s doubling, at most 8 s, so that a payment whose provider fails now and then is
 * in doubt for less than half a minute. `attempts` counts those without progress.
 */
export function retryDelayMs(attempts: number): number {
  return Math.min(8_000, 1_000 * 2 ** Math.min(attempts, 10));
}
