/** The three ledgers that a run compares, as plain data. They are kept by parties that know nothing of each other. */
import type { QueueBinding } from '../../platform/bus/bus';
import type { Entry } from './history';
import type { StoreRestart } from './faults';

/** All that is looked at. */
export interface Ledgers {
  /** What clients were told. */
  history: readonly Entry[];
  /** What the payment provider did. */
  provider: ProviderLedger;
  /** What the five databases and the broker say, after everything has come to rest. */
  shop: ShopLedger;
  /** When the last fault was, and which stores were restarted; milliseconds since the epoch. */
  lastFaultAt: number;
  restarts: readonly StoreRestart[];
  /** Whether the provider was made to fail. */
  providerFailed: boolean;
}

/** The provider's books. Amounts in minor units. */
export interface ProviderLedger {
  charges: readonly Charge[];
  refunds: readonly { key: string; reference: string; amount: bigint }[];
}

/** One authorization at the provider, and what became of it. */
export interface Charge {
  /** uuid of the order it was asked for. */
  key: string;
  reference: string;
  state: 'REQUIRES_ACTION' | 'AUTHORIZED' | 'DECLINED' | 'CAPTURED' | 'VOIDED';
  amount: bigint;
  refunded: bigint;
}

/** Rows of the databases. Ids are uuids, amounts minor units. */
export interface ShopLedger {
  orders: readonly { id: string; status: string; total: bigint; version: number }[];
  lines: readonly { orderId: string; variantId: string; quantity: number }[];
  events: readonly OrderEvent[];
  checkouts: readonly { orderId: string; actor: string; key: string; placed: boolean; done: boolean }[];
  parcels: readonly { orderId: string; trackingNumber: string }[];
  /** Keys of mutations whose outcome is still open. */
  openKeys: readonly { subgraph: string; mutation: string; key: string }[];
  payments: readonly Payment[];
  refunds: readonly { id: string; paymentId: string; amount: bigint; status: string }[];
  /** Which refund each key of createRefund made; null: none. */
  refundKeys: readonly { key: string; refundId: string | null }[];
  entries: readonly { postingId: string; paymentId: string; account: string; amount: bigint }[];
  levels: readonly { variantId: string; onHand: number; reserved: number }[];
  movements: readonly { variantId: string; kind: string; quantity: number; orderId: string | null }[];
  /** `overdueSeconds`: how long ago its time ended; negative: it has not. */
  reservations: readonly { orderId: string; state: string; overdueSeconds: number | null }[];
  promotions: readonly { id: string; used: number; limit: number | null; claims: readonly string[] }[];
  outbox: readonly OutboxEntry[];
  inbox: readonly { queue: string; eventId: string; at: number }[];
  bindings: readonly QueueBinding[];
  mails: readonly { orderId: string; status: string; sentAt: number | null }[];
  /** Message-IDs of confirmations in the mailbox. */
  mailbox: readonly string[];
  deadLetters: readonly { queue: string; id: string }[];
  /** Messages still in queues. */
  waiting: Readonly<Record<string, number>>;
}

/** A row of order_event; `at` in milliseconds since the epoch. */
export interface OrderEvent {
  orderId: string;
  sequence: number;
  position: number | null;
  type: string;
  status: string;
  at: number;
}

/** A row of payment. `doubtMs`: from the first attempt until it was settled; null: it never was. */
export interface Payment {
  id: string;
  orderId: string;
  status: string;
  amount: bigint;
  captured: bigint;
  refunded: bigint;
  doubtMs: number | null;
}

/** A row of an outbox; times in milliseconds since the epoch. */
export interface OutboxEntry {
  subgraph: string;
  id: string;
  name: string;
  aggregateId: string;
  aggregateVersion: number;
  at: number;
  publishedAt: number | null;
}
