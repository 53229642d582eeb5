import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import { requireUser } from '../../platform/auth/guard';
import { payload } from '../../platform/graph/user-errors';
import { fromId } from '../../platform/ids';
import { defineLoader, type GraphContext } from '../../platform/subgraph';
import { deletePaymentMethod } from './delete-payment-method';
import { methodsOfUsers, type PaymentMethodRow } from './payment-method.rows';
import {
  DeletePaymentMethodInput,
  DeletePaymentMethodPayload,
  PaymentMethod,
  SavePaymentMethodInput,
  SavePaymentMethodPayload,
} from './payment-method.types';
import type { PaymentServices } from './payment.services';
import { savePaymentMethod } from './save-payment-method';
import { User } from './stubs';

type Context = GraphContext<PaymentServices>;

const methodsByUser = defineLoader<PaymentServices, string, PaymentMethodRow[]>(async (userIds, { services }) => {
  const rows = await methodsOfUsers(services.db.manager, userIds);
  return userIds.map((id) => rows.filter((row) => row.ownerId === id));
});

/** Cards kept for later purchases. */
@Resolver(() => User)
export class PaymentMethodResolver {
  @FieldResolver(() => [PaymentMethod], {
    nullable: true,
    description: 'Cards kept for later purchases, newest first, at most 20. Null for others than oneself.',
  })
  async paymentMethods(@Root() user: User, @Ctx() context: Context): Promise<PaymentMethod[] | null> {
    const { principal } = context;
    if (principal.kind !== 'user' || fromId('user', user.id) !== principal.id) return null;
    return (await methodsByUser(context).load(principal.id)).map((row) => PaymentMethod.of(row));
  }

  @Mutation(() => SavePaymentMethodPayload, {
    nullable: true,
    description: 'Keeps a card for later purchases. CONFLICT when there are 20 already.',
  })
  savePaymentMethod(
    @Arg('input', () => SavePaymentMethodInput, { description: 'The card.' }) input: SavePaymentMethodInput,
    @Ctx() context: Context,
  ): Promise<SavePaymentMethodPayload> {
    return changed(context, () => savePaymentMethod(context, input));
  }

  @Mutation(() => DeletePaymentMethodPayload, {
    nullable: true,
    description: 'Deletes one of your saved cards. Orders that were paid with it keep their payment.',
  })
  deletePaymentMethod(
    @Arg('input', () => DeletePaymentMethodInput, { description: 'Which card.' }) input: DeletePaymentMethodInput,
    @Ctx() context: Context,
  ): Promise<DeletePaymentMethodPayload> {
    return changed(context, () => deletePaymentMethod(context, input));
  }
}

/** Runs the change; what the operation selects after it reads the cards afresh. */
function changed(context: Context, change: () => Promise<PaymentMethodRow>) {
  return payload('paymentMethod', async () => {
    const method = await change();
    methodsByUser(context).clear(requireUser(context.principal).id);
    return PaymentMethod.of(method);
  });
}
