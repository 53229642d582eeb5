/** A violation with everything the ledgers know of the order it is about, for whoever has to find out why. */
import { groupBy } from './invariants/invariant';
import type { Ledgers } from './ledgers';
import type { Report } from './report';

/** Violations told of each invariant; the report has them all. */
const TOLD = 3;
const CLIENT_LINES = 12;

/** Lines to print. */
export function tellStories(violations: Report['violations'], ledgers: Ledgers): string[] {
  return [...groupBy(violations, ({ invariant }) => invariant)].flatMap(([invariant, found]) => [
    `violated ${found.length} times: ${invariant}`,
    ...found
      .slice(0, TOLD)
      .flatMap(({ orderId, detail }) => [`  ${detail}`, ...(orderId === undefined ? [] : storyOf(orderId, ledgers))]),
  ]);
}

function storyOf(orderId: string, { history, provider, shop }: Ledgers): string[] {
  const keys = new Set(shop.checkouts.filter((checkout) => checkout.orderId === orderId).map(({ key }) => key));
  const mine = <Row extends { orderId?: string | null }>(rows: readonly Row[]): Row[] =>
    rows.filter((row) => row.orderId === orderId);
  const payments = mine(shop.payments);
  const rows = {
    client: history.filter((entry) => entry.orderId === orderId || keys.has(entry.key)).slice(0, CLIENT_LINES),
    provider: provider.charges.filter(({ key }) => key === orderId),
    order: shop.orders.filter(({ id }) => id === orderId),
    checkout: mine(shop.checkouts),
    event: mine(shop.events),
    payment: payments,
    refund: shop.refunds.filter(({ paymentId }) => payments.some(({ id }) => id === paymentId)),
    reservation: mine(shop.reservations),
    movement: mine(shop.movements),
    mail: mine(shop.mails),
  };
  return [
    `    order ${orderId}`,
    ...Object.entries(rows).flatMap(([kind, found]) => found.map((row) => `    ${kind.padEnd(11)} ${plain(row)}`)),
  ];
}

function plain(row: object): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}
