/** News of a payment in any order: the rule that never takes a step backwards. */
import fc from 'fast-check';
import type { PaymentRow, PaymentStatus } from '../../subgraphs/payments/payment.rows';
import type { ProviderState } from '../../subgraphs/payments/provider/provider';
import { followsFrom, isKeyOfOurs, type Consequence } from '../../subgraphs/payments/provider-state.rules';

type Payment = Pick<
  PaymentRow,
  | 'status'
  | 'amount'
  | 'capturedAmount'
  | 'refundedAmount'
  | 'currencyCode'
  | 'providerReference'
  | 'method'
  | 'declineReason'
>;
type Posting = { kind: string; amount: bigint };

const AMOUNT = 5_000n;
const payment = (status: PaymentStatus, more: Partial<Payment> = {}): Payment => ({
  ...{ status, amount: AMOUNT, currencyCode: 'USD', method: null, declineReason: null },
  capturedAmount: status === 'CAPTURED' ? AMOUNT : 0n,
  refundedAmount: 0n,
  providerReference: status === 'AUTHORIZED' || status === 'CAPTURED' ? 'ref' : null,
  ...more,
});
const said = (state: ProviderState['state'], more: Partial<ProviderState> = {}): ProviderState => ({
  ...{ key: 'k', reference: 'ref', state, amount: AMOUNT, currencyCode: 'USD', method: 'visa', action: null },
  capturedAmount: state === 'CAPTURED' ? AMOUNT : 0n,
  refundedAmount: 0n,
  reason: state === 'DECLINED' ? 'card_declined' : null,
  createdAt: new Date(0),
  ...more,
});

/** Applies states one after the other, as apply-provider-state.ts does. */
function fold(start: Payment, states: readonly ProviderState[]) {
  const postings: Posting[] = [];
  let now = start;
  for (const state of states) {
    const consequence = followsFrom(now, state);
    for (const { set, posting } of consequence.follows === 'settle' ? consequence.steps : []) {
      now = { ...now, ...set };
      if (posting) postings.push(posting);
    }
  }
  return { payment: now, postings, balances: balancesOf(postings) };
}

function balancesOf(postings: readonly Posting[]): Record<string, bigint> {
  const sum = (kind: string) => postings.filter((p) => p.kind === kind).reduce((total, p) => total + p.amount, 0n);
  return {
    buyer: sum('VOID') + sum('REFUND') - sum('AUTHORIZE'),
    held: sum('AUTHORIZE') - sum('VOID') - sum('CAPTURE'),
    shop: sum('CAPTURE') - sum('REFUND'),
  };
}

/** Everything a provider can say of one authorization, in the order in which it becomes true. */
const histories = fc
  .record({
    action: fc.boolean(),
    end: fc.constantFrom('DECLINED', 'VOIDED', 'AUTHORIZED', 'CAPTURED', 'GIVEN_UP'),
    captured: fc.bigInt(1n, AMOUNT),
    refunds: fc.array(fc.bigInt(0n, AMOUNT), { maxLength: 4 }),
  })
  .map(({ action, end, captured, refunds }) => {
    const states = action || end === 'GIVEN_UP' ? [said('REQUIRES_ACTION')] : [];
    if (end === 'DECLINED') return [...states, said('DECLINED')];
    if (end === 'GIVEN_UP') return [...states, said('VOIDED')];
    states.push(said('AUTHORIZED'));
    if (end === 'VOIDED') states.push(said('VOIDED'));
    if (end === 'CAPTURED') {
      const given = [0n, ...refunds].map((sum) => (sum > captured ? captured : sum)).sort((a, b) => Number(a - b));
      states.push(...given.map((refundedAmount) => said('CAPTURED', { capturedAmount: captured, refundedAmount })));
    }
    return states;
  });

/** A history, and its states shuffled and repeated, the last one among them. */
const deliveries = histories.chain((history) =>
  fc.array(fc.nat({ max: history.length - 1 }), { maxLength: 12 }).chain((picks) =>
    fc.shuffledSubarray([...picks, history.length - 1], { minLength: picks.length + 1 }).map((order) => ({
      last: history.at(-1)!,
      delivered: order.map((index) => history[index]!),
    })),
  ),
);

