/** The first ledger: what clients asked for and what they were told, one line of JSON each, as it happens. */
import { createWriteStream, type WriteStream } from 'node:fs';
import { once } from 'node:events';

/** What clients do. */
export type Action =
  | 'createCart'
  | 'placeOrder'
  | 'cancelOrder'
  | 'startProcessing'
  | 'shipOrder'
  | 'confirmDelivery'
  | 'createRefund'
  | 'adjustStock';

/**
 * One line. `invoke`: asked. `ok`, `no`: told so, for good. `unknown`: no answer, or one that says to ask again; the same key is sent
 * again until there is an answer. Lines of one key tell its story.
 */
export interface Entry {
  /** Milliseconds since the epoch. */
  at: number;
  client: string;
  action: Action;
  /** The idempotency key; made up for actions that have none. */
  key: string;
  phase: 'invoke' | 'ok' | 'no' | 'unknown';
  /** uuid of the order it is about, as soon as that is known. */
  orderId?: string;
  /** What the client was told: the order's status and its total in minor units. */
  status?: string;
  total?: string;
  /** Codes of errors. */
  codes?: string[];
  /** Tracking number of a parcel. */
  parcel?: string;
}

/** Writes the lines and keeps them. */
export class History {
  readonly entries: Entry[] = [];
  private readonly file: WriteStream;

  constructor(path: string) {
    this.file = createWriteStream(path);
  }

  /** Notes a line, now. */
  note(entry: Omit<Entry, 'at'>): void {
    const line = { at: Date.now(), ...entry };
    this.entries.push(line);
    // Clients of a run that is broken off go on for a moment.
    if (this.file.writable) this.file.write(`${JSON.stringify(line)}\n`);
  }

  async close(): Promise<void> {
    this.file.end();
    await once(this.file, 'close');
  }
}
