/** Parcels as they are written. */
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A parcel handed to a carrier. */
@Entity('shipment')
export class ShipmentEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column({ name: 'order_id', type: 'uuid' })
  orderId!: string;

  @Column('text')
  carrier!: string;

  @Column({ name: 'tracking_number', type: 'text' })
  trackingNumber!: string;

  @Column({ name: 'estimated_delivery', type: 'timestamptz', precision: 3, nullable: true })
  estimatedDelivery!: Date | null;

  @Column({ name: 'shipped_at', type: 'timestamptz', precision: 3 })
  shippedAt!: Date;
}

/** Units of a line in a parcel. */
@Entity('shipment_line')
export class ShipmentLineEntity {
  @PrimaryColumn({ name: 'shipment_id', type: 'uuid' })
  shipmentId!: string;

  @PrimaryColumn({ name: 'line_id', type: 'uuid' })
  lineId!: string;

  @Column('integer')
  quantity!: number;
}
