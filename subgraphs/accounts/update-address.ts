import { z } from 'zod';
import { requireUser } from '../../platform/auth/guard';
import type { Principal } from '../../platform/auth/principal';
import { addressInput, idOf, validateInput } from '../../platform/graph/validate';
import { AddressRow } from './address.entity';
import type { KeptAddress } from './address.rules';
import { changeAddress, clearDefault, ownAddress } from './change-address';
import type { AccountsServices } from './services';

const inputSchema = z.object({
  addressId: idOf('addr'),
  address: addressInput.nullish(),
  isDefault: z.boolean().nullish(),
});

/**
 * Changes one of the caller's addresses: the whole postal address if given, and whether it is the default if given. UserFault
 * NOT_FOUND when it is not the caller's; Fault UNAUTHENTICATED for nobody.
 */
export async function updateAddress(
  services: AccountsServices,
  principal: Principal,
  input: unknown,
  requestId: string,
): Promise<KeptAddress> {
  const user = requireUser(principal);
  const { addressId, address, isDefault } = validateInput(inputSchema, input);
  return changeAddress(services, { user, action: 'updateAddress', requestId }, async (tx) => {
    const old = await ownAddress(tx, services, user, addressId);
    const kept: KeptAddress = {
      id: addressId,
      address: address ?? old.address,
      isDefault: isDefault ?? old.isDefault,
    };
    if (kept.isDefault && !old.isDefault) await clearDefault(tx, user.id);
    await tx.update(
      AddressRow,
      { id: addressId },
      { address: JSON.stringify(kept.address), isDefault: kept.isDefault },
    );
    return kept;
  });
}
