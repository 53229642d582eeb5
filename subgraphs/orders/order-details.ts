/** Lines, parcels and returns of orders. */
import { z } from 'zod';
import type { Database } from '../../platform/db/database';
import { RETURN_REFUND_STATUSES, RETURN_STATUSES } from './returns/returns.rules';

const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const lineDetails = z.object({
  id: z.string(),
  variantId: z.string(),
  sku: z.string(),
  productName: z.string(),
  variantName: z.string(),
  image: z
    .object({
      url: z.string(),
      altText: z.string().nullable(),
      width: z.number().nullable(),
      height: z.number().nullable(),
    })
    .nullable(),
  quantity: z.number(),
  shippedQuantity: z.number(),
  requestedQuantity: z.number(),
  returnedQuantity: z.number(),
  /** Minor units, as text: in JSON a number loses digits. */
  unitPrice: z.string(),
  discount: z.string(),
  total: z.string(),
  tax: z.string(),
});
/** A line. */
export type LineDetails = z.output<typeof lineDetails>;

const shipmentDetails = z.object({
  id: z.string(),
  carrier: z.string(),
  trackingNumber: z.string(),
  estimatedDelivery: moment.nullable(),
  shippedAt: moment,
  deliveredAt: moment.nullable(),
  lines: z.array(z.object({ lineId: z.string(), quantity: z.number() })),
});
/** A parcel. */
export type ShipmentDetails = z.output<typeof shipmentDetails>;

const returnDetails = z.object({
  id: z.string(),
  status: z.enum(RETURN_STATUSES),
  /** Sealed, as is the next. */
  reason: z.string().nullable(),
  rejectionReason: z.string().nullable(),
  /** Minor units, as text. */
  refundAmount: z.string().nullable(),
  refundStatus: z.enum(RETURN_REFUND_STATUSES).nullable(),
  requestedAt: moment,
  decidedAt: moment.nullable(),
  lines: z.array(z.object({ lineId: z.string(), quantity: z.number() })),
});
/** A return. */
export type ReturnDetails = z.output<typeof returnDetails>;

const orderDetails = z.object({
  lines: z.array(lineDetails),
  shipments: z.array(shipmentDetails),
  returns: z.array(returnDetails),
});
/** Lines, parcels and returns of one order, in their order. */
export type OrderDetails = z.output<typeof orderDetails>;

/**
 * Lines, parcels and returns of many orders in one statement, by order id. All at once: a list of orders with all of them costs
 * no more statements than one with lines alone, and an order without parcels or returns costs a look into an index.
 */
export async function detailsOf(db: Database, orderIds: readonly string[]): Promise<Map<string, OrderDetails>> {
  const rows = await db.rows<{ id: string } & Record<keyof OrderDetails, unknown>>(
    `SELECT o.id,
       (SELECT json_agg(json_build_object(
          'id', l.id, 'variantId', l.variant_id, 'sku', l.sku, 'productName', l.product_name, 'variantName', l.variant_name,
          'image', l.image, 'quantity', l.quantity, 'shippedQuantity', l.shipped_quantity, 'requestedQuantity', l.requested_quantity,
          'returnedQuantity', l.returned_quantity, 'unitPrice', l.unit_price::text, 'discount', l.discount::text, 'total', l.total::text, 'tax', l.tax::text) ORDER BY l.position)
        FROM order_line l WHERE l.order_id = o.id) AS lines,
       (SELECT json_agg(json_build_object(
          'id', s.id, 'carrier', s.carrier, 'trackingNumber', s.tracking_number, 'estimatedDelivery', s.estimated_delivery,
          'shippedAt', s.shipped_at, 'deliveredAt', s.delivered_at, 'lines',
          (SELECT json_agg(json_build_object('lineId', p.line_id, 'quantity', p.quantity) ORDER BY p.line_id)
           FROM shipment_line p WHERE p.shipment_id = s.id)) ORDER BY s.id)
        FROM shipment s WHERE s.order_id = o.id) AS shipments,
       (SELECT json_agg(json_build_object(
          'id', r.id, 'status', r.status, 'reason', r.reason, 'rejectionReason', r.rejection_reason,
          'refundAmount', r.refund_amount::text, 'refundStatus', r.refund_status, 'requestedAt', r.requested_at,
          'decidedAt', r.decided_at, 'lines',
          (SELECT json_agg(json_build_object('lineId', u.line_id, 'quantity', u.quantity) ORDER BY u.line_id)
           FROM return_line u WHERE u.return_id = r.id)) ORDER BY r.id)
        FROM order_return r WHERE r.order_id = o.id) AS returns
     FROM unnest($1::uuid[]) AS o(id)`,
    [orderIds],
  );
  return new Map(
    rows.map(({ id, lines, shipments, returns }) => [
      id,
      orderDetails.parse({ lines: lines ?? [], shipments: shipments ?? [], returns: returns ?? [] }),
    ]),
  );
}
