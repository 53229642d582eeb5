/** What the sandbox does with charges, refunds and cards. Each call looks at the ledger and adds one line; none waits in between. */
import { randomUUID } from 'node:crypto';
import { testCard, EXPIRY } from './cards';
import type { Card, Charge, ChargeState, Ledger, Notice, Refund } from './ledger';

/** Why a call was refused: the answer's status and its `error`. */
export class Refusal extends Error {
  constructor(
    readonly status: 404 | 409 | 410 | 422 | 500,
    readonly code: string,
  ) {
    super(code);
    this.name = 'Refusal';
  }
}

/** How to charge: a single-use token, or a card that was saved. */
export type Source = { kind: 'token'; token: string } | { kind: 'saved'; reference: string };

/** Settings of {@link Charges}. */
export interface ChargeOptions {
  /** Where buyers find the sandbox's pages, without a slash at the end. */
  pagesUrl: string;
  /** How long a buyer has to approve a payment, in milliseconds. */
  actionMs: number;
}

/** The sandbox's till. */
export class Charges {
  constructor(
    private readonly ledger: Ledger,
    private readonly options: ChargeOptions,
    /** Called when there is something to deliver. */
    private readonly onNotice: (notice: Notice) => void,
  ) {}

  /** The charge of this key, made if there is none yet; `late`: its answer is to come too late. */
  authorize(request: { key: string; source: Source; amount: string; currencyCode: string }): {
    charge: Charge;
    late: boolean;
  } {
    const { key, source, amount, currencyCode } = request;
    const call = 'authorize';
    const known = this.ledger.charges.get(key);
    if (known) {
      this.ledger.add({ call });
      if (known.amount !== amount || known.currencyCode !== currencyCode) throw new Refusal(409, 'key_in_use');
      return { charge: known, late: false };
    }
    const token = source.kind === 'token' ? source.token : this.ledger.cards.get(source.reference)?.token;
    const card = testCard(token ?? '');
    if (token === undefined || !card) throw this.refused(call, new Refusal(422, 'unknown_token'));
    if (card.does === 'failOnce' && !this.ledger.failed.has(key)) {
      this.ledger.add({ call, failed: key });
      throw new Refusal(500, 'failed_once');
    }
    const now = new Date();
    const reference = `ch_${randomUUID()}`;
    const asks = card.does === 'askBuyer';
    const state = asks ? 'REQUIRES_ACTION' : card.does === 'decline' ? 'DECLINED' : 'AUTHORIZED';
    const expiresAt = new Date(now.getTime() + this.options.actionMs).toISOString();
    const charge: Charge = {
      ...{ key, reference, state, amount, currencyCode },
      ...{ capturedAmount: '0', refundedAmount: '0' },
      method: card.brand,
      reason: card.reason ?? null,
      action: asks ? { url: `${this.options.pagesUrl}/3ds/${reference}`, expiresAt } : null,
      createdAt: now.toISOString(),
    };
    this.write(call, charge, { token });
    return { charge, late: card.does === 'answerLate' };
  }

  /** Takes the whole. */
  capture(reference: string): Charge {
    const charge = this.get('capture', reference);
    if (testCard(this.ledger.tokens.get(reference) ?? '')?.does === 'failCapture')
      throw this.refused('capture', new Refusal(409, 'capture_failed'));
    return this.move('capture', charge, ['AUTHORIZED'], 'CAPTURED', { capturedAmount: charge.amount });
  }

  /** Lets go of what is held, or of waiting for the buyer. What was declined holds nothing and stays as it is. */
  void(reference: string): Charge {
    const charge = this.get('void', reference);
    if (charge.state === 'DECLINED') {
      this.ledger.add({ call: 'void' });
      return charge;
    }
    return this.move('void', charge, ['AUTHORIZED', 'REQUIRES_ACTION'], 'VOIDED', { action: null });
  }

