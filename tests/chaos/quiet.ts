/** Waiting, once nothing fails any more, until the shop has come to rest; what it says then is the third ledger. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SUBGRAPHS, type SubgraphName } from '../../platform/config';
import { everyEventAppliedOnce, nothingLeftInQueues } from './invariants/event-invariants';
import type { Ledgers, ShopLedger } from './ledgers';
import { onDatabase, readShop, type ShopPlaces } from './read-shop';

/** Rows that say that something is still to be done, by database. */
const OPEN: Partial<Record<SubgraphName, string>> = {
  orders: `SELECT order_id FROM checkout WHERE done_at IS NULL UNION ALL
    SELECT order_id FROM order_event WHERE position IS NULL`,
  payments: `SELECT id FROM payment WHERE status = 'PENDING' UNION ALL SELECT id FROM refund WHERE status = 'PENDING'`,
  accounts: `SELECT id FROM mail WHERE status = 'WAITING'`,
  // A reservation that nobody wants any more is given back when its time is over.
  catalog: `SELECT order_id FROM reservation WHERE state = 'RESERVED' AND expires_at < now()`,
};
const PAUSE_MS = 500;

/** Gives what the shop says when nothing is open, or after `patienceMs`, whatever it says then. */
export async function waitUntilQuiet(
  places: ShopPlaces,
  rest: Omit<Ledgers, 'shop' | 'provider'>,
  patienceMs: number,
): Promise<ShopLedger> {
  const until = Date.now() + patienceMs;
  for (;;) {
    const late = Date.now() > until;
    const open = await Promise.all(SUBGRAPHS.map((name) => countOpen(places.databaseServer, name)));
    if (late || open.every((count) => count === 0)) {
      const shop = await readShop(places);
      const ledgers = { ...rest, shop, provider: { charges: [], refunds: [] } };
      // A message in hand is in no queue any more and not applied yet.
      const unsettled = [everyEventAppliedOnce, nothingLeftInQueues].some((one) => one.violations(ledgers).length > 0);
      if (late || !unsettled) return shop;
    }
    await sleep(PAUSE_MS);
  }
}

function countOpen(server: string, name: SubgraphName): Promise<number> {
  return onDatabase(server, name, async (query) => {
    const own = OPEN[name] ? ` + (SELECT count(*) FROM (${OPEN[name]}) open)` : '';
    const [row] = await query<{ count: number }>(
      `SELECT ((SELECT count(*) FROM outbox WHERE published_at IS NULL)${own})::int AS count`,
    );
    return row?.count ?? 0;
  });
}
