import type { EntityManager } from 'typeorm';
import type { Services } from '../../../platform/subgraph';

/** Deletes saved cards, which a job then has the provider forget, and the reasons of refunds. Payments and the ledger stay. */
export async function erasePayments(tx: EntityManager, ownerId: string, { clock }: Services): Promise<boolean> {
  await tx.query(
    `UPDATE payment_method SET deleted_at = $2 WHERE owner_kind = 'user' AND owner_id = $1 AND deleted_at IS NULL`,
    [ownerId, clock.now()],
  );
  await tx.query(
    `UPDATE refund SET reason = NULL WHERE reason IS NOT NULL AND payment_id IN (
       SELECT id FROM payment WHERE owner_kind IN ('user', 'client') AND owner_id = $1)`,
    [ownerId],
  );
  return true;
}
