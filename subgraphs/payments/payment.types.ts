/** Payments and refunds as clients see them. */
import { Directive, Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime } from '../../platform/graph/scalars';
import { Payload } from '../../platform/graph/user-errors';
import { Money, MoneyInput } from '../../platform/graph/values';
import { toId } from '../../platform/ids';
import { PAYMENT_STATUSES, type PaymentRow, type PaymentStatus } from './payment.rows';
import { REFUND_STATUSES, type RefundRow } from './refunds';

const paymentStatuses = Object.fromEntries(PAYMENT_STATUSES.map((status) => [status, status]));
registerEnumType(paymentStatuses, {
  name: 'PaymentStatus',
  description: 'Where one payment stands.',
  valuesConfig: {
    PENDING: { description: 'The provider has not answered yet.' },
    REQUIRES_ACTION: { description: 'The buyer has to confirm it with the provider.' },
    AUTHORIZED: { description: 'The amount is held on the card.' },
    CAPTURED: { description: 'The amount was taken, at the first shipment.' },
    VOIDED: { description: 'The held amount was let go.' },
    FAILED: { description: 'The provider refused.' },
  },
});

const refundStatuses = Object.fromEntries(REFUND_STATUSES.map((status) => [status, status]));
registerEnumType(refundStatuses, {
  name: 'RefundStatus',
  description: 'Where a refund stands.',
  valuesConfig: {
    PENDING: { description: 'Promised; the provider has not confirmed it yet.' },
    SUCCEEDED: { description: 'On its way to the buyer.' },
    FAILED: { description: 'The provider refused; nothing was given back.' },
  },
});

/** A payment. */
@ObjectType({ description: 'One payment of an order. For its owner and for staff.' })
export class Payment {
  @Field(() => ID, { description: 'Global id, `pay_…`.' })
  id!: string;

  @Field(() => paymentStatuses, { description: 'Where it stands.' })
  status!: PaymentStatus;

  @Field(() => Money, { description: 'What is to be paid.' })
  amount!: Money;

  @Field(() => Money, { description: 'What was taken so far.' })
  capturedAmount!: Money;

  @Field(() => Money, { description: 'What was given back, with refunds under way.' })
  refundedAmount!: Money;

  @Field(() => String, { description: 'Who carries it out, e.g. `sandbox`.' })
  provider!: string;

  @Field(() => String, { nullable: true, description: 'Kind of card or account, e.g. `visa`; null until known.' })
  method?: string | null;

  @Field(() => DateTime, { description: 'When it was begun.' })
  createdAt!: Date;

  /** From its row. */
  static of(row: PaymentRow): Payment {
    const money = (minor: bigint): Money => Money.of(minor, row.currencyCode);
    return Object.assign(new Payment(), {
      id: toId('pay', row.id),
      status: row.status,
      amount: money(row.amount),
      capturedAmount: money(row.capturedAmount),
      refundedAmount: money(row.refundedAmount),
      provider: row.provider,
      method: row.method,
      createdAt: row.createdAt,
    });
  }
}

/** A refund. */
@ObjectType({ description: 'Money given back for an order.' })
export class Refund {
  @Field(() => ID, { description: 'Global id, `rfnd_…`.' })
  id!: string;

  @Field(() => refundStatuses, { description: 'Where it stands.' })
  status!: RefundRow['status'];

  @Field(() => Money, { description: 'What is given back.' })
  amount!: Money;

  @Field(() => String, { nullable: true, description: 'Why, in the words of support.' })
  reason?: string | null;

  @Field(() => DateTime, { description: 'When it was decided.' })
  createdAt!: Date;

  /** From its row. */
  static of(row: RefundRow): Refund {
    return Object.assign(new Refund(), {
      id: toId('rfnd', row.id),
      status: row.status,
      amount: Money.of(row.amount, row.currencyCode),
      reason: row.reason,
      createdAt: row.createdAt,
    });
  }
}

/** Input of createRefund. */
@Directive('@tag(name: "staff")')
@InputType({ description: 'What to give back.' })
export class CreateRefundInput {
  @Field(() => ID, { description: 'The order, `ord_…`.' })
  orderId!: string;

  @Field(() => MoneyInput, { nullable: true, description: 'How much; all that is left when absent.' })
  amount?: MoneyInput | null;

  @Field(() => String, { nullable: true, description: 'Why; at most 2,000 characters.' })
  reason?: string | null;

  @Field(() => String, { description: '1 to 255 characters, new for each refund: the same key never refunds twice.' })
  idempotencyKey!: string;
}

/** Payload of createRefund. */
@Directive('@tag(name: "staff")')
@ObjectType({ description: 'The refund, or why there is none.' })
export class CreateRefundPayload extends Payload {
  @Field(() => Refund, { nullable: true, description: 'The refund; null when nothing happened.' })
  refund?: Refund | null;
}
