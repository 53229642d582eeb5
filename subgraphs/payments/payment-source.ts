/** What a payment is made with, on its way into the database and out again. It is sealed: whoever has it can charge. */
import type { EntityManager } from 'typeorm';
import type { Owner } from '../../platform/auth/principal';
import type { Sealer } from '../../platform/seal';
import type { PaymentRow } from './payment.rows';
import type { PaymentServices } from './payment.services';
import type { PaymentSource } from './provider/provider';

/** The token, or what the provider calls the saved card; null: the owner has no such card. */
export async function sealedSource(
  tx: EntityManager,
  { sealer, provider }: PaymentServices,
  given: Owner & { token: string | null; methodId: string | null },
): Promise<{ kind: PaymentSource['kind']; sealed: string } | null> {
  if (given.methodId === null) return given.token === null ? null : { kind: 'token', sealed: sealer.seal(given.token) };
  const [method]: { sealed: string }[] = await tx.query(
    `SELECT sealed_reference AS sealed FROM payment_method
     WHERE id = $1 AND owner_kind = $2 AND owner_id = $3 AND provider = $4 AND deleted_at IS NULL`,
    [given.methodId, given.ownerKind, given.ownerId, provider.name],
  );
  return method ? { kind: 'saved', sealed: method.sealed } : null;
}

/** As the provider takes it. */
export function openSource(sealer: Sealer, { sourceKind, sealedToken }: PaymentRow): PaymentSource {
  const opened = sealer.open(sealedToken);
  return sourceKind === 'token' ? { kind: 'token', token: opened } : { kind: 'saved', reference: opened };
}
