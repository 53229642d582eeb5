/** Returns as clients see them. */
import { Directive, Field, ID, Int, ObjectType } from 'type-graphql';
import { DateTime } from '../../../platform/graph/scalars';
import { Money } from '../../../platform/graph/values';
import { toId } from '../../../platform/ids';
import type { Sealer } from '../../../platform/seal';
import type { OrderDetails, ReturnDetails } from '../order-details';
import { OrderLine } from '../order-line.type';
import { returnRefundStatuses, returnStatuses } from '../order.enums';
import type { ReturnRefundStatus, ReturnStatus } from './returns.rules';

/** Units of a line in a return. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Units of one line that are sent back.' })
export class ReturnLine {
  @Field(() => OrderLine, { description: 'The line of the order.' })
  line!: OrderLine;

  @Field(() => Int, { description: 'How many units of it.' })
  quantity!: number;
}

/** A return. */
@Directive('@tag(name: "partner")')
@ObjectType({ description: 'Units that a buyer sends back, or has sent back.' })
export class Return {
  @Field(() => ID, { description: 'Global id, `ret_…`.' })
  id!: string;

  @Field(() => returnStatuses, { description: 'Where it stands.' })
  status!: ReturnStatus;

  @Field(() => [ReturnLine], { description: 'What is sent back.' })
  lines!: ReturnLine[];

  @Field(() => String, { nullable: true, description: 'Why, in the words of whoever asked for it.' })
  reason?: string | null;

  @Field(() => String, { nullable: true, description: 'Why it was rejected, in the words of the shop.' })
  rejectionReason?: string | null;

  @Field(() => Money, {
    nullable: true,
    description: 'What is given back for it; null until it is accepted, and when nothing is.',
  })
  refundAmount?: Money | null;

  @Field(() => returnRefundStatuses, {
    nullable: true,
    description: 'Where that money stands; null when there is none. The refund itself is in `Order.refunds`.',
  })
  refundStatus?: ReturnRefundStatus | null;

  @Field(() => DateTime, { description: 'When it was asked for.' })
  requestedAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When it was accepted or rejected; null until then.' })
  decidedAt?: Date | null;

  /** From its row and the order's lines. */
  static of(row: ReturnDetails, details: OrderDetails, currencyCode: string, sealer: Sealer): Return {
    const open = (sealed: string | null): string | null => (sealed === null ? null : sealer.open(sealed));
    return Object.assign(new Return(), {
      ...row,
      id: toId('ret', row.id),
      reason: open(row.reason),
      rejectionReason: open(row.rejectionReason),
      refundAmount: row.refundAmount === null ? null : Money.of(BigInt(row.refundAmount), currencyCode),
      lines: OrderLine.quantities(row.lines, details.lines, currencyCode).map((each) =>
        Object.assign(new ReturnLine(), each),
      ),
    });
  }
}
