/** A payment provider in memory: a small ledger, which a test can move by hand, cut off, and make lose its answers. */
import { createHmac, randomUUID } from 'node:crypto';
import {
  ProviderUnavailable,
  type PaymentProvider,
  type ProviderNotice,
  type ProviderState,
} from '../../subgraphs/payments/provider/provider';

/** Calls that a test can make fail. */
type Call = 'authorize' | 'find' | 'capture' | 'void' | 'refund' | 'takenSince';

/** Header of its signatures. */
export const SIGNATURE = 'fake-signature';
const SECRET = 'what the provider and the shop know';
const TOLERANCE_MS = 300_000;

/** See the head of this file. */
export class FakeProvider implements PaymentProvider {
  readonly name = 'fake';
  /** By reference. */
  readonly charges = new Map<string, ProviderState>();
  /** Amounts by key. */
  readonly refunds = new Map<string, bigint>();
  readonly calls: Record<Call, number> = { authorize: 0, find: 0, capture: 0, void: 0, refund: 0, takenSince: 0 };
  /** What becomes of calls: not carried out, or carried out with the answer lost. */
  readonly fails = new Map<Call, 'unreached' | 'answerLost' | 'crash'>();
  /** A new authorization's first state. */
  next: ProviderState['state'] = 'AUTHORIZED';
  now = (): Date => new Date();

  /** An authorization that it was asked for, by whomever. */
  take(key: string, state: ProviderState['state'], amount = 5_000n, createdAt = this.now()): ProviderState {
    const charge: ProviderState = {
      ...{ key, state, amount, createdAt, currencyCode: 'USD', method: 'visa', reference: randomUUID() },
      capturedAmount: state === 'CAPTURED' ? amount : 0n,
      refundedAmount: 0n,
      reason: state === 'DECLINED' ? 'card_declined' : null,
      action: state === 'REQUIRES_ACTION' ? { url: 'https://bank.example/3ds', expiresAt: null } : null,
    };
    this.charges.set(charge.reference, charge);
    return charge;
  }

  /** What it says of a key; the test's own look. */
  of(key: string): ProviderState | undefined {
    return [...this.charges.values()].find((charge) => charge.key === key);
  }

  /** Moves an authorization, as its buyer, its bank or somebody at the provider would. */
  move(
    key: string,
    change: Partial<Pick<ProviderState, 'state' | 'capturedAmount' | 'refundedAmount' | 'reason'>>,
  ): void {
    const charge = this.of(key)!;
    const capturedAmount = change.state === 'CAPTURED' ? charge.amount : charge.capturedAmount;
    this.charges.set(charge.reference, { ...charge, capturedAmount, ...change });
  }

  authorize({ key, amount }: Parameters<PaymentProvider['authorize']>[0]): ReturnType<PaymentProvider['authorize']> {
    return this.call('authorize', () => {
      const { reference, method, state, reason } = this.of(key) ?? this.take(key, this.next, amount);
      return state === 'DECLINED' ? { outcome: 'declined', reason } : { outcome: 'authorized', reference, method };
    });
  }

  find(key: string): Promise<ProviderState | null> {
    return this.call('find', () => this.of(key) ?? null);
  }

  capture(reference: string): ReturnType<PaymentProvider['capture']> {
    return this.call('capture', () => {
      const { key, state } = this.charges.get(reference)!;
      if (state !== 'AUTHORIZED' && state !== 'CAPTURED') return { outcome: 'failed', reason: 'not_authorized' };
      this.move(key, { state: 'CAPTURED' });
      return { outcome: 'captured' };
    });
  }

  void(reference: string): ReturnType<PaymentProvider['void']> {
    return this.call('void', () => {
      const { key, state } = this.charges.get(reference)!;
      if (state === 'CAPTURED') return { outcome: 'captured' };
      this.move(key, { state: 'VOIDED' });
      return { outcome: 'voided' };
    });
  }

  refund({ key, reference, amount }: Parameters<PaymentProvider['refund']>[0]): ReturnType<PaymentProvider['refund']> {
    return this.call('refund', () => {
      if (this.refunds.has(key)) return { outcome: 'refunded' };
      const charge = this.charges.get(reference)!;
      if (charge.refundedAmount + amount > charge.capturedAmount) return { outcome: 'failed' };
      this.refunds.set(key, amount);
      this.charges.set(reference, { ...charge, refundedAmount: charge.refundedAmount + amount });
      return { outcome: 'refunded' };
    });
  }

  takenSince(from: Date): Promise<ProviderState[]> {
    return this.call('takenSince', () =>
      [...this.charges.values()]
        .filter(({ createdAt }) => createdAt >= from)
        .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
        .slice(0, 100),
    );
  }

  saveCard = async (): Promise<null> => null;
  forgetCard = async (): Promise<void> => undefined;

  readNotice(body: string, headers: Readonly<Record<string, string | undefined>>, now: Date): ProviderNotice | null {
    const [time = '', digest] = (headers[SIGNATURE] ?? '').split('.');
    if (digest !== digestOf(time, body, SECRET)) return null;
    if (Math.abs(now.getTime() - Number(time)) > TOLERANCE_MS) return null;
    const { id, type, key, occurredAt } = JSON.parse(body) as Omit<ProviderNotice, 'occurredAt'> & {
      occurredAt: string;
    };
    return { id, type, key, occurredAt: new Date(occurredAt) };
  }

  private async call<T>(name: Call, work: () => T): Promise<T> {
    this.calls[name] += 1;
    const fails = this.fails.get(name);
    if (fails === 'unreached') throw new ProviderUnavailable();
    const answer = work();
    if (fails === 'answerLost') throw new ProviderUnavailable();
    // What follows is not reached, as when the process dies.
    if (fails === 'crash') throw new Error('crash');
    return answer;
  }
}

/** The body of a webhook about a key. */
export function noticeBody(key: string | null, type = 'charge.updated', id: string = randomUUID()): string {
  return JSON.stringify({ id, type, key, occurredAt: new Date().toISOString() });
}

/** A signature over exactly this body; with another secret a forged one. */
export function signed(body: string, at = new Date(), secret = SECRET): Record<string, string> {
  const time = String(at.getTime());
  return { [SIGNATURE]: `${time}.${digestOf(time, body, secret)}` };
}

function digestOf(time: string, body: string, secret: string): string {
  return createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
}
