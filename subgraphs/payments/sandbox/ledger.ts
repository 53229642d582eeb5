/**
 * What the sandbox has done: an append-only file of JSON lines, one for each change, read again at the start. A line is written
 * before its change is told to anybody, so that kill -9 at any instruction loses nothing that was answered.
 */
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { FaultSettings } from './faults';

/** States of a charge. */
export type ChargeState = 'REQUIRES_ACTION' | 'AUTHORIZED' | 'DECLINED' | 'CAPTURED' | 'VOIDED';

/** A charge. Amounts are decimal strings of minor units, times ISO 8601. */
export interface Charge {
  key: string;
  reference: string;
  state: ChargeState;
  amount: string;
  capturedAmount: string;
  refundedAmount: string;
  currencyCode: string;
  method: string;
  reason: string | null;
  action: { url: string; expiresAt: string } | null;
  createdAt: string;
}

/** A refund that was carried out. */
export interface Refund {
  key: string;
  reference: string;
  amount: string;
  createdAt: string;
}

/** A card kept for later; `token` is not told to anybody. */
export interface Card {
  key: string;
  reference: string;
  token: string;
}

/** News of a charge, to be delivered by webhook. */
export interface Notice {
  id: string;
  type: string;
  key: string;
  reference: string;
  occurredAt: string;
}

/** One line: what has come to be by one act. */
export interface Entry {
  /** The call that was taken, by name. */
  call?: string;
  /** The charge, the refund, the card as they are from now on. */
  charge?: Charge;
  /** With the first line of a charge: the test card it is made with. */
  token?: string;
  refund?: Refund;
  card?: Card;
  /** Reference of a card that was forgotten. */
  forgotten?: string;
  /** Key of a charge that was answered with an error once. */
  failed?: string;
  /** Something to deliver, and the id of what was delivered or given up. */
  notice?: Notice;
  settledNotice?: string;
  /** Faults in force; null: none. */
  faults?: FaultSettings | null;
}

/** The file and, in memory, what it says. */
export class Ledger {
  /** By key, oldest first. */
  readonly charges = new Map<string, Charge>();
  readonly byReference = new Map<string, Charge>();
  /** Tokens of charges, by reference: nobody is told. */
  readonly tokens = new Map<string, string>();
  /** By key. */
  readonly refunds = new Map<string, Refund>();
  /** By reference, and the references by key. */
  readonly cards = new Map<string, Card>();
  readonly cardKeys = new Map<string, string>();
  /** Keys of charges that have failed once. */
  readonly failed = new Set<string>();
  /** Not delivered yet, by id, oldest first. */
  readonly notices = new Map<string, Notice>();
  readonly calls: Record<string, number> = {};
  faults: FaultSettings | null = null;
  private readonly file: number;

  /** Opens the ledger in a folder, which is made if missing. */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'ledger.jsonl');
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    // A line cut short by the end of the process was told to nobody; what comes after it must not grow together with it.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
    for (const line of whole.split('\n')) if (line !== '') this.apply(JSON.parse(line) as Entry);
    this.file = openSync(path, 'a', 0o600);
  }

  /** Writes a line, then lets it count. Synchronous: no other request comes in between. */
  add(entry: Entry): void {
    writeSync(this.file, `${JSON.stringify(entry)}\n`);
    this.apply(entry);
  }

  close(): void {
    closeSync(this.file);
  }

  private apply(entry: Entry): void {
    const { call, charge, token, refund, card, forgotten, failed, notice, settledNotice, faults } = entry;
    if (call !== undefined) this.calls[call] = (this.calls[call] ?? 0) + 1;
    if (charge) {
      this.charges.set(charge.key, charge);
      this.byReference.set(charge.reference, charge);
      if (token !== undefined) this.tokens.set(charge.reference, token);
    }
    if (refund) this.refunds.set(refund.key, refund);
    if (card) {
      this.cards.set(card.reference, card);
      this.cardKeys.set(card.key, card.reference);
    }
    if (forgotten !== undefined) this.cards.delete(forgotten);
    if (failed !== undefined) this.failed.add(failed);
    if (notice) this.notices.set(notice.id, notice);
    if (settledNotice !== undefined) this.notices.delete(settledNotice);
    if (faults !== undefined) this.faults = faults;
  }
}
