/** Writing the order that a checkout has become. */
import type { EntityManager } from 'typeorm';
import { hashSecretToken, newSecretToken } from '../../../platform/auth/secret-token';
import { finishKey } from '../../../platform/db/idempotency';
import { newUuid } from '../../../platform/ids';
import type { Sealer } from '../../../platform/seal';
import type { Quote } from '../../cart/messages';
import { keyOf, type CheckoutRun } from './checkout-run';
import { saveProgress } from './checkout-store';
import type { Checkout, Draft } from './checkout.entity';
import { ownerOf } from './owner.rules';
import { OrderEntity, OrderLineEntity } from '../order.entity';
import { newOrderNumber } from '../order-number';
import { recordPlaced } from '../record-event';

/** Where the buyer must go to approve the payment, and until when; null: no limit is known. */
export interface RequiredAction {
  url: string;
  expiresAt: Date | null;
}

/** The order exists from now on, PENDING: order, lines, first event, and the client's key answered, in one transaction. */
export async function placeFromCheckout(
  run: CheckoutRun,
  draft: Draft,
  payment: 'authorized' | 'pending' | 'waiting',
  action: RequiredAction | null,
): Promise<void> {
  const { services, checkout } = run;
  const { orderId, quote, buyerKind, buyerId, requestId } = checkout;
  if (!quote) throw new Error('an order is made of a quote');
  const now = services.clock.now();
  const outcome = { objectId: orderId };
  run.checkout = await services.db.transaction(async (tx) => {
    // First: whoever has lost the lease stops here, before there is an order.
    const saved = await saveProgress(tx, checkout, { payment, placed: true }, now);
    await insertOrder(tx, services.sealer, { checkout, quote, draft, payment, action, now });
    const change = { actor: { kind: buyerKind, id: buyerId }, at: now, cause: requestId };
    await recordPlaced(tx, services.sealer, orderId, change);
    await finishKey(tx, keyOf(checkout), outcome);
    return saved;
  });
  run.outcome = outcome;
  services.eventLog.wake();
}

interface Parts {
  checkout: Checkout;
  quote: Quote;
  draft: Draft;
  payment: 'authorized' | 'pending' | 'waiting';
  action: RequiredAction | null;
  now: Date;
}

async function insertOrder(tx: EntityManager, sealer: Sealer, parts: Parts): Promise<void> {
  const { checkout, quote, draft, payment, action, now } = parts;
  const { subtotal, discount, shipping, tax, total, taxIncluded, currencyCode, shippingMethod } = quote;
  const owner = ownerOf(quote, checkout);
  const token = owner.ownerKind === 'guest' ? newSecretToken() : null;
  await insertNumbered(tx, {
    id: checkout.orderId,
    ...owner,
    partnerId: checkout.partnerId,
    status: 'PENDING',
    version: 1,
    paymentStatus: payment === 'authorized' ? 'AUTHORIZED' : 'PENDING',
    ...{ currencyCode, subtotal, discount, shipping, tax, total, taxIncluded, shippingMethod },
    shippingAddress: quote.sealedAddress,
    billingAddress: draft.billingAddress,
    email: token && draft.email !== null ? sealer.seal(draft.email) : null,
    note: draft.note ? sealer.seal(draft.note) : null,
    token: token && sealer.seal(token),
    tokenHash: token && hashSecretToken(token),
    nextAction: action && sealer.seal(action.url),
    nextActionUntil: action && action.expiresAt,
    placedAt: now,
    updatedAt: now,
  });
  const lines = quote.lines.map((line, position) => ({
    ...line,
    // Not the cart line's: TypeORM leaves what is no column of the entity alone.
    id: newUuid(),
    orderId: checkout.orderId,
    position,
  }));
  await tx.insert(OrderLineEntity, lines);
}

/** A number that is taken already is drawn again. */
async function insertNumbered(tx: EntityManager, order: Omit<OrderEntity, 'number'>): Promise<void> {
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const inserted: unknown[] = await tx
      .createQueryBuilder()
      .insert()
      .into(OrderEntity)
      .values({ ...order, number: newOrderNumber() })
      .orIgnore()
      .returning('id')
      .execute()
      .then(({ raw }: { raw: unknown[] }) => raw);
    if (inserted.length > 0) return;
  }
  throw new Error('no free order number');
}
