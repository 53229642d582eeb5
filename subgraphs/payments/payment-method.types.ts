/** Saved cards as clients see them. */
import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { DateTime } from '../../platform/graph/scalars';
import { Payload } from '../../platform/graph/user-errors';
import { toId } from '../../platform/ids';
import type { PaymentMethodRow } from './payment-method.rows';

/** A saved card. */
@ObjectType({ description: 'A card you keep for later purchases. The card itself lies with the provider.' })
export class PaymentMethod {
  @Field(() => ID, { description: 'Global id, `pm_…`: `payment.methodId` of `placeOrder`.' })
  id!: string;

  @Field(() => String, { description: 'Kind of card, e.g. `visa`.' })
  brand!: string;

  @Field(() => String, { description: 'The last four digits of its number.' })
  last4!: string;

  @Field(() => Int, { description: 'Month in which it expires, 1 to 12.' })
  expiryMonth!: number;

  @Field(() => Int, { description: 'Year in which it expires, four digits.' })
  expiryYear!: number;

  @Field(() => String, {
    description: 'Who keeps it, e.g. `sandbox`. Only with the provider of the shop can it be used.',
  })
  provider!: string;

  @Field(() => DateTime, { description: 'When it was saved.' })
  createdAt!: Date;

  /** From its row. */
  static of(row: PaymentMethodRow): PaymentMethod {
    const { brand, last4, expiryMonth, expiryYear, provider, createdAt } = row;
    return { id: toId('pm', row.id), brand, last4, expiryMonth, expiryYear, provider, createdAt };
  }
}

/** Input of savePaymentMethod. */
@InputType({ description: 'A card to keep; at most 20.' })
export class SavePaymentMethodInput {
  @Field(() => String, {
    description: "The provider's single-use token for the card, 1 to 255 characters. Never the card itself.",
  })
  token!: string;

  @Field(() => String, {
    nullable: true,
    description: '1 to 255 characters, new for each card: the same key never saves twice.',
  })
  idempotencyKey?: string | null;
}

/** Input of deletePaymentMethod. */
@InputType({ description: 'A saved card to delete.' })
export class DeletePaymentMethodInput {
  @Field(() => ID, { description: 'Which of your payment methods, `pm_…`.' })
  id!: string;
}

/** Payload of savePaymentMethod. */
@ObjectType({ description: 'The saved card, or why there is none.' })
export class SavePaymentMethodPayload extends Payload {
  @Field(() => PaymentMethod, { nullable: true, description: 'The saved card; null when it was not saved.' })
  paymentMethod?: PaymentMethod | null;
}

/** Payload of deletePaymentMethod. */
@ObjectType({ description: 'The card that was deleted, or why none was.' })
export class DeletePaymentMethodPayload extends Payload {
  @Field(() => PaymentMethod, { nullable: true, description: 'The card as it was; null when nothing was deleted.' })
  paymentMethod?: PaymentMethod | null;
}
