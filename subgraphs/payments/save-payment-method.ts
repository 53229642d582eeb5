/** Keeping a card for later purchases: the provider keeps the card, we keep what it is called. */
import { createHash } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { recordAudit } from '../../platform/audit';
import { requireUser } from '../../platform/auth/guard';
import type { UserPrincipal } from '../../platform/auth/principal';
import { idempotently } from '../../platform/db/idempotency';
import { Fault, UserFault } from '../../platform/errors';
import { idempotencyKeyText, text, validateInput } from '../../platform/graph/validate';
import { newUuid, toId } from '../../platform/ids';
import type { GraphContext } from '../../platform/subgraph';
import { MAX_PAYMENT_METHODS, methodsOfUsers, type PaymentMethodRow } from './payment-method.rows';
import type { PaymentServices } from './payment.services';
import { ProviderUnavailable, type SavedCard } from './provider/provider';

const inputSchema = z.object({ token: text(255), idempotencyKey: idempotencyKeyText.nullish() });

/**
 * Users only. The provider comes first, by a key: sent again, the same request keeps the same card. Fault SERVICE_UNAVAILABLE
 * when it gives no answer, UserFault CONFLICT when there are 20 cards already.
 */
export async function savePaymentMethod(
  { services, principal, requestId }: GraphContext<PaymentServices>,
  rawInput: unknown,
): Promise<PaymentMethodRow> {
  const user = requireUser(principal);
  const input = validateInput(inputSchema, rawInput);
  const idempotencyKey = input.idempotencyKey ?? newUuid();
  const card = await keepAtProvider(services, [user.id, idempotencyKey, input.token]);
  const { reference } = card;
  const key = { actor: `user:${user.id}`, mutation: 'savePaymentMethod', key: idempotencyKey, input };
  const id = await idempotently(services.db, key, (tx) => insert(tx, services, { user, card, requestId })).catch(
    async (error: unknown) => {
      // Refused, so nobody will ever know what it is called. Else it may be sent again, and be the same card.
      if (error instanceof UserFault) await services.provider.forgetCard(reference).catch(() => undefined);
      throw error;
    },
  );
  const kept = (await methodsOfUsers(services.db.manager, [user.id])).find((method) => method.id === id);
  if (!kept) throw UserFault.of('NOT_FOUND', 'It has been deleted since.', ['idempotencyKey']);
  return kept;
}

/** The key stands for who asks for what: another token under the same idempotency key is another card, refused afterwards. */
async function keepAtProvider({ provider }: PaymentServices, asked: [string, string, string]): Promise<SavedCard> {
  const key = createHash('sha256').update(JSON.stringify(asked)).digest('base64url');
  const card = await provider.saveCard({ key, token: asked[2] }).catch((error: unknown) => {
    throw error instanceof ProviderUnavailable
      ? new Fault('SERVICE_UNAVAILABLE', undefined, undefined, { cause: error })
      : error;
  });
  if (card === null) throw UserFault.of('VALIDATION_ERROR', 'The provider does not take this token.', ['token']);
  return card;
}

/** Under a lock of the owner's: two that count at once would both find room for one. */
async function insert(
  tx: EntityManager,
  services: PaymentServices,
  { user, card, requestId }: { user: UserPrincipal; card: SavedCard; requestId: string },
): Promise<string> {
  const { sealer, provider, clock } = services;
  const id = newUuid();
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [user.id]);
  const inserted: unknown[] = await tx.query(
    `INSERT INTO payment_method
       (id, owner_kind, owner_id, provider, sealed_reference, brand, last4, expiry_month, expiry_year, created_at)
     SELECT $1, 'user', $2, $3, $4, $5, $6, $7, $8, $9
     WHERE (SELECT count(*) FROM payment_method WHERE owner_id = $2 AND deleted_at IS NULL) < $10 RETURNING 1`,
    [
      ...[id, user.id, provider.name, sealer.seal(card.reference)],
      ...[card.brand, card.last4, card.expiryMonth, card.expiryYear, clock.now(), MAX_PAYMENT_METHODS],
    ],
  );
  if (inserted.length === 0) {
    const message = `There are ${MAX_PAYMENT_METHODS} payment methods already. Delete one first.`;
    throw UserFault.of('CONFLICT', message, undefined, { maximum: MAX_PAYMENT_METHODS, retryable: false });
  }
  const target = toId('pm', id);
  await recordAudit(tx, services, { actor: user, action: 'savePaymentMethod', targetUuid: id, target, requestId });
  return id;
}
