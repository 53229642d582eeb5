/** Reading the third ledger: the rows of the five databases, the mailbox, and the broker's queues. */
import { Client } from 'pg';
import { createRabbitBus } from '../../platform/bus/rabbit';
import { SUBGRAPHS, type SubgraphName } from '../../platform/config';
import { databaseUrl } from '../../platform/db/prepare';
import { createLog } from '../../platform/log';
import { readMailbox } from '../../platform/mail/mailbox';
import { consumerBindings } from '../../subgraphs';
import type { ShopLedger } from './ledgers';
import { NAMESPACE } from './shop';

/** Where it is read. */
export interface ShopPlaces {
  databaseServer: string;
  rabbitUrl: string;
  mailbox: string;
}

/** Statements on one of the databases. */
export type Query = <Row>(sql: string) => Promise<Row[]>;

/** Connects to a database of the shop for the time of some work. */
export async function onDatabase<T>(
  server: string,
  subgraph: SubgraphName,
  work: (query: Query) => Promise<T>,
): Promise<T> {
  const client = new Client({ connectionString: databaseUrl(server, NAMESPACE, subgraph) });
  await client.connect();
  try {
    return await work(async <Row>(sql: string) => (await client.query(sql)).rows as Row[]);
  } finally {
    await client.end();
  }
}

