/**
 * Shipping a parcel. The first one takes the money, in a service of its own: so the order is first marked as being captured,
 * which keeps cancellations away, then the total is captured, then the parcel is written. A crash in between leaves a mark that
 * lapses and a capture that the next attempt finds done.
 */
import { z } from 'zod';
import { requireStaff } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { claimKey, forgetKey, idempotently, objectOf, type IdempotencyKey } from '../../platform/db/idempotency';
import { UserFault } from '../../platform/errors';
import { idempotencyKeyText, idOf, nameText, validateInput } from '../../platform/graph/validate';
import { capturePayment } from '../payments/messages';
import { unitsInput } from './line-units';
import { parcelOf, type ParcelRequest } from './parcel';
import type { ShipOrderInput } from './order.inputs';
import { lockOrder } from './read-orders';
import type { OrdersServices } from './services';
import { writeParcel } from './write-parcel';

/** How long a capture keeps cancellations away when nobody says how it ended, in seconds: longer than one can take. */
const CAPTURING_SECONDS = 30;
/** How long a capture may take, in milliseconds. */
const CAPTURE_MS = 5_000;

const schema = z.object({
  orderId: idOf('ord'),
  carrier: nameText,
  trackingNumber: nameText,
  lines: unitsInput,
  idempotencyKey: idempotencyKeyText,
});

/**
 * Gives the order's uuid. Staff only. UserFault NOT_FOUND, CONFLICT unless it is PROCESSING, VALIDATION_ERROR for more than is
 * left, PAYMENT_FAILED when the total could not be taken: nothing has shipped then.
 */
export async function shipOrder(
  services: OrdersServices,
  principal: Principal,
  input: ShipOrderInput,
  requestId: string,
): Promise<string> {
  const staff = requireStaff(principal);
  const { idempotencyKey, ...parcel } = validateInput(schema, input);
  const key = { actor: `user:${staff.id}`, mutation: 'shipOrder', key: idempotencyKey, input: parcel };
  const prepared = await prepare(services, key, parcel);
  if ('objectId' in prepared) return prepared.objectId;
  const refusal = prepared.refusal ?? (prepared.capture ? await capture(services, parcel.orderId, requestId) : null);
  try {
    const orderId = await idempotently(services.db, key, async (tx) => {
      if (refusal) throw refusal;
      await writeParcel(tx, services, { staff, parcel, captured: prepared.capture, requestId });
      return parcel.orderId;
    });
    services.eventLog.wake();
    return orderId;
  } finally {
    // It is known how the capture ended: cancellations need not wait any longer.
    if (prepared.capture) await unmark(services, parcel.orderId);
  }
}

type Prepared = { objectId: string } | { capture: boolean; refusal: UserFault | null };

/**
 * Looks whether the parcel could be shipped, and marks the order if the money is to be taken for it. The key is only looked at:
 * it is claimed with the parcel, so that a crash in between leaves none behind that is worked on for ever.
 */
async function prepare(services: OrdersServices, key: IdempotencyKey, parcel: ParcelRequest): Promise<Prepared> {
  return services.db.transaction(async (tx) => {
    const claim = await claimKey(tx, key);
    if (claim.state === 'done') return { objectId: objectOf(claim.outcome) };
    await forgetKey(tx, key);
    try {
      const order = await lockOrder(tx, parcel.orderId);
      const { captured } = await parcelOf(tx, order, parcel);
      if (!captured) await mark(tx, parcel.orderId);
      return { capture: !captured, refusal: null };
    } catch (error) {
      if (error instanceof UserFault) return { capture: false, refusal: error };
      throw error;
    }
  });
}

/** Null: it is captured. Throws Fault SERVICE_UNAVAILABLE when that is not known. */
async function capture(services: OrdersServices, orderId: string, requestId: string): Promise<UserFault | null> {
  const meta = {
    principal: { kind: 'service', name: 'orders' } as const,
    requestId,
    deadlineMs: CAPTURE_MS,
  };
  const answer = await services.commands.send(capturePayment, { orderId }, meta);
  if (answer.outcome === 'captured') return null;
  const message = 'The payment could not be captured. Nothing was shipped.';
  return new UserFault([
    { code: 'PAYMENT_FAILED', message, field: ['orderId'], declineReason: answer.reason ?? undefined },
  ]);
}

const mark = (tx: { query(sql: string, parameters: unknown[]): Promise<unknown> }, orderId: string): Promise<unknown> =>
  tx.query('UPDATE orders SET capturing_until = now() + make_interval(secs => $2) WHERE id = $1', [
    orderId,
    CAPTURING_SECONDS,
  ]);

const unmark = ({ db }: OrdersServices, orderId: string): Promise<unknown> =>
  db.rows('UPDATE orders SET capturing_until = NULL WHERE id = $1', [orderId]);
