/** Mutations of returns. They only call use cases. */
import { Arg, Ctx, Directive, Mutation, Resolver } from 'type-graphql';
import { Fault } from '../../../platform/errors';
import { payload, type UserError } from '../../../platform/graph/user-errors';
import { toId } from '../../../platform/ids';
import type { GraphContext } from '../../../platform/subgraph';
import { findOrder } from '../find-order';
import { orderDetails } from '../order.loaders';
import type { Order } from '../order.type';
import type { OrdersServices } from '../services';
import { acceptReturn } from './accept-return';
import { rejectReturn } from './reject-return';
import { requestReturn } from './request-return';
import { AcceptReturnInput, RejectReturnInput, RequestReturnInput } from './return.inputs';
import { AcceptReturnPayload, RejectReturnPayload, RequestReturnPayload } from './return.payloads';
import { Return } from './return.type';

type Context = GraphContext<OrdersServices>;
type Answer = Promise<{ return: Return | null; order: Order | null; userErrors: UserError[] }>;

/** Root fields. */
@Resolver()
export class ReturnResolver {
  @Directive('@tag(name: "partner")')
  @Mutation(() => RequestReturnPayload, {
    nullable: true,
    description:
      'Asks to send units back: the buyer within 30 days of their arrival, staff at any time. The shop accepts or rejects.',
  })
  requestReturn(
    @Arg('input', () => RequestReturnInput, { description: 'What, and why.' }) input: RequestReturnInput,
    @Ctx() context: Context,
  ): Answer {
    const { services, principal, requestId } = context;
    return answer(context, () => requestReturn(services, principal, input, requestId), input.token);
  }

  @Directive('@tag(name: "staff")')
  @Mutation(() => AcceptReturnPayload, {
    nullable: true,
    description:
      'Accepts a return: money goes back to the buyer, units to the stock. With the last unit the order is RETURNED.',
  })
  acceptReturn(
    @Arg('input', () => AcceptReturnInput, { description: 'Which, and what is given back.' }) input: AcceptReturnInput,
    @Ctx() context: Context,
  ): Answer {
    const { services, principal, requestId } = context;
    return answer(context, () => acceptReturn(services, principal, input, requestId));
  }

  @Directive('@tag(name: "staff")')
  @Mutation(() => RejectReturnPayload, {
    nullable: true,
    description: 'Rejects a return. Nothing is given back, and its units can be asked for again.',
  })
  rejectReturn(
    @Arg('input', () => RejectReturnInput, { description: 'Which, and why.' }) input: RejectReturnInput,
    @Ctx() context: Context,
  ): Answer {
    const { services, principal, requestId } = context;
    return answer(context, () => rejectReturn(services, principal, input, requestId));
  }
}

/** The return that the use case has written, with its order: whoever could write it may see both. */
async function answer(context: Context, useCase: () => Promise<string>, token?: string | null): Answer {
  const { shown, userErrors } = await payload('shown', async () => afterwards(context, await useCase(), token));
  return { return: shown?.made ?? null, order: shown?.order ?? null, userErrors };
}

async function afterwards(context: Context, returnId: string, token?: string | null) {
  const { services, principal } = context;
  const [row] = await services.db.rows<{ orderId: string }>(
    'SELECT order_id AS "orderId" FROM order_return WHERE id = $1',
    [returnId],
  );
  const order = row ? await findOrder(services, principal, { id: toId('ord', row.orderId), token }) : null;
  if (!order) throw new Fault('INTERNAL_ERROR');
  const details = await orderDetails(context).load(order.row);
  const found = details.returns.find(({ id }) => id === returnId);
  return { order, made: found && Return.of(found, details, order.row.currencyCode, services.sealer) };
}
