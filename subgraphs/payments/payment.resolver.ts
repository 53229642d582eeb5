import { Arg, Ctx, Directive, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { isStaff, owns } from '../../platform/auth/principal';
import { payload, type UserError } from '../../platform/graph/user-errors';
import { fromId, toId } from '../../platform/ids';
import { defineLoader, type GraphContext } from '../../platform/subgraph';
import { createRefund } from './create-refund';
import { paymentsBy, type PaymentRow } from './payment.rows';
import type { PaymentServices } from './payment.services';
import { CreateRefundInput, CreateRefundPayload, Payment, Refund } from './payment.types';
import { refundsBy, type RefundRow } from './refunds';
import { Order, User } from './stubs';

type Context = GraphContext<PaymentServices>;

/** The payment of an order if the caller may see it, else null: a stranger learns nothing. */
const paymentByOrder = defineLoader<PaymentServices, string, PaymentRow | null>(
  async (ids, { services, principal }) => {
    const rows = await paymentsBy(services.db.manager, 'order_id', ids);
    const visible = new Map(
      rows.filter((row) => isStaff(principal) || owns(principal, row)).map((row) => [row.orderId, row]),
    );
    return ids.map((id) => visible.get(id) ?? null);
  },
);

const refundsByPayment = defineLoader<PaymentServices, string, RefundRow[]>(async (ids, { services }) => {
  const rows = await refundsBy(services, 'payment_id', ids);
  return ids.map((id) => rows.filter((row) => row.paymentId === id));
});

async function paymentOfOrder(order: Order, context: Context): Promise<PaymentRow | null> {
  const orderId = fromId('ord', order.id);
  return orderId === null ? null : paymentByOrder(context).load(orderId);
}

/** Root fields. */
@Resolver()
export class PaymentResolver {
  @Directive('@shareable')
  @Query(() => User, { nullable: true })
  me(@Ctx() { principal }: Context): User | null {
    return principal.kind === 'user' ? Object.assign(new User(), { id: toId('user', principal.id) }) : null;
  }

  @Query(() => Payment, {
    nullable: true,
    description: 'One payment, for its owner and for staff; null if there is none to see.',
  })
  async payment(
    @Arg('id', () => ID, { description: 'Global id, `pay_…`.' }) id: string,
    @Ctx() { services, principal }: Context,
  ): Promise<Payment | null> {
    const uuid = fromId('pay', id);
    const [row] = uuid === null ? [] : await paymentsBy(services.db.manager, 'id', [uuid]);
    return row && (isStaff(principal) || owns(principal, row)) ? Payment.of(row) : null;
  }

  @Directive('@tag(name: "staff")')
  @Mutation(() => CreateRefundPayload, {
    nullable: true,
    description: 'Gives back part or all of what was captured for an order. Staff only.',
  })
  createRefund(
    @Arg('input', () => CreateRefundInput, { description: 'What to give back.' }) input: CreateRefundInput,
    @Ctx() context: Context,
  ): Promise<{ refund: Refund | null; userErrors: UserError[] }> {
    return payload('refund', async () => Refund.of(await createRefund(context, input)));
  }
}

/** What payments adds to an order. */
@Resolver(() => Order)
export class OrderPaymentsResolver {
  @FieldResolver(() => [Payment], {
    nullable: true,
    description: 'Its payments; null for a guest, who sees `paymentStatus`.',
  })
  async payments(@Root() order: Order, @Ctx() context: Context): Promise<Payment[] | null> {
    const payment = await paymentOfOrder(order, context);
    return payment && [Payment.of(payment)];
  }

  @FieldResolver(() => [Refund], {
    nullable: true,
    description: 'What was given back, oldest first; null for a guest.',
  })
  async refunds(@Root() order: Order, @Ctx() context: Context): Promise<Refund[] | null> {
    const payment = await paymentOfOrder(order, context);
    return payment && (await refundsByPayment(context).load(payment.id)).map((row) => Refund.of(row));
  }
}