const ms = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::float8`;

/** Everything; takes as long as reading all rows takes. */
export async function readShop(places: ShopPlaces): Promise<ShopLedger> {
  const { databaseServer: server, mailbox } = places;
  const messages = await Promise.all(
    SUBGRAPHS.map((name) => onDatabase(server, name, (query) => readMessages(query, name))),
  );
  return {
    ...(await onDatabase(server, 'orders', readOrders)),
    ...(await onDatabase(server, 'payments', readPayments)),
    ...(await onDatabase(server, 'catalog', readStock)),
    ...(await onDatabase(server, 'cart', readPromotions)),
    ...(await onDatabase(server, 'accounts', readMails)),
    ...(await readBroker(places.rabbitUrl)),
    openKeys: messages.flatMap(({ openKeys }) => openKeys),
    outbox: messages.flatMap(({ outbox }) => outbox),
    inbox: messages.flatMap(({ inbox }) => inbox),
    mailbox: (await readMailbox(mailbox, Number.MAX_SAFE_INTEGER))
      .map(({ messageId }) => messageId)
      // Those who register are written to as well.
      .filter((messageId) => messageId.startsWith('<order-confirmation.')),
  };
}

type Part<Names extends keyof ShopLedger> = Pick<ShopLedger, Names>;
type Row<Name extends keyof ShopLedger> = ShopLedger[Name] extends readonly (infer Element)[] ? Element : never;
/** pg gives bigint columns as text. */
type Raw<Element, Amounts extends keyof Element> = Omit<Element, Amounts> & Record<Amounts, string>;

const amounts = <Element extends object, Amounts extends keyof Element>(
  rows: readonly Raw<Element, Amounts>[],
  ...columns: readonly Amounts[]
): Element[] =>
  rows.map(
    (row) => ({ ...row, ...Object.fromEntries(columns.map((column) => [column, BigInt(row[column])])) }) as Element,
  );

/** What every database has, or may have. */
async function readMessages(query: Query, subgraph: SubgraphName): Promise<Part<'outbox' | 'inbox' | 'openKeys'>> {
  const [keys] = await query<{ known: boolean }>(`SELECT to_regclass('idempotency') IS NOT NULL AS known`);
  return {
    outbox: await query(
      `SELECT '${subgraph}' AS subgraph, id, name, aggregate_id AS "aggregateId", aggregate_version AS "aggregateVersion",
         ${ms('occurred_at')} AS at, ${ms('published_at')} AS "publishedAt" FROM outbox`,
    ),
    inbox: await query(`SELECT queue, event_id AS "eventId", ${ms('received_at')} AS at FROM inbox`),
    openKeys: keys?.known
      ? await query(`SELECT '${subgraph}' AS subgraph, mutation, key FROM idempotency WHERE outcome IS NULL`)
      : [],
  };
}

async function readOrders(query: Query): Promise<Part<'orders' | 'lines' | 'events' | 'checkouts' | 'parcels'>> {
  const orders = await query<Raw<Row<'orders'>, 'total'>>('SELECT id, status, total, version FROM orders');
  return {
    orders: amounts<Row<'orders'>, 'total'>(orders, 'total'),
    lines: await query('SELECT order_id AS "orderId", variant_id AS "variantId", quantity FROM order_line'),
    events: await query(
      `SELECT order_id AS "orderId", sequence, position::float8, type, status, ${ms('occurred_at')} AS at FROM order_event
       ORDER BY order_id, sequence`,
    ),
    checkouts: await query(
      `SELECT order_id AS "orderId", actor, key, placed, done_at IS NOT NULL AS done FROM checkout`,
    ),
    parcels: await query('SELECT order_id AS "orderId", tracking_number AS "trackingNumber" FROM shipment'),
  };
}

async function readPayments(query: Query): Promise<Part<'payments' | 'refunds' | 'refundKeys' | 'entries'>> {
  const payments = await query<Raw<Row<'payments'>, 'amount' | 'captured' | 'refunded'>>(
    `SELECT p.id, p.order_id AS "orderId", p.status, p.amount, p.captured_amount AS captured, p.refunded_amount AS refunded,
       ${ms('first.occurred_at')} - ${ms('p.created_at')} AS "doubtMs"
     FROM payment p LEFT JOIN (
       SELECT aggregate_id, min(occurred_at) AS occurred_at FROM outbox WHERE name = 'payments.paymentChanged' GROUP BY 1
     ) first ON first.aggregate_id = p.id::text`,
  );
  const refunds = await query<Raw<Row<'refunds'>, 'amount'>>(
    'SELECT id, payment_id AS "paymentId", amount, status FROM refund',
  );
  const entries = await query<Raw<Row<'entries'>, 'amount'>>(
    'SELECT posting_id AS "postingId", payment_id AS "paymentId", account, amount FROM ledger_entry',
  );
  return {
    payments: amounts<Row<'payments'>, 'amount' | 'captured' | 'refunded'>(payments, 'amount', 'captured', 'refunded'),
    refunds: amounts<Row<'refunds'>, 'amount'>(refunds, 'amount'),
    refundKeys: await query(
      `SELECT key, outcome->>'objectId' AS "refundId" FROM idempotency WHERE mutation = 'createRefund'`,
    ),
    entries: amounts<Row<'entries'>, 'amount'>(entries, 'amount'),
  };
}

async function readStock(query: Query): Promise<Part<'levels' | 'movements' | 'reservations'>> {
  return {
    levels: await query('SELECT variant_id AS "variantId", on_hand AS "onHand", reserved FROM stock_level'),
    movements: await query(
      'SELECT variant_id AS "variantId", kind, quantity, order_id AS "orderId" FROM stock_movement',
    ),
    reservations: await query(
      `SELECT order_id AS "orderId", state,
         extract(epoch FROM clock_timestamp() - expires_at)::float8 AS "overdueSeconds" FROM reservation`,
    ),
  };
}

async function readPromotions(query: Query): Promise<Part<'promotions'>> {
  return {
    promotions: await query(
      `SELECT p.id, p.used, p.total_limit AS limit,
         coalesce(array_agg(u.order_id::text) FILTER (WHERE u.order_id IS NOT NULL), '{}') AS claims
       FROM promotion p LEFT JOIN promotion_use u ON u.promotion_id = p.id GROUP BY p.id`,
    ),
  };
}

async function readMails(query: Query): Promise<Part<'mails'>> {
  return {
    mails: await query(
      `SELECT subject_id AS "orderId", status, ${ms('sent_at')} AS "sentAt" FROM mail WHERE kind = 'order-confirmation'`,
    ),
  };
}

async function readBroker(url: string): Promise<Part<'bindings' | 'deadLetters' | 'waiting'>> {
  const bindings = consumerBindings();
  const bus = createRabbitBus({ url, namespace: NAMESPACE, log: createLog({ level: 'silent', name: 'chaos' }) });
  try {
    await bus.declare(bindings);
    return { bindings, deadLetters: await bus.deadLetters(), waiting: await bus.depths() };
  } finally {
    await bus.close();
  }
}
