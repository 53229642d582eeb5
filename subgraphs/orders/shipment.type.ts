/** Parcels as clients see them. */
import { Directive, Field, ID, Int, ObjectType } from 'type-graphql';
import { DateTime, UrlScalar } from '../../platform/graph/scalars';
import { toId } from '../../platform/ids';
import { OrderLine } from './order-line.type';
import type { OrderDetails, ShipmentDetails } from './order-details';
import { trackingUrl } from './shipping.rules';

/** Units of a line in a parcel. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Units of one line that are in a parcel.' })
export class ShipmentLine {
  @Field(() => OrderLine, { description: 'The line of the order.' })
  line!: OrderLine;

  @Field(() => Int, { description: 'How many units of it.' })
  quantity!: number;
}

/** A parcel. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'A parcel that was handed to a carrier.' })
export class Shipment {
  @Field(() => ID, { description: 'Global id, `shp_…`.' })
  id!: string;

  @Field(() => String, { description: 'Who carries it.' })
  carrier!: string;

  @Field(() => String, { description: "The carrier's number of the parcel." })
  trackingNumber!: string;

  @Field(() => UrlScalar, {
    nullable: true,
    description: "The carrier's page about it; null for a carrier without one.",
  })
  trackingUrl?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When it is expected; null if nobody promised.' })
  estimatedDelivery?: Date | null;

  @Field(() => [ShipmentLine], { description: 'What is in it.' })
  lines!: ShipmentLine[];

  @Field(() => DateTime, { description: 'When it left.' })
  shippedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it arrived; null while under way.' })
  deliveredAt?: Date | null;

  /** From its row and the order's lines. */
  static of(row: ShipmentDetails, details: OrderDetails, currencyCode: string): Shipment {
    const { id, carrier, trackingNumber, ...times } = row;
    return Object.assign(new Shipment(), {
      ...{ carrier, trackingNumber, ...times },
      id: toId('shp', id),
      trackingUrl: trackingUrl(carrier, trackingNumber),
      lines: OrderLine.quantities(row.lines, details.lines, currencyCode).map((each) =>
        Object.assign(new ShipmentLine(), each),
      ),
    });
  }
}
