/** What clients send. Checked in the use cases. */
import { Directive, Field, ID, InputType, Int } from 'type-graphql';
import { DateTime, EmailAddress } from '../../platform/graph/scalars';
import { AddressInput, MoneyInput } from '../../platform/graph/values';
import type { OrderStatus } from './messages';
import { orderStatuses } from './order.enums';

/** Payment of placeOrder. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'How the order is paid: exactly one of `methodId` and `token`.' })
export class PaymentInput {
  @Field(() => ID, {
    nullable: true,
    description: 'A card you have saved, `pm_…`: see `User.paymentMethods`.',
  })
  methodId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The provider's single-use token for the card, 1 to 255 characters. Never the card itself.",
  })
  token?: string | null;

  @Field(() => String, { nullable: true, description: "Who made the token; the shop's provider when absent." })
  provider?: string | null;
}

/** Input of placeOrder. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'Which cart is ordered, where it goes and how it is paid.' })
export class PlaceOrderInput {
  @Field(() => ID, { nullable: true, description: "The cart, `cart_…`; the caller's own when absent." })
  cartId?: string | null;

  @Field(() => String, { nullable: true, description: "A guest cart's token; guests give it." })
  cartToken?: string | null;

  @Field(() => EmailAddress, {
    nullable: true,
    description:
      "Where the confirmation goes. Guests give it; for users their account's address is used instead, and for API clients nothing is sent.",
  })
  email?: string | null;

  @Field(() => AddressInput, { nullable: true, description: "Where to deliver; the cart's address when absent." })
  shippingAddress?: AddressInput | null;

  @Field(() => AddressInput, {
    nullable: true,
    description: 'Address of the invoice; the shipping address when absent.',
  })
  billingAddress?: AddressInput | null;

  @Field(() => String, {
    nullable: true,
    description: "One of the cart's `shippingOptions`; the cart's method when absent, or `STANDARD`.",
  })
  shippingMethod?: string | null;

  @Field(() => PaymentInput, { description: 'How it is paid.' })
  payment!: PaymentInput;

  @Field(() => MoneyInput, {
    nullable: true,
    description:
      'The total that the buyer was shown. If it is another one now, nothing happens and PRICE_CHANGED says which.',
  })
  expectedTotal?: MoneyInput | null;

  @Field(() => String, { nullable: true, description: 'Words for the shop; at most 2,000 characters.' })
  note?: string | null;

  @Field(() => String, {
    description:
      '1 to 255 characters, new for each order: the same key never orders twice. After an outage send the same again.',
  })
  idempotencyKey!: string;
}

/** Input of cancelOrder. */
@InputType({ description: 'Which order is cancelled, and why.' })
export class CancelOrderInput {
  @Field(() => ID, { description: 'The order, `ord_…`.' })
  orderId!: string;

  @Field(() => String, { nullable: true, description: "A guest order's token." })
  token?: string | null;

  @Field(() => String, { nullable: true, description: 'Why; at most 2,000 characters. Shown in the timeline.' })
  reason?: string | null;

  @Field(() => String, { description: '1 to 255 characters, new for each cancellation.' })
  idempotencyKey!: string;
}

/** Input of startProcessing. */
@Directive('@tag(name: "staff")')
@InputType({ description: 'Which order is being prepared.' })
export class StartProcessingInput {
  @Field(() => ID, { description: 'The order, `ord_…`; it has to be CONFIRMED.' })
  orderId!: string;
}

/** A line of shipOrder. */
@Directive('@tag(name: "staff")')
@InputType({ description: 'Units of one line that leave in this parcel.' })
export class ShipLineInput {
  @Field(() => ID, { description: 'The order line, `item_…`.' })
  lineId!: string;

  @Field(() => Int, { description: 'How many; at most those that have not left yet.' })
  quantity!: number;
}

/** Input of shipOrder. */
@Directive('@tag(name: "staff")')
@InputType({ description: 'A parcel that is handed to a carrier.' })
export class ShipOrderInput {
  @Field(() => ID, { description: 'The order, `ord_…`; it has to be PROCESSING.' })
  orderId!: string;

  @Field(() => String, { description: 'Name of the carrier, at most 200 characters, e.g. `DHL`.' })
  carrier!: string;

  @Field(() => String, { description: "The carrier's number of the parcel, at most 200 characters." })
  trackingNumber!: string;

  @Field(() => [ShipLineInput], {
    nullable: true,
    description: 'What is in it; all that has not left yet when absent.',
  })
  lines?: ShipLineInput[] | null;

  @Field(() => String, { description: '1 to 255 characters, new for each parcel: the same key never ships twice.' })
  idempotencyKey!: string;
}

/** Input of confirmDelivery. */
@Directive('@tag(name: "staff")')
@InputType({ description: 'What has been delivered.' })
export class ConfirmDeliveryInput {
  @Field(() => ID, { description: 'The order, `ord_…`.' })
  orderId!: string;

  @Field(() => ID, { nullable: true, description: 'The parcel, `shp_…`; all parcels under way when absent.' })
  shipmentId?: string | null;
}

/** Filter of order lists. */
@InputType({ description: 'Which orders; all conditions hold together.' })
export class OrderFilter {
  @Field(() => [orderStatuses], { nullable: true, description: 'In one of these statuses.' })
  status?: OrderStatus[] | null;

  @Field(() => DateTime, { nullable: true, description: 'Placed at this moment or later.' })
  from?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Placed before this moment.' })
  to?: string | null;
}