  /** Gives back a part of what was captured, once for each key. */
  refund(reference: string, { key, amount }: { key: string; amount: string }): Charge {
    const charge = this.get('refund', reference);
    if (this.ledger.refunds.has(key)) {
      this.ledger.add({ call: 'refund' });
      return charge;
    }
    const refundedAmount = BigInt(charge.refundedAmount) + BigInt(amount);
    if (refundedAmount > BigInt(charge.capturedAmount)) {
      throw this.refused('refund', new Refusal(409, 'more_than_captured'));
    }
    const refund: Refund = { key, reference, amount, createdAt: new Date().toISOString() };
    const changed = { ...charge, refundedAmount: refundedAmount.toString() };
    this.write('refund', changed, { refund });
    return changed;
  }

  /** The buyer's word on the 3-D Secure page. */
  decide(reference: string, approve: boolean): Charge {
    const charge = this.find(reference);
    if (!charge) throw new Refusal(404, 'unknown_charge');
    if (charge.state !== 'REQUIRES_ACTION' || !charge.action) throw new Refusal(409, 'nothing_to_approve');
    if (new Date(charge.action.expiresAt) <= new Date()) throw new Refusal(410, 'action_expired');
    const decided: Charge = approve
      ? { ...charge, state: 'AUTHORIZED', action: null }
      : { ...charge, state: 'DECLINED', action: null, reason: 'authentication_failed' };
    this.write('decide', decided);
    return decided;
  }

  /** Keeps the card behind a token, once for each key. */
  saveCard({ key, token }: { key: string; token: string }): object {
    const call = 'saveCard';
    const known = this.ledger.cards.get(this.ledger.cardKeys.get(key) ?? '');
    if (known) this.ledger.add({ call });
    const card: Card = known ?? { key, token, reference: `card_${randomUUID()}` };
    const test = testCard(card.token);
    if (!test) throw this.refused(call, new Refusal(422, 'unknown_token'));
    if (!known) this.ledger.add({ call, card });
    return { reference: card.reference, brand: test.brand, last4: test.last4, ...EXPIRY };
  }

  /** Forgets a card. */
  forgetCard(reference: string): void {
    this.ledger.add({ call: 'forgetCard', forgotten: reference });
  }

  /** Null: this key was never taken. */
  byKey(key: string): Charge | null {
    this.ledger.add({ call: 'find' });
    const charge = this.ledger.charges.get(key);
    return charge ? charge : null;
  }

  /** Taken since then, oldest first, at most 100. */
  since(from: Date): Charge[] {
    this.ledger.add({ call: 'list' });
    const start = from.toISOString();
    const taken = [...this.ledger.charges.values()].filter(({ createdAt }) => createdAt >= start);
    return taken.slice(0, 100);
  }

  /** For the page. */
  find(reference: string): Charge | undefined {
    return this.ledger.byReference.get(reference);
  }

  /** Everything it did. */
  everything(): object {
    const { charges, refunds, calls } = this.ledger;
    return { charges: [...charges.values()], refunds: [...refunds.values()], calls };
  }

  private get(call: string, reference: string): Charge {
    const charge = this.find(reference);
    if (!charge) throw this.refused(call, new Refusal(404, 'unknown_charge'));
    return charge;
  }

  /** From one of the states to another; already there: nothing happens. */
  private move(
    call: string,
    charge: Charge,
    from: readonly ChargeState[],
    state: ChargeState,
    more: Partial<Charge>,
  ): Charge {
    if (charge.state === state) {
      this.ledger.add({ call });
      return charge;
    }
    if (!from.includes(charge.state)) throw this.refused(call, new Refusal(409, charge.state.toLowerCase()));
    const moved = { ...charge, ...more, state };
    this.write(call, moved);
    return moved;
  }

  /** A refused call counts as well. */
  private refused(call: string, refusal: Refusal): Refusal {
    this.ledger.add({ call });
    return refusal;
  }

  /** The change and the news of it, in one line: there is no crash between them. */
  private write(call: string, charge: Charge, more: { token?: string; refund?: Refund } = {}): void {
    const { key, reference, state } = charge;
    const type = `charge.${more.refund ? 'refunded' : state.toLowerCase()}`;
    const notice = { id: `evt_${randomUUID()}`, type, key, reference, occurredAt: new Date().toISOString() };
    this.ledger.add({ call, charge, ...more, notice });
    this.onNotice(notice);
  }
}
