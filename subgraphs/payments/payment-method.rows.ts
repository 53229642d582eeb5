/** Saved cards as they lie in the database. */
import type { EntityManager } from 'typeorm';

/** Cards somebody can keep. */
export const MAX_PAYMENT_METHODS = 20;

/** One saved card. */
export interface PaymentMethodRow {
  id: string;
  ownerId: string;
  provider: string;
  brand: string;
  last4: string;
  expiryMonth: number;
  expiryYear: number;
  createdAt: Date;
}

/** Columns of a {@link PaymentMethodRow}. */
export const METHOD_COLUMNS = `id, owner_id AS "ownerId", provider, brand, last4, expiry_month AS "expiryMonth",
  expiry_year AS "expiryYear", created_at AS "createdAt"`;

/** What these users keep, newest first, in one statement. */
export async function methodsOfUsers(
  manager: Pick<EntityManager, 'query'>,
  userIds: readonly string[],
): Promise<PaymentMethodRow[]> {
  return manager.query(
    `SELECT ${METHOD_COLUMNS} FROM payment_method
     WHERE owner_id = ANY ($1::uuid[]) AND owner_kind = 'user' AND deleted_at IS NULL ORDER BY owner_id, id DESC`,
    [userIds],
  );
}
