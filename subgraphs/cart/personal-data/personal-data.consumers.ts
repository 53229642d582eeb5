/** What the cart holds of a user: it is handed over on demand, and forgotten. */
import { z } from 'zod';
import { eraseUser } from '../../../platform/erasures';
import { defineConsumer } from '../../../platform/outbox';
import { addPersonalData } from '../../../platform/personal-data';
import type { Services } from '../../../platform/subgraph';
import { dataExportRequested, userErased } from '../../accounts/messages';
import { eraseCarts } from './erase-carts';

/** Answers with the user's cart, and with the addresses of those that were merged into it. */
export const exportCart = defineConsumer({
  queue: 'cart.data-export',
  events: [dataExportRequested],
  async apply(tx, { id, payload }, services: Services) {
    const { exportId, userId } = payload;
    const mine = `owner_kind = 'user' AND owner_id = $1`;
    const carts: { address: string | null; lines: unknown }[] = await tx.query(
      `SELECT sealed_address AS address,
              (SELECT json_agg(json_build_object('sku', sku, 'productName', product_name, 'variantName', variant_name,
                                                 'quantity', quantity, 'saved', saved) ORDER BY id)
               FROM cart_line WHERE cart_id = cart.id) AS lines
       FROM cart WHERE id IN (
         SELECT id FROM cart WHERE ${mine} AND status IN ('ACTIVE', 'CLAIMED')
         UNION ALL SELECT id FROM cart
         WHERE sealed_address IS NOT NULL AND merged_into IN (SELECT id FROM cart WHERE ${mine}))
       ORDER BY status = 'MERGED', id`,
      [userId],
    );
    const data = carts.map(({ address, lines }) => ({
      lines: lines ?? [],
      address: address === null ? null : services.sealer.openJson(address, z.unknown()),
    }));
    await addPersonalData(tx, services, { exportId, holder: 'cart', data: { carts: data }, cause: id });
  },
});

/** Forgets what the carts of the user and of the user's API clients hold. */
export const eraseUserCarts = defineConsumer({
  queue: 'cart.user-erased',
  events: [userErased],
  apply: (tx, { payload }, services: Services) => eraseUser(tx, services, payload, eraseCarts),
});
