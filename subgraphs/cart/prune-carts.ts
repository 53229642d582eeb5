import type { Services } from '../../platform/subgraph';

const ABANDONED_DAYS = 30;
/** Carts removed by one statement, so that no transaction is long. */
const CHUNK = 500;

/**
 * Removes guest carts that nobody has touched for 30 days, and those merged that long ago; gives their number. A cart that an order
 * claims or has spent stays.
 */
export async function pruneCarts(services: Services): Promise<number> {
  const before = new Date(services.clock.now().getTime() - ABANDONED_DAYS * 24 * 60 * 60 * 1_000);
  for (let total = 0; ;) {
    const [row] = await services.db.rows<{ removed: number }>(
      `WITH old AS (
         SELECT id FROM cart
         WHERE owner_kind = 'guest' AND status IN ('ACTIVE', 'MERGED') AND updated_at < $1
         LIMIT $2 FOR UPDATE SKIP LOCKED
       ), gone AS (
         DELETE FROM cart WHERE id IN (SELECT id FROM old) RETURNING 1
       )
       SELECT count(*)::int AS removed FROM gone`,
      [before, CHUNK],
    );
    total += row?.removed ?? 0;
    if ((row?.removed ?? 0) < CHUNK) return total;
  }
}
