/** The provider's own name for a payment, kept with it before the money is asked for. */
import type { Database } from '../../platform/db/database';
import type { References } from './provider/stripe';

/** Reads and keeps them by the order's uuid, which is the provider's key. */
export function referencesIn(db: Database): References {
  return {
    async of(key) {
      const [row] = await db.rows<{ reference: string | null }>(
        'SELECT provider_reference AS reference FROM payment WHERE order_id = $1',
        [key],
      );
      return row?.reference ?? null;
    },
    async keep(key, reference) {
      const [[row]] = await db.manager.query<[{ reference: string }[], number]>(
        `UPDATE payment SET provider_reference = COALESCE(provider_reference, $2) WHERE order_id = $1
         RETURNING provider_reference AS reference`,
        [key, reference],
      );
      if (!row) throw new Error('the provider was asked for a payment that is not written down');
      return row.reference;
    },
  };
}
