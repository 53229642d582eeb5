/** What orders holds of a user, as an export has it. */
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { formatMinor } from '../../../platform/money';
import type { Sealer } from '../../../platform/seal';

/** Orders in an export, the newest; more would make a message too large. */
const MOST_EXPORTED = 1_000;

interface StoredOrder {
  id: string;
  total: string;
  currencyCode: string;
  shippingAddress: string | null;
  billingAddress: string | null;
  email: string | null;
  note: string | null;
}

/** Something of an order: of an event why it happened, a parcel, a return. */
interface Part {
  orderId: string;
}

/** The user's own orders, with what their owner sees of them, and the user's webhooks without their secrets. */
export async function gatherOrders(tx: EntityManager, sealer: Sealer, userId: string): Promise<object> {
  const text = (sealed: string | null): string | null => (sealed === null ? null : sealer.open(sealed));
  const json = (sealed: string | null): unknown => (sealed === null ? null : sealer.openJson(sealed, z.unknown()));
  const orders: StoredOrder[] = await tx.query(
    `SELECT id, number, status, placed_at AS "placedAt", total, currency_code AS "currencyCode", email, note,
            shipping_address AS "shippingAddress", billing_address AS "billingAddress",
            (SELECT json_agg(json_build_object('sku', sku, 'productName', product_name, 'variantName', variant_name,
                                               'quantity', quantity) ORDER BY position)
             FROM order_line WHERE order_id = orders.id) AS lines
     FROM orders WHERE owner_kind = 'user' AND owner_id = $1 ORDER BY placed_at DESC, id DESC LIMIT ${MOST_EXPORTED}`,
    [userId],
  );
  const ids = [orders.map(({ id }) => id)];
  const events: (Part & { reason: string })[] = await tx.query(
    `SELECT order_id AS "orderId", status, occurred_at AS "occurredAt", actor_kind AS "actorKind", reason
     FROM order_event WHERE order_id = ANY ($1) AND reason IS NOT NULL ORDER BY order_id, sequence`,
    ids,
  );
  const shipments: Part[] = await tx.query(
    `SELECT order_id AS "orderId", carrier, tracking_number AS "trackingNumber", shipped_at AS "shippedAt",
            delivered_at AS "deliveredAt"
     FROM shipment WHERE order_id = ANY ($1) ORDER BY order_id, id`,
    ids,
  );
  const returns: (Part & { reason: string | null; rejectionReason: string | null })[] = await tx.query(
    `SELECT order_id AS "orderId", status, requested_at AS "requestedAt", decided_at AS "decidedAt", reason,
            rejection_reason AS "rejectionReason"
     FROM order_return WHERE order_id = ANY ($1) ORDER BY order_id, id`,
    ids,
  );
  const webhooks: { url: string; description: string | null }[] = await tx.query(
    `SELECT url, description, created_at AS "createdAt" FROM webhook_endpoint
     WHERE owner_kind = 'user' AND owner_id = $1 ORDER BY id`,
    [userId],
  );
  const [eventsOf, shipmentsOf, returnsOf] = [byOrder(events), byOrder(shipments), byOrder(returns)];
  return {
    orders: orders.map(({ id, total, ...order }) => ({
      ...order,
      total: formatMinor(BigInt(total), order.currencyCode),
      shippingAddress: json(order.shippingAddress),
      billingAddress: json(order.billingAddress),
      email: text(order.email),
      note: text(order.note),
      events: eventsOf(id).map((event) => ({ ...event, reason: text(event.reason) })),
      shipments: shipmentsOf(id),
      returns: returnsOf(id).map((one) => ({
        ...one,
        reason: text(one.reason),
        rejectionReason: text(one.rejectionReason),
      })),
    })),
    webhooks: webhooks.map((one) => ({ ...one, url: text(one.url), description: text(one.description) })),
  };
}

/** The parts of each order. */
function byOrder<P extends Part>(parts: readonly P[]): (orderId: string) => Omit<P, 'orderId'>[] {
  const found = new Map<string, Omit<P, 'orderId'>[]>();
  for (const { orderId, ...part } of parts) {
    const known = found.get(orderId);
    if (known) known.push(part);
    else found.set(orderId, [part]);
  }
  return (orderId) => found.get(orderId) ?? [];
}
