/** Lines and parcels of orders. */
import { z } from 'zod';
import type { Database } from '../../platform/db/database';

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

/** Lines and parcels of one order, in their order. */
export interface OrderDetails {
  lines: LineDetails[];
  shipments: ShipmentDetails[];
}

/**
 * Lines and parcels of many orders in one statement, by order id. Both at once: a list of orders with both costs no more
 * statements than one with lines alone, and an order without parcels costs a look into an index.
 */
export async function detailsOf(db: Database, orderIds: readonly string[]): Promise<Map<string, OrderDetails>> {
  const rows = await db.rows<{ id: string; lines: unknown; shipments: unknown }>(
    `SELECT o.id,
       (SELECT json_agg(json_build_object(
          'id', l.id, 'variantId', l.variant_id, 'sku', l.sku, 'productName', l.product_name, 'variantName', l.variant_name,
          'image', l.image, 'quantity', l.quantity, 'shippedQuantity', l.shipped_quantity, 'unitPrice', l.unit_price::text,
          'discount', l.discount::text, 'total', l.total::text, 'tax', l.tax::text) ORDER BY l.position)
        FROM order_line l WHERE l.order_id = o.id) AS lines,
       (SELECT json_agg(json_build_object(
          'id', s.id, 'carrier', s.carrier, 'trackingNumber', s.tracking_number, 'estimatedDelivery', s.estimated_delivery,
          'shippedAt', s.shipped_at, 'deliveredAt', s.delivered_at, 'lines',
          (SELECT json_agg(json_build_object('lineId', p.line_id, 'quantity', p.quantity) ORDER BY p.line_id)
           FROM shipment_line p WHERE p.shipment_id = s.id)) ORDER BY s.id)
        FROM shipment s WHERE s.order_id = o.id) AS shipments
     FROM unnest($1::uuid[]) AS o(id)`,
    [orderIds],
  );
  return new Map(
    rows.map(({ id, lines, shipments }) => [
      id,
      { lines: z.array(lineDetails).parse(lines ?? []), shipments: z.array(shipmentDetails).parse(shipments ?? []) },
    ]),
  );
}
