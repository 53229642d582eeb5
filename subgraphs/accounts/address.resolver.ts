import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { requireUser } from '../../platform/auth/guard';
import { payload } from '../../platform/graph/user-errors';
import type { GraphContext } from '../../platform/subgraph';
import { addressesByUser } from './address.loaders';
import type { KeptAddress } from './address.rules';
import {
  Address,
  CreateAddressInput,
  CreateAddressPayload,
  DeleteAddressInput,
  DeleteAddressPayload,
  UpdateAddressInput,
  UpdateAddressPayload,
} from './address.type';
import { createAddress } from './create-address';
import { deleteAddress } from './delete-address';
import type { AccountsServices } from './services';
import { updateAddress } from './update-address';

type Context = GraphContext<AccountsServices>;

/** Addresses kept for later orders. */
@Resolver()
export class AddressResolver {
  @Mutation(() => CreateAddressPayload, {
    nullable: true,
    description: 'Keeps an address for later orders. CONFLICT when there are 50 already.',
  })
  createAddress(
    @Arg('input', () => CreateAddressInput, { description: 'The address.' }) input: CreateAddressInput,
    @Ctx() context: Context,
  ): Promise<CreateAddressPayload> {
    const { services, principal, requestId } = context;
    return changed(context, () => createAddress(services, principal, input, requestId));
  }

  @Mutation(() => UpdateAddressPayload, { nullable: true, description: 'Changes one of your addresses.' })
  updateAddress(
    @Arg('input', () => UpdateAddressInput, { description: 'Which address, and what of it.' })
    input: UpdateAddressInput,
    @Ctx() context: Context,
  ): Promise<UpdateAddressPayload> {
    const { services, principal, requestId } = context;
    return changed(context, () => updateAddress(services, principal, input, requestId));
  }

  @Mutation(() => DeleteAddressPayload, {
    nullable: true,
    description: 'Deletes one of your addresses. Orders that used it keep their copy.',
  })
  deleteAddress(
    @Arg('input', () => DeleteAddressInput, { description: 'Which address.' }) input: DeleteAddressInput,
    @Ctx() context: Context,
  ): Promise<DeleteAddressPayload> {
    const { services, principal, requestId } = context;
    return changed(context, () => deleteAddress(services, principal, input, requestId));
  }
}

/** Runs the change; what the operation selects after it reads the addresses afresh. */
function changed(context: Context, change: () => Promise<KeptAddress>) {
  return payload('address', async () => {
    const kept = await change();
    addressesByUser(context).clear(requireUser(context.principal).id);
    return Address.of(kept);
  });
}
