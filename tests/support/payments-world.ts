/** The payments subgraph over the provider in memory, with a clock that can be moved, and what tests read of it. */
import { randomUUID } from 'node:crypto';
import { register } from 'prom-client';
import { authorizePayment } from '../../subgraphs/payments/authorize-payment';
import { jobs } from '../../subgraphs/payments/payment.jobs';
import { payments } from '../../subgraphs/payments';
import { withNoticeWorker, type NoticeServices } from '../../subgraphs/payments/notice-worker';
import { FakeProvider } from './fake-provider';
import { startSubgraph } from './subgraph';

/** A payment as a test compares it. */
export interface Kept {
  status: string;
  captured: string;
  refunded: string;
}

/** See the head of this file. */
export interface PaymentsWorld {
  provider: FakeProvider;
  services: NoticeServices;
  /** Moves the clock of shop and provider on. */
  later(seconds: number): void;
  /** Asks for an authorization; `orderId` is new unless given. */
  authorize(orderId?: string): Promise<string>;
  /** One run of a job of the subgraph. */
  job(name: string): Promise<void>;
  /** By order. */
  kept(): Promise<Map<string, Kept>>;
  /** Statuses that others were told of, in order. */
  told(orderId: string): Promise<string[]>;
  /** What each account of the ledger has, all payments together or one, without zeros. */
  balances(orderId?: string): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

/** Starts it on a fresh database. */
export async function startPaymentsWorld(): Promise<PaymentsWorld> {
  const shop = await startSubgraph(payments);
  const { db } = shop.services;
  let offset = 0;
  const now = (): Date => new Date(Date.now() + offset);
  const provider = new FakeProvider();
  provider.now = now;
  const services = withNoticeWorker({ ...shop.services, provider, clock: { now } });
  return {
    provider,
    services,
    later: (seconds) => {
      offset += seconds * 1_000;
    },
    authorize: async (orderId = randomUUID()) => {
      const owner = { ownerKind: 'user', ownerId: randomUUID() } as const;
      const order = { orderId, ...owner, amount: 5_000n, currencyCode: 'USD', token: 'tok_visa', methodId: null };
      await authorizePayment(services, order, 'test').catch((error: unknown) => {
        if (!(error instanceof Error && error.message === 'crash')) throw error;
      });
      return orderId;
    },
    job: async (name) => {
      await jobs.find((job) => job.name === name)!.run(services);
    },
    kept: async () => {
      const rows = await db.rows<Kept & { orderId: string }>(
        `SELECT order_id AS "orderId", status, captured_amount AS captured, refunded_amount AS refunded FROM payment`,
      );
      return new Map(rows.map(({ orderId, ...row }) => [orderId, row]));
    },
    told: async (orderId) => {
      const rows = await db.rows<{ status: string }>(
        `SELECT payload->>'status' AS status FROM outbox WHERE name = 'payments.paymentChanged'
           AND payload->>'orderId' = $1 ORDER BY aggregate_version`,
        [orderId],
      );
      return rows.map(({ status }) => status);
    },
    balances: async (orderId) => {
      const rows = await db.rows<{ account: string; sum: string }>(
        `SELECT account, sum(e.amount) AS sum FROM ledger_entry e JOIN payment p ON p.id = e.payment_id
         WHERE $1::uuid IS NULL OR order_id = $1 GROUP BY account HAVING sum(e.amount) <> 0`,
        [orderId ?? null],
      );
      return Object.fromEntries(rows.map(({ account, sum }) => [account, sum]));
    },
    stop: () => shop.stop(),
  };
}

/** A metric's value under these labels; 0 when it was never counted. */
export async function metric(name: string, labels: Record<string, string | number> = {}): Promise<number> {
  const values = (await register.getSingleMetric(name)!.get()).values;
  const fits = (its: Partial<Record<string, string | number>>) =>
    Object.entries(labels).every(([key, value]) => its[key] === value);
  return values.find((value) => fits(value.labels))?.value ?? 0;
}
