/** Orders as clients see them. What costs a statement or a key is in order-fields.resolver.ts. */
import { Directive, Field, ID, ObjectType } from 'type-graphql';
import { connectionType } from '../../platform/graph/connection';
import { DateTime, UrlScalar } from '../../platform/graph/scalars';
import { Money } from '../../platform/graph/values';
import { toId } from '../../platform/ids';
import { cancellableUntil } from './cancellation.rules';
import type { OrderStatus } from './messages';
import { orderPaymentStatuses, orderStatuses } from './order.enums';
import type { OrderPaymentStatus } from './payment-status.rules';
import type { OrderRow } from './read-orders';

/** What an order costs. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'What an order costs; it never changes.' })
export class OrderCost {
  @Field(() => Money, { description: 'Sum of unit prices × quantities.' })
  subtotal!: Money;

  @Field(() => Money, { description: 'All that was taken off.' })
  discount!: Money;

  @Field(() => Money, { description: 'Shipping.' })
  shipping!: Money;

  @Field(() => Money, { description: 'Tax on lines and shipping.' })
  tax!: Money;

  @Field(() => Money, {
    description: 'What is charged: `subtotal` − `discount` + `shipping`, + `tax` unless `taxIncluded`.',
  })
  total!: Money;

  @Field(() => Boolean, { description: 'Whether prices contain the tax.' })
  taxIncluded!: boolean;
}

/** Where a buyer must go. */
@Directive('@tag(name: "partner")')
@ObjectType({
  description: 'What the buyer has to do before the payment goes on: approve it with their bank (3-D Secure).',
})
export class PaymentAction {
  @Field(() => UrlScalar, {
    description: 'The page to open in a browser. Whoever has this address can approve the payment.',
  })
  url!: string;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Until when; an order that is not approved by then is cancelled. Null: no limit is known.',
  })
  expiresAt?: Date | null;
}

/** An order. */
@Directive('@key(fields: "id")')
@Directive('@tag(name: "partner")')
@ObjectType({
  description: 'An order. For its buyer (a guest by its token), the partner of the API client that bought, and staff.',
})
export class Order {
  /** `token`: whether the asker has shown the order's token, or placed it a moment ago. */
  constructor(
    readonly row: OrderRow,
    readonly now: Date,
    readonly showToken = false,
  ) {}

  @Field(() => ID, { description: 'Global id, `ord_…`.' })
  get id(): string {
    return toId('ord', this.row.id);
  }

  @Field(() => String, { description: 'Short number for people, 10 characters; not guessable from another.' })
  get number(): string {
    return this.row.number;
  }

  @Field(() => orderStatuses, { description: 'Where it stands.' })
  get status(): OrderStatus {
    return this.row.status;
  }

  @Field(() => OrderCost, { description: 'What it costs.' })
  get cost(): OrderCost {
    const { subtotal, discount, shipping, tax, total, taxIncluded, currencyCode } = this.row;
    const money = (minor: bigint): Money => Money.of(minor, currencyCode);
    return Object.assign(new OrderCost(), {
      subtotal: money(subtotal),
      discount: money(discount),
      shipping: money(shipping),
      tax: money(tax),
      total: money(total),
      taxIncluded,
    });
  }

  @Field(() => String, { description: 'How it is shipped, e.g. `STANDARD`.' })
  get shippingMethod(): string {
    return this.row.shippingMethod;
  }

  @Field(() => orderPaymentStatuses, { description: 'Where its money stands; guests see it, too.' })
  get paymentStatus(): OrderPaymentStatus {
    return this.row.paymentStatus;
  }

  @Field(() => DateTime, {
    nullable: true,
    description:
      'Until when the buyer may cancel; null when it is too late, or was cancelled or shipped. Staff may longer.',
  })
  get cancellableUntil(): Date | null {
    return cancellableUntil(this.row, this.now);
  }

  @Field(() => DateTime, { description: 'When it was placed.' })
  get placedAt(): Date {
    return this.row.placedAt;
  }

  @Field(() => DateTime, { description: 'When anything of it last changed.' })
  get updatedAt(): Date {
    return this.row.updatedAt;
  }
}

/** A page of orders. */
export const OrderConnection = connectionType(Order, 'Order', 'orders', 'partner');
