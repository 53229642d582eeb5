/** What the cart holds of a user: it is handed over on demand, and forgotten. */
import { z } from 'zod';
import { defineConsumer } from '../../../platform/outbox';
import { addPersonalData } from '../../../platform/personal-data';
import type { Services } from '../../../platform/subgraph';
import { dataExportRequested, userErased } from '../../accounts/messages';

/** Answers with the user's cart. */
export const exportCart = defineConsumer({
  queue: 'cart.data-export',
  events: [dataExportRequested],
  async apply(tx, { id, payload }, services: Services) {
    const { exportId, userId } = payload;
    const carts: { address: string | null; lines: unknown }[] = await tx.query(
      `SELECT sealed_address AS address,
              (SELECT json_agg(json_build_object('sku', sku, 'productName', product_name, 'variantName', variant_name,
                                                 'quantity', quantity, 'saved', saved) ORDER BY id)
               FROM cart_line WHERE cart_id = cart.id) AS lines
       FROM cart WHERE owner_kind = 'user' AND owner_id = $1 AND status IN ('ACTIVE', 'CLAIMED')`,
      [userId],
    );
    const data = carts.map(({ address, lines }) => ({
      lines: lines ?? [],
      address: address === null ? null : services.sealer.openJson(address, z.unknown()),
    }));
    await addPersonalData(tx, services, { exportId, holder: 'cart', data: { carts: data }, cause: id });
  },
});

/**
 * Empties the user's cart, and takes the address out of it and of those that became orders or were merged into it. One that
 * an order has in hand keeps its lines, but not the saved ones: the order decides what becomes of them.
 */
export const eraseCarts = defineConsumer({
  queue: 'cart.user-erased',
  events: [userErased],
  async apply(tx, { payload }) {
    const mine = `owner_kind = 'user' AND owner_id = $1`;
    const live = `SELECT id, status FROM cart WHERE ${mine} AND status IN ('ACTIVE', 'CLAIMED') FOR UPDATE`;
    // By itself: what an order that spends the cart now leaves in the next one can only be seen by the statement after.
    await tx.query(live, [payload.userId]);
    await tx.query(
      `WITH live AS (${live})
       DELETE FROM cart_line USING live WHERE cart_id = live.id AND (saved OR status = 'ACTIVE')`,
      [payload.userId],
    );
    await tx.query(
      `UPDATE cart SET line_count = 0, item_count = 0, subtotal = 0, discount = 0, total = coalesce(shipping, 0) +
         CASE WHEN tax_included THEN 0 ELSE coalesce(tax, 0) END, promo_codes = '[]'
       WHERE ${mine} AND status = 'ACTIVE'`,
      [payload.userId],
    );
    await tx.query(
      `UPDATE cart SET sealed_address = NULL, country_code = NULL, tax_region = NULL, shipping = NULL, tax = NULL,
         total = subtotal - discount
       WHERE sealed_address IS NOT NULL AND id IN (
         SELECT id FROM cart WHERE ${mine}
         UNION ALL SELECT merged.id FROM cart merged JOIN cart own ON merged.merged_into = own.id
         WHERE own.owner_kind = 'user' AND own.owner_id = $1)`,
      [payload.userId],
    );
  },
});
