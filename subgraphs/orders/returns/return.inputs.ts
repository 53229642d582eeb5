/** What clients send about returns. Checked in the use cases. */
import { Directive, Field, ID, InputType, Int } from 'type-graphql';
import { MoneyInput } from '../../../platform/graph/values';

/** A line of requestReturn. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'Units of one line that are to be sent back.' })
export class ReturnLineInput {
  @Field(() => ID, { description: 'The order line, `item_…`.' })
  lineId!: string;

  @Field(() => Int, { description: 'How many; at most those that have left and are in no other return.' })
  quantity!: number;
}

/** Input of requestReturn. */
@Directive('@tag(name: "partner")')
@InputType({ description: 'What of an order is to be sent back, and why.' })
export class RequestReturnInput {
  @Field(() => ID, { description: 'The order, `ord_…`; it has to be SHIPPED or DELIVERED.' })
  orderId!: string;

  @Field(() => String, { nullable: true, description: "A guest order's token." })
  token?: string | null;

  @Field(() => [ReturnLineInput], { nullable: true, description: 'Which units; all that can be returned when absent.' })
  lines?: ReturnLineInput[] | null;

  @Field(() => String, { nullable: true, description: 'Why; at most 2,000 characters. Shown in the timeline.' })
  reason?: string | null;

  @Field(() => String, { description: '1 to 255 characters, new for each return: the same key never asks twice.' })
  idempotencyKey!: string;
}

/** Input of acceptReturn. */
@Directive('@tag(name: "staff")')
@InputType({ description: 'Which return is accepted, and what is given back.' })
export class AcceptReturnInput {
  @Field(() => ID, { description: 'The return, `ret_…`; it has to be REQUESTED.' })
  returnId!: string;

  @Field(() => Boolean, { defaultValue: true, description: 'Whether the units can be sold again.' })
  restock!: boolean;

  @Field(() => MoneyInput, {
    nullable: true,
    description:
      'How much is given back, at most what is left of the total; when absent, what the units have cost with their tax, without shipping.',
  })
  amount?: MoneyInput | null;

  @Field(() => String, { description: '1 to 255 characters, new for each decision: the same key never refunds twice.' })
  idempotencyKey!: string;
}

/** Input of rejectReturn. */
@Directive('@tag(name: "staff")')
@InputType({ description: 'Which return is rejected, and why.' })
export class RejectReturnInput {
  @Field(() => ID, { description: 'The return, `ret_…`; it has to be REQUESTED.' })
  returnId!: string;

  @Field(() => String, { nullable: true, description: 'Why; at most 2,000 characters. The buyer reads it.' })
  reason?: string | null;
}
