import { z } from 'zod';
import { requireUser } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { idOf, validateInput } from '../../platform/graph/validate';
import { AddressRow } from './address.entity';
import type { KeptAddress } from './address.rules';
import { changeAddress, ownAddress } from './change-address';
import type { AccountsServices } from './services';

const inputSchema = z.object({ addressId: idOf('addr') });

/**
 * Deletes one of the caller's addresses and gives it as it was; orders and carts have their own copies. UserFault NOT_FOUND
 * when it is not the caller's; Fault UNAUTHENTICATED for nobody.
 */
export async function deleteAddress(
  services: AccountsServices,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<KeptAddress> {
  const user = requireUser(principal);
  const { addressId } = validateInput(inputSchema, input);
  return changeAddress(services, { user, action: 'deleteAddress', requestId }, async (tx) => {
    const old = await ownAddress(tx, services, user, addressId);
    await tx.delete(AddressRow, { id: addressId });
    return old;
  });
}