test.each(['PENDING', 'REQUIRES_ACTION'] as const)(
  'from %s, any shuffled and repeated truthful news ends as the last state alone would',
  (status) => {
    fc.assert(
      fc.property(deliveries, ({ last, delivered }) => {
        const end = fold(payment(status), delivered);
        const direct = fold(payment(status), [last]);
        expect(end.payment).toEqual(direct.payment);
        expect(end.balances).toEqual(direct.balances);
        expect(end.balances['buyer']! + end.balances['held']! + end.balances['shop']!).toBe(0n);
        expect(end.postings.filter(({ kind }) => kind === 'CAPTURE').length).toBeLessThanOrEqual(1);
        const isCaptured = last.state === 'CAPTURED';
        expect(end.balances).toEqual({
          held: last.state === 'AUTHORIZED' ? AMOUNT : 0n,
          shop: isCaptured ? last.capturedAmount - last.refundedAmount : 0n,
          buyer: last.state === 'AUTHORIZED' ? -AMOUNT : isCaptured ? last.refundedAmount - last.capturedAmount : 0n,
        });
      }),
      { numRuns: 500 },
    );
  },
);

test('a payment never goes back, whatever is said of it', () => {
  const rank: Record<PaymentStatus, number> = {
    ...{ PENDING: 0, REQUIRES_ACTION: 1, AUTHORIZED: 2, CAPTURED: 3, VOIDED: 3, FAILED: 3 },
  };
  const anyState = fc
    .constantFrom('REQUIRES_ACTION', 'AUTHORIZED', 'DECLINED', 'CAPTURED', 'VOIDED')
    .map((s) => said(s));
  fc.assert(
    fc.property(
      fc.constantFrom<PaymentStatus>('PENDING', 'REQUIRES_ACTION', 'AUTHORIZED', 'CAPTURED', 'VOIDED', 'FAILED'),
      fc.array(anyState, { maxLength: 10 }),
      (status, states) => {
        let before = payment(status);
        for (const state of states) {
          const after = fold(before, [state]).payment;
          if (after.status !== before.status) expect(rank[after.status]).toBeGreaterThan(rank[before.status]);
          expect(after.refundedAmount).toBeGreaterThanOrEqual(before.refundedAmount);
          before = after;
        }
      },
    ),
  );
});

const CASES: [string, Payment, ProviderState, Consequence['follows']][] = [
  ['a hold nobody knows of any more', payment('VOIDED'), said('AUTHORIZED'), 'letGo'],
  ['a buyer is still asked for a failed payment', payment('FAILED'), said('REQUIRES_ACTION'), 'letGo'],
  ['taken for a payment that is void', payment('VOIDED'), said('CAPTURED'), 'letGo'],
  ['given back already', payment('VOIDED'), said('CAPTURED', { refundedAmount: AMOUNT }), 'nothing'],
  ['void on both sides', payment('VOIDED'), said('VOIDED'), 'nothing'],
  ['declined on both sides', payment('FAILED'), said('DECLINED'), 'nothing'],
  ['a second hold for the same order', payment('AUTHORIZED'), said('AUTHORIZED', { reference: 'other' }), 'letGo'],
  ['another amount', payment('PENDING'), said('AUTHORIZED', { amount: 4_999n }), 'mismatch'],
  ['another currency', payment('PENDING'), said('CAPTURED', { currencyCode: 'EUR' }), 'mismatch'],
  ['more taken than held', payment('AUTHORIZED'), said('CAPTURED', { capturedAmount: 5_001n }), 'mismatch'],
  ['more given back than taken', payment('CAPTURED'), said('CAPTURED', { refundedAmount: 5_001n }), 'mismatch'],
  ['a buyer who has not decided', payment('PENDING'), said('REQUIRES_ACTION'), 'nothing'],
  ['a refund of ours under way', payment('CAPTURED', { refundedAmount: 700n }), said('CAPTURED'), 'nothing'],
];
test.each(CASES)('%s', (_, known, state, follows) => {
  expect(followsFrom(known, state).follows).toBe(follows);
});

test('what was missed comes in order, with its postings', () => {
  expect(followsFrom(payment('PENDING'), said('CAPTURED', { capturedAmount: 3_000n, refundedAmount: 500n }))).toEqual({
    follows: 'settle',
    steps: [
      {
        set: { status: 'AUTHORIZED', providerReference: 'ref', method: 'visa' },
        posting: { kind: 'AUTHORIZE', amount: 5_000n },
      },
      { set: { status: 'CAPTURED', capturedAmount: 3_000n }, posting: { kind: 'CAPTURE', amount: 3_000n } },
      { set: {}, posting: { kind: 'VOID', amount: 2_000n } },
      { set: { refundedAmount: 500n }, posting: { kind: 'REFUND', amount: 500n } },
    ],
  });
  expect(followsFrom(payment('PENDING'), said('DECLINED'))).toEqual({
    follows: 'settle',
    steps: [{ set: { status: 'FAILED', declineReason: 'card_declined' } }],
  });
});

test('only an order can be a key of ours', () => {
  expect(['018f0000-0000-7000-8000-000000000001', 'pi_123', '', null].map(isKeyOfOurs)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
